"""The charge density difference of three finished VASP runs, and the files that show it."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from llo_dft.analysis.comparability.fingerprints import check_allowed, check_comparable
from llo_dft.analysis.comparability.subtractable import Differences, FinishedRun, check_densities
from llo_dft.analysis.electronic import density_difference as analysis
from llo_dft.documents.calculation import CalculationDocument, Fingerprint
from llo_dft.documents.electrons.charge import ChargeDifference, DensityPart
from llo_dft.engines.vasp.files.grids.grid_header import GridHeader
from llo_dft.engines.vasp.files.grids.read_grids import (
    DensityDifference,
    find_grid_file,
    read_density_difference,
    read_grid_header,
)
from llo_dft.engines.vasp.files.grids.write_grids import write_chgcar, write_cube
from llo_dft.engines.vasp.files.run_folder import find_run, read_run
from llo_dft.engines.vasp.files.vasprun.read_vasprun import VaspFileError
from llo_dft.errors import InputError
from llo_dft.runs.plain_runs import OWN_SETTINGS, k_mesh_of
from llo_dft.runs.run_summary import same_cell, structure_of

#: File of the numbers of a charge difference.
DOCUMENT: Final = "charge_difference.json"


def charge_difference(
    files: tuple[Path, Path, Path],
    *,
    axis: int = 2,
    coating: DensityPart | None = None,
    max_residual: float = 1e-3,
    allow: Sequence[str] = (),
    calculations: Sequence[CalculationDocument] = (),
) -> tuple[ChargeDifference, DensityDifference]:
    """Read AB, A and B (folders or files), check them, and analyse the difference.

    Raises ``InputError`` if a file can't be trusted, or the three may not be subtracted.

    ``axis`` is the lattice vector that crosses the interface, ``coating`` which of A and B is the
    coating, if known (see ``bonds_across``); ``max_residual`` is the largest integral of the
    difference, e, ``allow`` are names of differences of their settings to accept. ``calculations``
    are a study's of AB, A and B, of any engine: their settings are compared. Without them the
    settings come from VASP's files beside the densities.
    """
    paths = [find_grid_file(file) for file in files]
    whole_header, *part_headers = (read_grid_header(path) for path in paths)
    headers = (whole_header, part_headers[0], part_headers[1])
    structures = [header.structure() for header in headers]
    parts, shift = analysis.assign_parts(*structures)  # before any grid is read
    settings = stored_settings(calculations) if calculations else compared_settings(headers, allow)
    grids = read_density_difference(paths[0], paths[1:])
    residual = analysis.check_residual(grids.n_electrons, max_residual)
    density, whole = grids.difference_per_a3, structures[0]
    document = ChargeDifference(
        whole_file=str(paths[0]),
        a_file=str(paths[1]),
        b_file=str(paths[2]),
        structure=whole,
        part_of_atom=parts,
        grid_shape=grids.headers[0].shape,
        electrons_whole=grids.n_electrons[0],
        electrons_a=grids.n_electrons[1],
        electrons_b=grids.n_electrons[2],
        residual_e=residual,
        absolute_e=analysis.moved_electrons(density, grids.headers[0].volume_a3),
        largest_atom_shift_angstrom=shift,
        planar=analysis.planar_profile(density, whole, axis),
        bonds=[
            analysis.bond_profile(density, whole, parts, bond)
            for bond in analysis.bonds_across(whole, parts, coating)
        ],
        fingerprint=settings.fingerprint,
        allowed=list(settings.differences.allow),
        allowed_differences=settings.differences.allowed,
        notes=[*grids.notes, *settings.notes, *settings.differences.named],
        mock=settings.mock,
    )
    return document, grids


def write_charge_difference(
    output: Path,
    document: ChargeDifference,
    grids: DensityDifference,
    level_e_per_a3: float | None = None,
) -> None:
    """Write all files of a result into a new folder, by one rename.

    Raises ``InputError`` if the folder exists and is not empty, or can't be written.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        prefix, parent = f".{output.name}.", output.parent
        with tempfile.TemporaryDirectory(None, prefix, parent, ignore_cleanup_errors=True) as name:
            work = Path(name)
            _write_files(work, document, grids, level_e_per_a3)
            work.chmod(0o755)  # until now it is only for its owner
            work.replace(output)
    except OSError as error:
        raise InputError(f"{output} can't be written: {error.strerror or error}") from error


def _write_files(
    folder: Path, document: ChargeDifference, grids: DensityDifference, level: float | None
) -> None:
    from llo_dft.report.figures.electron_transfer import (  # noqa: PLC0415 (matplotlib)
        save_bonds,
        save_planar_average,
    )
    from llo_dft.report.figures.figure_parts import VECTOR_SUFFIXES  # noqa: PLC0415 (likewise)
    from llo_dft.report.figures.interface_picture import save_isosurface  # noqa: PLC0415 (likewise)

    header, density = grids.headers[0], grids.difference_per_a3
    title = "charge density difference AB - A - B"
    write_chgcar(folder / "CHGCAR", header, density, title)
    write_cube(folder / "difference.cube", header, density, title)
    np.savez_compressed(
        folder / "difference.npz",
        difference_e_per_a3=density,
        lattice_angstrom=header.lattice_angstrom,
        fractional_coordinates=header.fractional,
        species=np.array(header.species),
        part_of_atom=np.array(document.part_of_atom),
        line_density_e_per_angstrom=np.array(document.planar.line_density_e_per_angstrom),
        coordinate_angstrom=np.array(document.planar.coordinate_angstrom),
        cumulative_e=np.array(document.planar.cumulative_e),
        cumulative_angstrom=np.array(document.planar.cumulative_angstrom),
    )
    save_planar_average(document, folder / "planar_average.png", VECTOR_SUFFIXES)
    save_bonds(document, folder / "bonds.png", VECTOR_SUFFIXES)
    save_isosurface(document, density, folder / "isosurface.png", level, VECTOR_SUFFIXES)
    text = document.model_dump_json(indent=1)
    (folder / DOCUMENT).write_text(text + "\n", encoding="utf-8")


@dataclass
class DensitySettings:
    """What is known about the settings of densities.

    The fingerprint is AB's, None if no file beside its density has it; ``notes`` say which could
    not be compared.
    """

    fingerprint: Fingerprint | None = None
    differences: Differences = field(default_factory=Differences)
    notes: list[str] = field(default_factory=list)
    mock: bool = False


def compared_settings(
    headers: tuple[GridHeader, GridHeader, GridHeader], allow: Sequence[str] = ()
) -> DensitySettings:
    """Compare the settings of A and of B with those of AB, as far as they are known.

    Raises ``InputError`` if the settings don't agree, with both values; if electrons did not
    converge; if the file of a run is damaged.

    ``headers`` are of the densities AB, A, B. A vasprun.xml or vaspout.h5 beside one is its run's
    if it ended with the same cell and atoms. ``allow`` are names of differences to allow.
    """
    found = DensitySettings(differences=Differences(check_allowed(allow)))
    runs = [_run_of(header) for header in headers]
    for header, run in zip(headers, runs, strict=True):
        found.mock |= header.mock
        if run is None:
            what = "no vasprun.xml or vaspout.h5 of its run beside it, settings not compared"
            found.notes.append(f"{header.path}: {what}")
        else:
            found.mock |= run.calculation.mock
    whole, *parts = runs
    if whole is None:
        return found
    found.fingerprint = whole.calculation.fingerprint
    for part in parts:
        if part is not None:
            names = whole.calculation.label, part.calculation.label
            found.differences.add(*names, check_densities(whole, part, found.differences.allow))
    return found


def stored_settings(calculations: Sequence[CalculationDocument]) -> DensitySettings:
    """Compare the settings of a study's calculations of A and of B with those of AB.

    Raises ``ComparabilityError`` if they don't agree, with both values.
    """
    whole, *parts = calculations
    found = DensitySettings(whole.fingerprint, mock=any(one.mock for one in calculations))
    for part in parts:
        named = check_comparable(whole, part, what="densities")
        found.differences.add(whole.label, part.label, named)
    return found


def _run_of(header: GridHeader) -> FinishedRun | None:
    try:
        path = find_run(header.path.parent)
    except VaspFileError:
        return None
    run = read_run(path)
    if not same_cell(structure_of(run.final), header):
        return None
    if not run.convergence.electronic:
        raise VaspFileError(path, "unconverged", run.convergence.electronic_reason)
    energy = run.steps[-1].energy_ev
    if energy is None:
        raise InputError(f"{path}: the run has no total energy")
    # a density needs converged electrons, not converged ions
    calculation = CalculationDocument(
        key="",
        label=str(path),
        kind="static",
        status="completed",
        fingerprint=run.fingerprint,
        protocol=OWN_SETTINGS,
        energy_ev=energy,
        structure=structure_of(run.final),
        mock=run.mock,
    )
    return FinishedRun(calculation, k_mesh_of(run))
