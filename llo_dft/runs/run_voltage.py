"""The delithiation voltage of hosts that no study made: plain VASP runs to a curve."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from llo_dft.analysis.comparability.fingerprints import check_allowed
from llo_dft.analysis.comparability.subtractable import (
    Differences,
    check_hosts,
    check_metal,
    check_sizes,
)
from llo_dft.analysis.voltage_curve import LithiatedHost, VoltageError, voltage_curve
from llo_dft.documents.plain_run_results import VoltageRuns
from llo_dft.errors import InputError
from llo_dft.runs.host_assignment import (
    check_one_framework,
    formula_units,
    fractions_of,
    system_of,
)
from llo_dft.runs.plain_runs import read_plain_run
from llo_dft.runs.references import lithium_reference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from llo_dft.documents.voltage import VoltageCurve
    from llo_dft.runs.plain_runs import PlainRun
    from llo_dft.runs.references import Reference


def voltage_runs(
    hosts: Sequence[Path],
    li: Path | None = None,
    li_energy_ev: float | None = None,
    *,
    lithium_full: int | None = None,
    coating_li: int = 0,
    allow: Sequence[str] = (),
) -> VoltageRuns:
    """Return the voltage between hosts at several lithium contents.

    Parameters
    ----------
    hosts
        Run folders or vasprun.xml files. Their cells may have relaxed on delithiation, and hold
        different numbers of formula units.
    li, li_energy_ev
        Run of Li metal, or its energy in eV per atom.
    lithium_full
        All Li in the cell of a host at full lithium; None: the fullest host.
    coating_li
        Li of the coating in each coated cell.
    allow
        Names of differences to allow.

    Returns
    -------
    VoltageRuns
        Runs that are damaged or did not converge are left out, with a reason; without a curve
        where too few are left.

    Raises
    ------
    InputError
        If energies don't belong together, with both values; if more than Li differs; if the
        hosts given have no two lithium contents; if a file is not there.
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
    reason = None if reference.run is None else reference.run.reason
    curve: VoltageCurve | None = None
    if reference.energy_ev_per_atom is None:
        reason = f"Li metal has no energy: {reason}"
    else:
        try:
            curve = voltage_curve(
                _points(sized, lithium_full, coating_li),
                reference.energy_ev_per_atom,
                reference.source,
            )
        except VoltageError as error:
            if len(used) == len(runs):
                raise
            reason = str(error)
    found = VoltageRuns(
        curve=curve,
        reason=reason,
        lithium=None if reference.run is None else reference.run.record(),
        hosts=[run.record() for run in runs],
        fingerprint=next((run.record().fingerprint for run in used), None),
        allowed=allowed,
        allowed_differences=differences.allowed,
        notes=[*reference.notes, *notes, *differences.named],
    )
    return found.model_copy(update={"mock": any(run.mock for run in found.runs)})


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
    """Refuse hosts and Li metal that don't belong together; return in what they differ."""
    found = Differences()
    completed = [(run.path, run.completed) for run in runs if run.completed is not None]
    metal = None if reference.run is None else reference.run.completed
    if not completed:
        return found
    path, first = completed[0]
    for other, run in completed[1:]:
        structures = first.calculation.structure, run.calculation.structure
        sizes = {formula_units(one) for one in structures if one is not None}
        check = check_hosts if len(sizes) == 1 else check_sizes
        found.add(path, other, check(first, run, allowed))
    if metal is not None:
        found.add(path, metal.calculation.label, check_metal(first, metal, allowed))
    return found


def _in_one_size(runs: Sequence[PlainRun]) -> tuple[list[PlainRun], list[str]]:
    """Return hosts of as many formula units each, and a note if some were taken several times.

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
    if run.run is None:
        return run
    calculation = run.run.calculation
    structures = {
        name: one * (times, 1, 1)
        for name in ("structure", "initial_structure")
        if (one := getattr(calculation, name)) is not None
    }
    energy = None if calculation.energy_ev is None else times * calculation.energy_ev
    larger = calculation.model_copy(update={**structures, "energy_ev": energy})
    return replace(run, run=replace(run.run, calculation=larger))


def _points(runs: Sequence[PlainRun], full: int | None, coating: int) -> list[LithiatedHost]:
    """Return the hosts that have an energy; full lithium is counted with those that have none."""
    points = []
    for run, x in zip(runs, fractions_of(runs, full, coating), strict=True):
        if run.completed is None or run.structure is None:
            continue
        energy = run.completed.calculation.energy_ev
        if x is None and any(one.structure is None for one in runs):
            raise VoltageError(
                "a host that can't be read may be the fullest: give --lithium-full to go without it"
            )
        if energy is not None:
            # otherwise none has a fraction because all have as many Li, which is refused by that
            n = int(run.structure.composition["Li"])
            points.append(LithiatedHost(n, energy, 1.0 if x is None else x, run.path))
    return points
