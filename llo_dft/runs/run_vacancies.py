"""Formation energies of oxygen vacancies from plain VASP runs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from llo_dft.analysis.comparability.fingerprints import FORCES, Difference, check_allowed
from llo_dft.analysis.comparability.study_differences import first_names
from llo_dft.analysis.comparability.subtractable import (
    Differences,
    check_hosts,
    check_molecule,
    check_systems,
    check_vacancy,
)
from llo_dft.analysis.oxygen.chemical_potential import refused_schemes
from llo_dft.analysis.oxygen.reservoir import OxygenReservoir, oxygen_reservoir
from llo_dft.analysis.vacancy.host_result import MadeVacancy, without_crossing
from llo_dft.analysis.vacancy.missing_sites import missing_from
from llo_dft.analysis.vacancy.turning_lines import lowest_hosts, turning_points
from llo_dft.analysis.vacancy.vacancy_map import vacancy_map
from llo_dft.builders.environment.oxygen_environment import oxygen_environments
from llo_dft.documents.oxygen import OxygenSettings
from llo_dft.documents.sites import OxygenEnvironment, RemovedOxygen
from llo_dft.documents.study_result import CalculationRecord, HostResult, StudyResult
from llo_dft.engines.named_settings import CROSSING_FORCE
from llo_dft.errors import InputError
from llo_dft.runs.host_assignment import (
    check_one_framework,
    fractions_of,
    host_of,
    result_of_host,
    system_of,
)
from llo_dft.runs.plain_runs import PlainRun, compare_runs, read_plain_run, result_of_runs
from llo_dft.runs.references import Reference, oxygen_reference
from llo_dft.typing import OxideKind, OxygenScheme, System

#: Of printed forces, eV/angstrom.
_FORCE_ROUNDING: Final = 1e-6


@dataclass(frozen=True)
class OxygenRequest:
    """The requested oxygen reservoir; O2 as a run or as eV per molecule."""

    scheme: OxygenScheme
    temperature_k: float
    pressure_bar: float
    oxide_kind: OxideKind = "oxide"
    o2: Path | None = None
    o2_energy_ev: float | None = None


@dataclass(frozen=True)
class VacancyOptions:
    """What is known about the runs, and which settings may differ."""

    tm_layers: int | None = None
    lithium_full: int | None = None
    coating_li: int = 0
    """tm_layers, lithium_full, coating_li: O-TM-O sheets of the oxide, None: no environments; all
    Li in the cell of a host at full lithium, None: the fullest host; Li of the coating in each
    coated cell."""
    allow: Sequence[str] = ()
    """Names of differences to allow."""
    temperatures_k: Sequence[float] = ()
    pressures_bar: Sequence[float] = ()
    """temperatures_k, pressures_bar: axes of a map of E_f; no map if either is empty."""


def vacancy_runs(
    hosts: Sequence[Path],
    vacancies: Sequence[Path],
    oxygen: OxygenRequest,
    options: VacancyOptions | None = None,
) -> StudyResult:
    """Return the formation energies of oxygen vacancies in plain VASP runs.

    Raises ``InputError`` if energies are not comparable, with both values; if anything but O is
    missing; if the scheme does not apply to the functional; if a file is missing.

    Runs are folders or vasprun.xml files. Each vacancy is assigned to the host that it was made
    from, by composition and, if several match, by the positions of its atoms. ``options`` are what
    is known about the runs; None: nothing. Damaged or unconverged runs have no numbers, but a
    reason.
    """
    options = options or VacancyOptions()
    allowed = check_allowed(options.allow)
    host_runs, vacant_runs = (
        [read_plain_run(path, site_moments=True) for path in paths] for paths in (hosts, vacancies)
    )
    reference = oxygen_reference(oxygen.o2, oxygen.o2_energy_ev)
    check_one_framework(host_runs)
    placed, unread = _place(host_runs, vacant_runs)
    differences = _compare(host_runs, reference, placed, allowed)
    reservoir = _reservoir(oxygen, reference, host_runs)
    fractions = fractions_of(host_runs, options.lithium_full, options.coating_li)
    found = [
        result_of_host(
            host,
            x,
            reservoir,
            [_made_vacancy(host, one, options.tm_layers) for one in placed.get(host.path, [])],
            allowed,
        )
        for host, x in zip(host_runs, fractions, strict=True)
    ]
    chosen = reservoir.chosen
    own = [] if reference.run is None else [reference.run]
    used = [*own, *host_runs, *(one for ones in placed.values() for one in ones)]
    unstated = None if FORCES in allowed else _forces(used)
    if unstated is not None:
        found = [without_crossing(host, unstated) for host in found]
    return result_of_runs(
        used,
        found,
        unread,
        oxygen=chosen,
        oxygen_reason=None if chosen is not None else reservoir.problem,
        other_schemes=reservoir.described(),
        no_crossings=unstated,
        turning_points=[] if unstated else turning_points(found, [], reservoir),
        vacancy_map=None
        if chosen is None or not options.temperatures_k or not options.pressures_bar
        else vacancy_map(found, chosen, options.temperatures_k, options.pressures_bar),
        allowed=allowed,
        allowed_differences=differences.allowed,
        notes=[
            *reference.notes,
            *differences.named,
            *_about_fractions(found, options.lithium_full),
            *_above_another(found),
            *moments_note([*host_runs, *vacant_runs]),
        ],
    )


def moments_note(runs: Iterable[PlainRun]) -> list[str]:
    """Say which spin-polarised runs have unknown moments, so that changes can't be seen."""
    lacking = [
        run.path
        for run in runs
        if run.completed is not None
        and run.completed.spin_polarized
        and run.calculation.magmoms_mu_b is None
    ]
    if not lacking:
        return []
    what = "the moments of the atoms are not known (an OUTCAR with LORBIT = 11 has them)"
    return [f"no change of an oxidation state can be seen where {what}: {first_names(lacking)}"]


def _place(
    hosts: Sequence[PlainRun], vacancies: Sequence[PlainRun]
) -> tuple[dict[str, list[PlainRun]], list[CalculationRecord]]:
    """Return the vacancies by their host's path, and those without a host."""
    placed: dict[str, list[PlainRun]] = {}
    unread = []
    for vacancy in vacancies:
        host = None if vacancy.structure is None else host_of(vacancy, hosts)
        if host is not None:
            placed.setdefault(host.path, []).append(vacancy)
            continue
        record = vacancy.record()
        if vacancy.structure is not None and record.status == "completed":
            reason = "it fits none of the hosts that can be read"
            record = record.model_copy(update={"status": "skipped", "reason": reason})
        unread.append(record)
    return placed, unread


def _compare(
    hosts: Sequence[PlainRun],
    reference: Reference,
    placed: dict[str, list[PlainRun]],
    allowed: Sequence[str],
) -> Differences:
    """Refuse hosts, O2 and vacancies that are not comparable; return the remaining differences."""
    found = Differences(allowed)
    first: dict[System, PlainRun] = {}
    for host in hosts:
        if host.completed is None or host.structure is None:
            continue
        before = first.setdefault(system_of(host.structure), host)
        if before is not host:
            compare_runs(found, check_hosts, before, host)
    ones = list(first.values())
    if len(ones) > 1:
        compare_runs(found, check_systems, *ones)
    if ones and reference.run is not None:
        compare_runs(found, check_molecule, ones[0], reference.run)
    for host in hosts:
        for vacancy in placed.get(host.path, []):
            compare_runs(found, check_vacancy, host, vacancy)
            both = host.completed is not None and vacancy.completed is not None
            if both and host.n_held - vacancy.n_held not in range(_n_removed(host, vacancy) + 1):
                held = f"atoms that may not move: {host.n_held} and {vacancy.n_held}"
                found.add(host.path, vacancy.path, [Difference("", held, forbids=False)])
    return found


def _reservoir(
    oxygen: OxygenRequest, reference: Reference, hosts: Sequence[PlainRun]
) -> OxygenReservoir:
    """Return mu_O under the chosen scheme and the others that apply to the runs' functional.

    Raises ``InputError`` if the chosen one does not, or there is no data for O2 at T and p.
    """
    if oxygen.scheme not in get_args(OxygenScheme):
        raise InputError(
            f"O2 scheme {oxygen.scheme!r} is unknown; exactly one of "
            f"{', '.join(get_args(OxygenScheme))} is expected"
        )
    runs = [run for run in (*hosts, reference.run) if run is not None]
    known = (run.calculation.fingerprint for run in runs)
    fingerprint = next((one for one in known if one is not None), None)
    refused = {} if fingerprint is None else refused_schemes(fingerprint)
    if oxygen.scheme in refused:
        raise InputError(f"O2 scheme {oxygen.scheme!r}: {refused[oxygen.scheme]}")
    kinds = get_args(OxideKind) if oxygen.scheme == "mp2020" else ("oxide",)
    if oxygen.oxide_kind not in kinds:
        raise InputError(
            f"--oxide-kind {oxygen.oxide_kind} does not apply to O2 scheme {oxygen.scheme!r}; "
            f"expected {' or '.join(kinds)}: only mp2020 distinguishes them"
        )
    settings = OxygenSettings(
        scheme=oxygen.scheme,
        temperature_k=oxygen.temperature_k,
        pressure_bar=oxygen.pressure_bar,
        oxide_kind=oxygen.oxide_kind,
        refused=refused,
    )
    problem = f"O2 has no energy: {reference.reason}"
    try:
        return oxygen_reservoir(settings, reference.energy_ev_per_atom, reference.source, problem)
    except ValueError as error:
        raise InputError(f"no chemical potential of oxygen: {error}") from error


def _made_vacancy(host: PlainRun, vacancy: PlainRun, tm_layers: int | None) -> MadeVacancy:
    if host.structure is None or vacancy.structure is None:
        raise AssertionError  # it was assigned by its composition
    removed = removed_oxygens(host, vacancy, tm_layers)
    return MadeVacancy(vacancy.calculation, removed, _n_removed(host, vacancy), run=vacancy.path)


def _n_removed(host: PlainRun, vacancy: PlainRun) -> int:
    return len(host.structure or ()) - len(vacancy.structure or ())  # it fits by its composition


def _about_fractions(hosts: Sequence[HostResult], full: int | None) -> list[str]:
    if any(host.lithium_fraction is None for host in hosts):
        return ["full lithium is not known: give --lithium-full, or hosts at two lithium contents"]
    if full is not None:
        return []
    fullest = [f"{host.run} ({host.n_li} Li)" for host in hosts if host.lithium_fraction == 1]
    return [f"x counts from the fullest host, {fullest[0]}: see --lithium-full"]


def _above_another(hosts: Sequence[HostResult]) -> list[str]:
    """Name the hosts that are not the lowest with as many Li."""
    lowest = lowest_hosts(hosts)
    return [
        f"{host.run} lies above another host with as many Li: its vacancies decide no crossing"
        for host in hosts
        if all(host is not one for one in lowest)
    ]


def _forces(runs: Sequence[PlainRun]) -> str | None:
    """Return why no crossing is stated of runs whose atoms are not at rest."""
    made = [run.calculation for run in runs if run.completed is not None]
    last = max(made, key=lambda one: one.max_force_ev_per_angstrom or 0.0, default=None)
    force = None if last is None else last.max_force_ev_per_angstrom
    if last is None or not force or force <= CROSSING_FORCE + _FORCE_ROUNDING:
        return None
    return (
        f"forces reach {force:.3f} eV/angstrom in {Path(last.label).name} (at most "
        f"{CROSSING_FORCE:g}); relax further, or --allow {FORCES}"
    )


def removed_oxygens(
    host: PlainRun, vacancy: PlainRun, tm_layers: int | None
) -> list[RemovedOxygen]:
    """Return the oxygens that a vacancy lacks; empty if its atoms are not where the host's are.

    Both have structures. ``tm_layers`` are the O-TM-O sheets of the host, for the environments;
    None: without.

    Raises ``InputError`` if the host has no such sheets.
    """
    missing = missing_from(host.calculation, vacancy.calculation, shifted=True)
    around: dict[int, OxygenEnvironment] = {}
    if tm_layers is not None and host.structure is not None:
        try:
            around = oxygen_environments(host.structure, tm_layers)
        except ValueError as error:
            raise InputError(f"--tm-layers {tm_layers}: {host.path}: {error}") from error
    if not missing.is_certain:
        return []
    return [
        RemovedOxygen(site=site, environment=found, site_class=found.label if found else "")
        for site in missing.sites
        for found in [around.get(site)]
    ]
