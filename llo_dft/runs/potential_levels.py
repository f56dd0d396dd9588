"""Vacuum levels and work functions from the local potential of a calculation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pymatgen.core.structure import Structure

from llo_dft.analysis.electronic.band_edges import band_edges
from llo_dft.analysis.electronic.planar_average import plane_height_angstrom
from llo_dft.analysis.electronic.potential_alignment import PotentialError, potential_profile
from llo_dft.analysis.electronic.vacuum_levels import face_levels, has_vacuum
from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.electrons.electronic import BandEdges
from llo_dft.documents.electrons.local_potential import (
    Face,
    FaceLevels,
    PotentialSummary,
    VacuumLevel,
)
from llo_dft.engines.calculated_electrons import OrbitalStates
from llo_dft.engines.vasp.files.file_errors import STANDIN_PROBLEM
from llo_dft.engines.vasp.files.grids.read_grids import (
    LocalPotential,
    find_grid_file,
    read_potential,
)
from llo_dft.engines.vasp.files.run_folder import find_beside, find_run, read_outcar_at
from llo_dft.engines.vasp.files.vasprun.read_vasprun import VaspFileError, Vasprun
from llo_dft.errors import InputError
from llo_dft.runs.run_summary import edges_of, read_run_of, same_cell, structure_of

#: Layer spacing of the oxide: the default window of the macroscopic average.
LAYER_DISTANCE_ANGSTROM: Final = 4.74

#: Levels of LOCPOT and OUTCAR that differ by more are of different runs or kinds, eV.
SAME_LEVEL_EV: Final = 0.05


def potential_of(
    path: Path,
    *,
    axis: int = 2,
    windows_angstrom: Sequence[float] | None = None,
    states: OrbitalStates | None = None,
    label: str | None = None,
) -> PotentialSummary:
    """Return profile, vacuum levels and work functions of a local potential.

    Raises ``InputError`` if there is no LOCPOT, it is damaged, or a window does not fit into the
    cell.

    ``path`` is a run folder with a LOCPOT, or a LOCPOT; the lattice vector ``axis`` points out of
    the slab. ``windows_angstrom`` are those of the macroscopic average, none, one or two; None:
    ``LAYER_DISTANCE_ANGSTROM`` if it fits into the cell. ``states`` are of the same calculation;
    None: read from the VASP run beside the LOCPOT, if any. ``label`` names the calculation; None:
    the path.
    """
    grid = read_potential(find_grid_file(path, "LOCPOT"))
    structure = grid.header.structure()
    if windows_angstrom is None:
        height = plane_height_angstrom(structure.lattice.matrix, axis)
        windows_angstrom = [LAYER_DISTANCE_ANGSTROM] if height > LAYER_DISTANCE_ANGSTROM else []
    try:
        profile = potential_profile(grid.potential_ev, structure, windows_angstrom, axis)
    except ValueError as error:
        raise InputError(f"{grid.header.path}: {error}") from error
    problems: list[str] = []
    notes = list(grid.notes)
    fermi, vbm = None, None
    fingerprint: Fingerprint | None = None
    known: Sequence[float] | None = None
    if states is not None:
        problems += states.problems
        notes += states.notes
        fermi, vbm = states.fermi_ev, _vbm(edges_of_states(states), notes)
        mock, fingerprint = states.mock, states.fingerprint
        known = states.vacuum_levels_ev
    else:
        run = _run_beside(grid, problems, notes)
        mock = grid.header.mock or (run is not None and run.mock)
        problems += [STANDIN_PROBLEM] if mock else []
        if run is not None:
            fingerprint = run.fingerprint
            fermi, vbm = _levels_of_run(run, problems, notes)
        # above and below the slab, with LVACPOTAV
        outcar = read_outcar_at(find_beside(grid.header.path, "OUTCAR"), notes)
        known = None if outcar is None else outcar.vacuum_levels_ev
    faces: dict[Face, FaceLevels] = {}
    if not has_vacuum(profile, structure):
        notes.append("no vacuum in this cell")
    else:
        try:
            faces = {
                face: FaceLevels(
                    vacuum=level,
                    work_function_ev=None if fermi is None else level.level_ev - fermi,
                    ionization_energy_ev=None if vbm is None else level.level_ev - vbm,
                )
                for face, level in face_levels(profile, structure).items()
            }
        except PotentialError as error:
            problems.append(str(error))
    _compare_levels(faces, known, notes)
    step = None
    if faces:
        step = faces["upper"].vacuum.level_ev - faces["lower"].vacuum.level_ev
    return PotentialSummary(
        path=label or str(path),
        structure=structure,
        profile=profile,
        faces=faces,
        dipole_step_ev=step,
        fermi_ev=fermi,
        vbm_ev=vbm,
        fingerprint=fingerprint,
        problems=problems,
        notes=notes,
        mock=mock,
    )


def _run_beside(grid: LocalPotential, problems: list[str], notes: list[str]) -> Vasprun | None:
    """Return the run of a LOCPOT; None, and why, if it is missing or not usable."""
    try:
        path = find_run(grid.header.path.parent)
    except VaspFileError:
        notes.append("no vasprun.xml or vaspout.h5 beside it: no work function")
        return None
    try:
        run = read_run_of(path)
    except VaspFileError as error:
        problems.append(str(error))
        return None
    if not same_cell(structure_of(run.final), grid.header):
        problems.append(f"{path} is of another run: its cell or atoms are not those of LOCPOT")
        return None
    return run


def _levels_of_run(
    run: Vasprun, problems: list[str], notes: list[str]
) -> tuple[float | None, float | None]:
    """Return E_F and the VBM of a run, as far as known."""
    if not run.convergence.electronic:
        problems.append(f"electrons not converged: {run.convergence.electronic_reason}")
        return None, None
    if run.parameters.get("LVHAR") is False and run.parameters.get("LVTOT") is True:
        notes.append("LVTOT without LVHAR: exchange and correlation extend into the vacuum")
    if run.fermi_ev is None:
        why = run.fermi_problem or "no Fermi level in the run"
        notes.append(f"no work function: {why}")
    return run.fermi_ev, _vbm(edges_of(run, notes), notes)


def _vbm(edges: BandEdges | None, notes: list[str]) -> float | None:
    if edges is None or edges.is_metal:
        return None
    notes.append("E_F floats within the gap: the ionization energy is the well-defined number")
    return edges.vbm_ev


def edges_of_states(states: OrbitalStates) -> BandEdges:
    """Return the band edges of a calculation; raises ``InputError`` if it has none."""
    try:
        return band_edges(states.eigenvalues_ev, states.occupations, states.fermi_ev)
    except ValueError as error:
        raise InputError(f"{states.source}: no band edges: {error}") from error


def faces_beside(run: Path, final: Structure, problems: list[str]) -> dict[Face, VacuumLevel]:
    """Return the vacuum levels of the LOCPOT beside a run; empty if there is none to trust."""
    path = find_beside(run, "LOCPOT")
    if path is None:
        return {}
    try:
        grid = read_potential(path)
        if same_cell(final, grid.header):
            structure = grid.header.structure()
            return face_levels(potential_profile(grid.potential_ev, structure, ()), structure)
        problems.append(f"{path} is of another run: its cell or atoms are not those of this one")
    except InputError as error:
        problems.append(str(error))
    return {}


def _compare_levels(
    faces: dict[Face, FaceLevels], levels: Sequence[float] | None, notes: list[str]
) -> None:
    """Note where the program's vacuum level differs from the plateau."""
    names: tuple[Face, Face] = ("upper", "lower")
    for face, level in zip(names, levels or () if faces else (), strict=False):
        own = faces[face].vacuum.level_ev
        if abs(own - level) > SAME_LEVEL_EV:
            notes.append(f"{face} face: {own:.3f} eV from LOCPOT, {level:.3f} eV by the program")
