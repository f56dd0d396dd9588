"""Plain VASP runs, as calculations that can be compared with one another."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.analysis.comparability.k_mesh import KMesh
from llo_dft.analysis.comparability.subtractable import Check, Differences, FinishedRun
from llo_dft.documents.calculation import CalculationDocument, not_computed
from llo_dft.documents.study_result import CalculationRecord, HostResult, StudyResult
from llo_dft.engines.named_settings import CROSSING_FORCE
from llo_dft.engines.vasp.files.run_folder import find_outcar, read_outcar_at, read_run
from llo_dft.engines.vasp.files.vasprun.read_vasprun import VaspFileError, Vasprun
from llo_dft.runs.run_summary import (
    cell_charge_of,
    moment_of,
    read_run_of,
    site_moments_of,
    structure_of,
)
from llo_dft.typing import CalculationKind, Status

#: Name for the settings of a plain run.
OWN_SETTINGS: Final = "as found"

_GAMMA_TOLERANCE: Final = 1e-6

#: Charge of a cell that counts as rounding of NELECT, e.
_NEUTRAL_TOLERANCE_E: Final = 1e-3

#: Relative change of a cell's length above which the plane waves of the first cell, which VASP
#: keeps, are no longer those of the last: a share of 0.01 of the cutoff.
_SAME_BASIS: Final = 5e-3

#: ICHARG from which on the density is fixed.
_FIXED_DENSITY: Final = 10

#: IBRION and VTST's ICHAIN of displaced atoms, and of saddle points.
_DISPLACED: Final = (5, 6)
_SADDLES: Final = (40, 44)

#: ICORELEVEL in the final state.
_CORE_HOLE: Final = 2

_ONE_STEP_ALGORITHMS: Final = ("EXACT", "EIGENVAL", "NONE", "NOTHING")


@dataclass(frozen=True)
class PlainRun:
    """A VASP run folder: read, or the reason why not."""

    calculation: CalculationDocument
    """Labelled by its path: failed if the run did not converge or is damaged, missing if the folder
    has no vasprun.xml or vaspout.h5."""
    run: FinishedRun | None = None
    """The same, with the settings used in comparisons; None if it can't be read."""
    n_held: int = 0
    """Number of atoms that were not free to move."""
    notes: list[str] = field(default_factory=list)
    """Notes on the numbers, for the reader."""

    @property
    def path(self) -> str:
        """Path as given."""
        return self.calculation.label

    @property
    def structure(self) -> Structure | None:
        """Final structure, also for a run without a result."""
        return self.calculation.structure or self.calculation.initial_structure

    @property
    def completed(self) -> FinishedRun | None:
        """The run if it has a result."""
        return self.run if self.calculation.status == "completed" else None

    def record(self) -> CalculationRecord:
        """Return its record in the result."""
        return CalculationRecord(
            label=self.path,
            status=self.calculation.status,
            reason=self.calculation.reason,
            formula=None if self.structure is None else formula_of(self.structure),
            fingerprint=self.calculation.fingerprint,
            k_points=None if self.run is None else str(self.run.k_mesh),
            notes=self.notes,
        )


def formula_of(structure: Structure) -> str:
    """Return elements with counts: 'Li4 Mn2 O6'."""
    return structure.composition.element_composition.formula


def read_plain_run(
    path: Path,
    kind: CalculationKind = "slab_relax",
    *,
    moment: bool = False,
    site_moments: bool = False,
) -> PlainRun:
    """Read a VASP run folder, its vasprun.xml or its vaspout.h5.

    ``moment`` and ``site_moments`` are whether to read the magnetic moment of the cell, and those
    of the atoms, from the OUTCAR beside it or from vaspout.h5.

    Damaged or missing files and unconverged runs are reported in it.

    Raises ``VaspFileError`` if there is no such file or folder.
    """
    try:
        found = read_run_of(path) if moment else read_run(path)
    except VaspFileError as error:
        if not path.exists():
            raise
        status: Status = "missing" if error.fault == "unreadable" else "failed"
        return PlainRun(not_computed(str(path), status, str(error)))
    reason = None
    charge = cell_charge_of(found)
    if found.energy_ev is None:
        reason = "; ".join(found.problems)
    elif abs(charge) > _NEUTRAL_TOLERANCE_E:
        reason = f"the cell has a charge of {charge:+g} e, and only neutral ones are compared"
    elif excited := _no_ground_state(found):
        reason = f"{excited}; name the run of the relaxed atoms"
    notes = [*found.notes, *_cautions(found, kind)]
    moments, outcar_is_mock = _site_moments(found, notes) if site_moments else (None, False)
    final = structure_of(found.final)
    calculation = CalculationDocument(
        key="",
        label=str(path),
        kind=kind,
        status="completed" if reason is None else "failed",
        reason=reason,
        fingerprint=found.fingerprint,
        protocol=OWN_SETTINGS,
        energy_ev=found.energy_ev if reason is None else None,
        max_force_ev_per_angstrom=found.max_force_ev_per_angstrom,
        initial_structure=structure_of(found.header.initial or found.final),
        structure=final,
        magmoms_mu_b=moments,
        mock=found.mock or outcar_is_mock,
    )
    run = FinishedRun(calculation, k_mesh_of(found), moment_of(found) if moment else None)
    movable = found.steps[-1].movable
    n_held = 0 if movable is None else int((movable == 0).any(axis=1).sum())
    return PlainRun(calculation, run, n_held, notes)


def compare_runs(found: Differences, check: Check, first: PlainRun, other: PlainRun) -> None:
    """Keep in ``found`` what two runs still differ in; without a result of both there is nothing.

    Raises ``ComparabilityError``, with both values, for a difference that it does not allow.
    """
    if first.completed is not None and other.completed is not None:
        found.add(first.path, other.path, check(first.completed, other.completed, found.allow))


def _no_ground_state(found: Vasprun) -> str | None:
    """Return why an energy is not one of atoms at rest with their self-consistent electrons."""
    used = found.incar | found.parameters

    def number(name: str, default: int = 0) -> int:
        value = used.get(name, default)
        return value if isinstance(value, int) else default

    moves, density = number("NSW") > 1, number("ICHARG")
    ibrion = number("IBRION", 0 if moves else -1)
    meta = f"{found.incar.get('METAGGA')} {used.get('METAGGA')}".upper()
    asked = str(found.incar.get("ALGO", "")).strip().upper()
    once = number("NELM", 60) == 1 and asked.startswith(_ONE_STEP_ALGORITHMS)
    on_a_path = number("IMAGES") or number("ICHAIN") or ibrion in _SADDLES
    reasons = {
        "its energies are those of machine-learned forces (ML_LMLFF)": used.get("ML_LMLFF") is True,
        f"its density was fixed (ICHARG = {density})": density >= _FIXED_DENSITY,
        f"its electrons were not iterated (ALGO = {asked.capitalize()})": once,
        "its last energy is an instant of molecular dynamics (IBRION = 0)": ibrion == 0 and moves,
        f"the atoms of its last energy are displaced (IBRION = {ibrion})": ibrion in _DISPLACED
        and len(found.steps) > 1,
        "its atoms are on a path or at a saddle point (IMAGES, ICHAIN or IBRION)": on_a_path,
        "a Becke-Johnson potential has no energy (METAGGA)": "MBJ" in meta,
        f"its potential was scaled (SCALEE = {used.get('SCALEE')})": used.get("SCALEE", 1) != 1,
        "it has a core hole (ICORELEVEL = 2)": number("ICORELEVEL") == _CORE_HOLE,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _cautions(found: Vasprun, kind: CalculationKind) -> list[str]:
    """Return what makes an energy doubtful although the run is sound."""
    notes, header = [], found.header
    first = header.initial
    if first is not None:
        lengths = [np.linalg.norm(one.lattice_angstrom, axis=1) for one in (first, found.final)]
        change = float(np.abs(lengths[1] / lengths[0] - 1).max())
        if change > _SAME_BASIS:
            notes.append(
                f"its cell changed by {change:.1%} with the plane waves of the first one: a single "
                "point in the last cell gives its energy"
            )
    if "NELECT" in found.incar and not all(math.isfinite(s.n_valence) for s in header.species):
        notes.append("NELECT was given, and no POTCAR says whether the cell is neutral")
    force = found.max_force_ev_per_angstrom
    if force is not None and force > CROSSING_FORCE:
        notes.append(f"forces reach {force:.3f} eV/angstrom (at most {CROSSING_FORCE:g} is wanted)")
    moment = found.parameters.get("NUPDOWN", -1)
    if kind != "molecule_relax" and isinstance(moment, int | float) and moment >= 0:
        notes.append(f"its moment was fixed (NUPDOWN = {moment:g}): is it that of least energy?")
    return notes


def result_of_runs(
    used: Sequence[PlainRun],
    hosts: Sequence[HostResult],
    others: Sequence[CalculationRecord] = (),
    **found: Any,  # noqa: ANN401 (fields of the result)
) -> StudyResult:
    """Return the result of plain runs.

    ``used`` are the runs whose energies were used, the reference first; ``others`` are records of
    the others, ``found`` the other fields of the result.
    """
    records = [*(run.record() for run in used), *others]
    by_path = {record.label: record for record in records}
    slabs = [by_path[str(host.run)] for host in hosts]
    of_each = [f"{run.path}: {n}" for run in used for n in run.notes if "E_F" not in n]
    found["notes"] = [*of_each, *found["notes"]]  # no Fermi level enters these results
    fingerprint = next((one.fingerprint for one in slabs if one.fingerprint is not None), None)
    fullest = max(hosts, key=lambda host: (host.system == "bare", host.n_li or 0), default=None)
    return StudyResult(
        study=None,
        engine="" if fingerprint is None else fingerprint.engine,
        protocol=OWN_SETTINGS,
        fingerprint=fingerprint,
        composition="" if fullest is None else by_path[str(fullest.run)].formula or "",
        hosts=list(hosts),
        counts=dict(Counter(record.status for record in records)),
        calculations=records,
        mock=any(run.calculation.mock for run in used),
        **found,
    )


def _site_moments(found: Vasprun, notes: list[str]) -> tuple[list[float] | None, bool]:
    """Return the moments of the atoms, and whether the OUTCAR is mock.

    An OUTCAR that can't be trusted becomes a note: no energy comes from it.
    """
    if not found.fingerprint.spin_polarized or not found.convergence.electronic:
        return None, False
    outcar = read_outcar_at(find_outcar(found.path), notes)
    return site_moments_of(found, outcar, notes), outcar is not None and outcar.mock


def k_mesh_of(found: Vasprun) -> KMesh:
    """Return the k-points of a run."""
    points, crystal = found.header.kpoints, found.header.initial or found.final
    reciprocal = 2 * np.pi * np.linalg.inv(crystal.lattice_angstrom).T
    lengths = np.linalg.norm(reciprocal, axis=1)
    gamma = bool((np.abs(points.points) < _GAMMA_TOLERANCE).all(axis=1).any())
    divisions = points.divisions
    steps = points.points[0] * (divisions or (1, 1, 1))
    shift = np.abs(steps - steps.round()).round(6).tolist()
    if points.style.lower().startswith("list"):
        divisions = None
    if divisions is None and gamma and len(points.points) == 1:
        divisions = (1, 1, 1)
    listed = np.column_stack([points.points, points.weights]).tolist()
    return KMesh(
        divisions=divisions,
        reciprocal_per_angstrom=(float(lengths[0]), float(lengths[1]), float(lengths[2])),
        gamma_centred=gamma,
        shift=(shift[0], shift[1], shift[2]),
        points=() if divisions is not None else tuple(map(tuple, listed)),
    )
