"""The delithiation voltage from plain VASP runs."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from llo_dft.analysis.comparability.fingerprints import check_allowed
from llo_dft.analysis.comparability.subtractable import (
    Differences,
    check_hosts,
    check_metal,
    check_sizes,
)
from llo_dft.analysis.oxygen.reservoir import OxygenReservoir
from llo_dft.analysis.voltage_curve import LithiatedHost, VoltageError, voltage_curve
from llo_dft.documents.study_result import StudyResult
from llo_dft.documents.voltage import VoltageResult
from llo_dft.errors import InputError
from llo_dft.runs.host_assignment import (
    check_one_framework,
    formula_units,
    fractions_of,
    result_of_host,
    system_of,
)
from llo_dft.runs.plain_runs import PlainRun, compare_runs, read_plain_run, result_of_runs
from llo_dft.runs.references import Reference, lithium_reference


def voltage_runs(
    hosts: Sequence[Path],
    li: Path | None = None,
    li_energy_ev: float | None = None,
    *,
    lithium_full: int | None = None,
    coating_li: int = 0,
    allow: Sequence[str] = (),
) -> StudyResult:
    """Return the voltage between hosts at several lithium contents.

    Raises ``InputError`` if energies don't belong together, with both values; if more than Li
    differs; if the hosts have fewer than two lithium contents; if a file is missing.

    Hosts are run folders or vasprun.xml files. Their cells may have relaxed on delithiation, and
    may contain different numbers of formula units. ``li`` is a run of Li metal, ``li_energy_ev``
    its energy in eV per atom; for the other options see ``VacancyOptions``. Damaged or unconverged
    runs are left out, with a reason; there is no curve if too few remain.
    """
    allowed = check_allowed(allow)
    runs = [read_plain_run(path) for path in hosts]
    reference = lithium_reference(li, li_energy_ev)
    check_one_framework(runs, any_size=True)
    used = [run for run in runs if run.completed is not None]
    _check_one_system(used)
    differences = _compare(used, reference, allowed)
    sized, notes = _in_one_size(runs)
    if notes and (lithium_full is not None or coating_li):
        raise InputError(f"--lithium-full and --coating-li count Li of one cell, but {notes[0]}")
    fractions = fractions_of(sized, lithium_full, coating_li)
    reason, curve = f"Li metal has no energy: {reference.reason}", None
    if reference.energy_ev_per_atom is not None:
        try:
            curve = voltage_curve(
                _points(sized, fractions), reference.energy_ev_per_atom, reference.source
            )
        except VoltageError as error:
            if len(used) == len(runs):
                raise
            reason = str(error)
    own = [] if reference.run is None else [reference.run]
    no_oxygen = OxygenReservoir(None, {}, {}, "")
    hosts_found = [
        result_of_host(run, x, no_oxygen) for run, x in zip(runs, fractions, strict=True)
    ]
    voltage = VoltageResult(
        system=hosts_found[0].system if hosts_found else "bare",
        curve=curve,
        reason=None if curve is not None else reason,
    )
    return result_of_runs(
        [*own, *runs],
        hosts_found,
        oxygen=None,
        voltages=[voltage],
        allowed=allowed,
        allowed_differences=differences.allowed,
        notes=[*reference.notes, *notes, *differences.named],
    )


def _check_one_system(runs: Sequence[PlainRun]) -> None:
    first: dict[str, str] = {}
    for run in runs:
        if run.structure is not None:
            first.setdefault(system_of(run.structure), run.path)
    if len(first) > 1:
        bare, coated = (first[name] for name in ("bare", "coated"))
        raise InputError(
            f"only Li may differ between hosts, but {coated} has a coating and {bare} has none"
        )


def _compare(runs: Sequence[PlainRun], reference: Reference, allowed: Sequence[str]) -> Differences:
    """Refuse hosts and Li metal that are not comparable; return the remaining differences."""
    found = Differences(allowed)
    if not runs:
        return found
    first, *others = runs
    for run in others:
        structures = first.structure, run.structure
        sizes = {formula_units(one) for one in structures if one is not None}
        check = check_hosts if len(sizes) == 1 else check_sizes
        compare_runs(found, check, first, run)
    if reference.run is not None:
        compare_runs(found, check_metal, first, reference.run)
    return found


def _in_one_size(runs: Sequence[PlainRun]) -> tuple[list[PlainRun], list[str]]:
    """Return hosts scaled to equal numbers of formula units, and a note if some were repeated.

    A crystal is repeated, and its energy multiplied.
    """
    units = [1 if run.structure is None else formula_units(run.structure) for run in runs]
    known = {n for n, run in zip(units, runs, strict=True) if run.structure is not None}
    if len(known) < 2:  # noqa: PLR2004 (sizes)
        return list(runs), []
    common = math.lcm(*known)
    counts = ", ".join(map(str, units))
    note = f"the cells hold {counts} formula units: energies and Li are those of {common}"
    return [_repeated(run, common // n) for run, n in zip(runs, units, strict=True)], [note]


def _repeated(run: PlainRun, times: int) -> PlainRun:
    made = run.calculation
    structures = {
        name: one * (times, 1, 1)
        for name in ("structure", "initial_structure")
        if (one := getattr(made, name)) is not None
    }
    energy = None if made.energy_ev is None else times * made.energy_ev
    return replace(run, calculation=made.model_copy(update={**structures, "energy_ev": energy}))


def _points(runs: Sequence[PlainRun], fractions: Sequence[float | None]) -> list[LithiatedHost]:
    """Return the hosts that have an energy; those without one also count for full lithium."""
    points = []
    for run, x in zip(runs, fractions, strict=True):
        energy = run.calculation.energy_ev
        if energy is None or run.structure is None:
            continue
        if x is None and any(one.structure is None for one in runs):
            raise VoltageError(
                "a host that can't be read may be the fullest: give --lithium-full to go without it"
            )
        # otherwise no host has a fraction because all have equally many Li, which is refused later
        n = int(run.structure.composition["Li"])
        points.append(LithiatedHost(n, energy, 1.0 if x is None else x, run.path))
    return points
