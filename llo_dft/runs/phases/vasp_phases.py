"""Energies of phases from folders of VASP runs that are comparable in one diagram."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from llo_dft.analysis.comparability.subtractable import (
    Differences,
    check_metal,
    check_molecule,
    check_systems,
)
from llo_dft.analysis.stability.phase_diagrams import StabilityError
from llo_dft.documents.stability.phase_stability import PhaseEnergies, PhaseEnergy
from llo_dft.runs.plain_runs import PlainRun, read_plain_run

#: How each kind of run is compared with the first compound.
_CHECKS: Final = {"O2": check_molecule, "element": check_metal, "compound": check_systems}


def vasp_phases(paths: Sequence[Path], allow: Collection[str] = ()) -> PhaseEnergies:
    """Read one finished run for each phase, and refuse runs that are not comparable.

    All are compared with the first compound: compounds by all settings and the density of
    k-points, elements as references, O2 as a triplet.

    Raises ``InputError`` if one has no energy, or settings differ that ``allow`` does not name.
    """
    runs = [read_plain_run(path, "bulk_relax", moment=True) for path in paths]
    for run in runs:
        if run.completed is None:
            raise StabilityError(f"{run.path} has no energy: {run.calculation.reason}")
    compounds = [run for run in runs if len(_composition(run)) > 1]
    if not compounds:
        raise StabilityError("none of the runs is of a compound; give one for each phase")
    first = compounds[0]
    differences = Differences()
    for run in runs:
        if run is first:
            continue
        symbols = set(_composition(run))
        kind = "O2" if symbols == {"O"} else "element" if len(symbols) == 1 else "compound"
        if first.completed is not None and run.completed is not None:
            differences.add(
                first.path, run.path, _CHECKS[kind](first.completed, run.completed, allow)
            )
    phases = [
        PhaseEnergy(
            name=run.path,
            composition=_composition(run),
            energy_ev=run.calculation.energy_ev or 0.0,
        )
        for run in runs
    ]
    notes = [*differences.allowed, *differences.named, *(n for run in runs for n in run.notes)]
    return PhaseEnergies(
        source=f"{len(runs)} VASP runs", corrections="raw", phases=phases, notes=notes
    )


def _composition(run: PlainRun) -> dict[str, float]:
    if run.structure is None:
        raise StabilityError(f"{run.path} has no structure")
    found: dict[str, float] = run.structure.composition.get_el_amt_dict()
    return found
