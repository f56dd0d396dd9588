"""Oxygen vacancies of hosts that no study made: plain VASP runs to formation energies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

from llo_dft.analysis.comparability.fingerprints import check_allowed
from llo_dft.analysis.comparability.subtractable import (
    Differences,
    check_hosts,
    check_molecule,
    check_systems,
    check_vacancy,
)
from llo_dft.analysis.vacancy.formation_energy import formation_energy_ev, removed_oxygen_count
from llo_dft.analysis.vacancy.turning_point import turning_point
from llo_dft.analysis.vacancy.turning_temperature import turning_temperature
from llo_dft.analysis.vacancy.vacancy_map import formation_energies_ev, vacancy_map
from llo_dft.documents.plain_run_results import RunHost, RunVacancy, VacancyRuns
from llo_dft.runs.host_assignment import (
    check_one_framework,
    fractions_of,
    host_of,
    system_of,
)
from llo_dft.runs.plain_runs import read_plain_run
from llo_dft.runs.rebuilt import host_flags, moments_note, vacancy_flags
from llo_dft.runs.references import oxygen_reference
from llo_dft.runs.removed_oxygen import removed_oxygens
from llo_dft.runs.run_reservoir import run_reservoir
from llo_dft.typing import System

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llo_dft.documents.plain_run_results import RunRecord
    from llo_dft.documents.study_result import OxygenChemicalPotential, TurningPoint
    from llo_dft.runs.plain_runs import PlainRun
    from llo_dft.runs.references import Reference
    from llo_dft.runs.run_reservoir import OxygenRequest, RunReservoir


@dataclass(frozen=True)
class VacancyOptions:
    """What is known of the runs, and what of them may differ.

    Attributes
    ----------
    tm_layers
        O-TM-O sheets of the oxide; None: no environments.
    lithium_full
        All Li in the cell of a host at full lithium; None: the fullest host.
    coating_li
        Li of the coating in each coated cell.
    allow
        Names of differences to allow.
    temperatures_k, pressures_bar
        Axes of a map of E_f; none if either is empty.
    """

    tm_layers: int | None = None
    lithium_full: int | None = None
    coating_li: int = 0
    allow: Sequence[str] = ()
    temperatures_k: Sequence[float] = ()
    pressures_bar: Sequence[float] = ()


@dataclass
class _Runs:
    """The runs, and in what those that were compared differ nevertheless."""

    hosts: list[PlainRun]
    vacancies: list[PlainRun]
    allowed: list[str]
    differences: Differences = field(default_factory=Differences)


def vacancy_runs(
    hosts: Sequence[Path],
    vacancies: Sequence[Path],
    oxygen: OxygenRequest,
    options: VacancyOptions | None = None,
) -> VacancyRuns:
    """Return the formation energies of oxygen vacancies in plain VASP runs.

    Parameters
    ----------
    hosts, vacancies
        Run folders or vasprun.xml files. Each vacancy goes to the host that it is less O, by
        composition and, where several have that, by the places of its atoms.
    oxygen
        The reservoir.
    options
        See there.

    Returns
    -------
    VacancyRuns
        Runs that are damaged or did not converge have no numbers, and a reason.

    Raises
    ------
    InputError
        If energies don't belong together, with both values; if anything but O is missing; if
        the scheme does not go with the functional; if a file is not there.
    """
    options = options or VacancyOptions()
    runs = _Runs(
        [read_plain_run(path, site_moments=True) for path in hosts],
        [read_plain_run(path, site_moments=True) for path in vacancies],
        check_allowed(options.allow),
    )
    reference = oxygen_reference(oxygen.o2, oxygen.o2_energy_ev)
    check_one_framework(runs.hosts)
    placed, unread = _place(runs)
    _compare(runs, reference)
    reservoir = run_reservoir(oxygen, reference, runs.hosts)
    found = _with_fractions(
        [_host(host, placed.get(host.path, []), runs, reservoir, options) for host in runs.hosts],
        runs.hosts,
        options,
    )
    chosen = reservoir.chosen
    if chosen is not None:
        found = [_with_turning_temperature(host, chosen) for host in found]
    result = VacancyRuns(
        oxygen=chosen,
        oxygen_reason=reservoir.reason,
        other_schemes=reservoir.described(),
        o2=None if reference.run is None else reference.run.record(),
        hosts=found,
        unread=unread,
        turning_points=_turning_points(found, reservoir),
        vacancy_map=None
        if chosen is None or not options.temperatures_k or not options.pressures_bar
        else vacancy_map(found, chosen, options.temperatures_k, options.pressures_bar),
        allowed=runs.allowed,
        allowed_differences=runs.differences.allowed,
        notes=[
            *reference.notes,
            *_unknown_fractions(found),
            *moments_note([*runs.hosts, *runs.vacancies]),
            *runs.differences.named,
        ],
    )
    return result.model_copy(update={"mock": any(run.mock for run in result.runs)})


def _place(runs: _Runs) -> tuple[dict[str, list[PlainRun]], list[RunRecord]]:
    """Return the vacancies by their host's path, and those without one."""
    placed: dict[str, list[PlainRun]] = {}
    unread = []
    for vacancy in runs.vacancies:
        host = None if vacancy.structure is None else host_of(vacancy, runs.hosts)
        if host is not None:
            placed.setdefault(host.path, []).append(vacancy)
            continue
        record = vacancy.record()
        if vacancy.structure is not None and vacancy.reason is None:
            reason = "it fits none of the hosts that can be read"
            record = record.model_copy(update={"status": "skipped", "reason": reason})
        unread.append(record)
    return placed, unread


def _compare(runs: _Runs, reference: Reference) -> None:
    """Refuse hosts and O2 that don't belong together."""
    first: dict[System, PlainRun] = {}
    for host in runs.hosts:
        if host.completed is None or host.structure is None:
            continue
        before = first.setdefault(system_of(host.structure), host)
        if before is not host and before.completed is not None:
            differences = check_hosts(before.completed, host.completed, runs.allowed)
            runs.differences.add(before.path, host.path, differences)
    ones = [(host, host.completed) for host in first.values() if host.completed is not None]
    if len(ones) > 1:
        (bare, bare_run), (coated, coated_run) = ones
        runs.differences.add(
            bare.path, coated.path, check_systems(bare_run, coated_run, runs.allowed)
        )
    molecule = None if reference.run is None else reference.run.completed
    if ones and molecule is not None:
        differences = check_molecule(ones[0][1], molecule, runs.allowed)
        runs.differences.add(ones[0][0].path, molecule.calculation.label, differences)


def _host(
    host: PlainRun,
    vacancies: Sequence[PlainRun],
    runs: _Runs,
    reservoir: RunReservoir,
    options: VacancyOptions,
) -> RunHost:
    structure = host.structure
    return RunHost(
        **dict(host.record()),
        system="bare" if structure is None else system_of(structure),
        n_lithium=None if structure is None else int(structure.composition["Li"]),
        flags=host_flags(host),
        vacancies=[_vacancy(host, one, runs, reservoir, options) for one in vacancies],
    )


def _vacancy(
    host: PlainRun,
    vacancy: PlainRun,
    runs: _Runs,
    reservoir: RunReservoir,
    options: VacancyOptions,
) -> RunVacancy:
    if host.structure is None or vacancy.structure is None:
        raise AssertionError  # it was placed by its composition
    fields = dict(vacancy.record())
    value: float | None = None
    alternatives: dict[str, float] = {}
    if vacancy.completed is not None and host.completed is None:
        fields |= {"status": "skipped", "reason": f"its host has no energy: {host.reason}"}
    elif vacancy.completed is not None and host.completed is not None:
        differences = check_vacancy(host.completed, vacancy.completed, runs.allowed)
        runs.differences.add(host.path, vacancy.path, differences)
        if reservoir.chosen is None:
            fields |= {"status": "skipped", "reason": reservoir.reason}
        else:
            pair = host.completed.calculation, vacancy.completed.calculation
            value, _ = formation_energy_ev(*pair, reservoir.chosen.mu_ev, allow=runs.allowed)
            alternatives = {
                name: formation_energy_ev(*pair, other.mu_ev, allow=runs.allowed)[0]
                for name, other in reservoir.others.items()
            }
    return RunVacancy(
        **fields,
        n_removed=removed_oxygen_count(host.structure, vacancy.structure),
        removed=removed_oxygens(host, vacancy, options.tm_layers),
        formation_energy_ev=value,
        alternatives_ev=alternatives,
        flags=vacancy_flags(host, vacancy),
    )


def _with_fractions(
    found: list[RunHost], hosts: Sequence[PlainRun], options: VacancyOptions
) -> list[RunHost]:
    fractions = fractions_of(hosts, options.lithium_full, options.coating_li)
    return [
        host.model_copy(update={"lithium_fraction": x})
        for host, x in zip(found, fractions, strict=True)
    ]


def _unknown_fractions(hosts: Sequence[RunHost]) -> list[str]:
    if all(host.lithium_fraction is not None for host in hosts):
        return []
    return ["full lithium is not known: give --lithium-full, or hosts at two lithium contents"]


def _with_turning_temperature(host: RunHost, oxygen: OxygenChemicalPotential) -> RunHost:
    # the fraction is only a name here, and the answer is taken without it
    found = turning_temperature(
        host.system, host.lithium_fraction or 0.0, formation_energies_ev(host), oxygen
    )
    return host.model_copy(
        update={
            "turning_temperature_k": found.temperature_k,
            "turning_temperature_reason": found.reason,
        }
    )


def _turning_points(hosts: Sequence[RunHost], reservoir: RunReservoir) -> list[TurningPoint]:
    """Return where E_f turns in each system that has lithium fractions."""
    if reservoir.chosen is None:
        return []
    mu = reservoir.chosen.mu_ev
    shifts = {str(name): other.mu_ev - mu for name, other in reservoir.others.items()}
    found = []
    for system in get_args(System):
        points = [
            (host.lithium_fraction, formation_energies_ev(host))
            for host in hosts
            if host.system == system and host.lithium_fraction is not None
        ]
        if points:
            found.append(turning_point(system, points, shifts))
    return found
