"""llo-dft analyze charge-difference: where electrons went when an interface was made."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from llo_dft.cli.common import COMPLETE, bad_input_in_one_line, print_json

if TYPE_CHECKING:
    from llo_dft.documents.charge import ChargeDifference
    from llo_dft.readers.volumetric import DensityDifference

AXES = "abc"


def charge_difference(  # noqa: PLR0913, PLR0917 (each is an argument or option of the command)
    whole: Path = typer.Argument(help="AB: a VASP folder or a CHGCAR (.gz, .xz)."),
    a: Path = typer.Argument(help="A: its atoms held where they are in AB."),
    b: Path = typer.Argument(help="B: likewise."),
    output: Path = typer.Option(..., "-o", "--output", help="Folder to make for the results."),
    axis: str = typer.Option("c", help="Lattice vector that leads across the interface: a, b, c."),
    max_bond: float = typer.Option(2.0, help="Longest P-O distance that is a bond, angstrom."),
    max_residual: float = typer.Option(1e-3, help="Largest integral of the difference, e."),
    level: float | None = typer.Option(None, help="Isosurface, e/A^3 (default: 0.15 of the peak)."),
    as_json: bool = typer.Option(False, "--json", help="Print the document as JSON."),  # noqa: FBT001, FBT003
) -> None:
    """Charge-density difference rho(AB) - rho(A) - rho(B) of an interface.

    Writes CHGCAR, cube, npz, figures and charge_difference.json; all of them or nothing.
    """
    with bad_input_in_one_line():
        _check_options(output, axis, level)
        document, difference = compute(
            (whole, a, b), axis=AXES.index(axis), max_bond=max_bond, max_residual=max_residual
        )
        write_folder(output, document, difference, level)
    if as_json:
        print_json(document.model_dump(mode="json"))
    else:
        typer.echo(_summary(document))
        typer.echo(f"written to {output}")
    raise typer.Exit(COMPLETE)


def compute(
    files: tuple[Path, Path, Path],
    *,
    axis: int = 2,
    max_bond: float = 2.0,
    max_residual: float = 1e-3,
) -> tuple[ChargeDifference, DensityDifference]:
    """Read AB, A and B (folders or files), check them, and analyse the difference.

    Raises
    ------
    InputError
        If a file can't be trusted, or the three may not be subtracted.
    """
    from llo_dft.analysis import charge_difference as analysis  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.documents.charge import ChargeDifference  # noqa: PLC0415
    from llo_dft.readers.volumetric import (  # noqa: PLC0415
        find_grid_file,
        read_density_difference,
        read_grid_header,
    )

    paths = [find_grid_file(file) for file in files]
    structures = [read_grid_header(path).structure() for path in paths]
    parts, shift = analysis.assign_parts(*structures)  # before any grid is read
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
            for bond in analysis.interface_bonds(whole, parts, max_bond)
        ],
        notes=list(grids.notes),
    )
    return document, grids


def write_folder(
    output: Path,
    document: ChargeDifference,
    grids: DensityDifference,
    level_e_per_a3: float | None = None,
) -> None:
    """Write all files of a result into a new folder, by one rename.

    Raises
    ------
    InputError
        If the folder is there and not empty, or can't be written.
    """
    from llo_dft.errors import InputError  # noqa: PLC0415

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
        try:
            _write_files(work, document, grids, level_e_per_a3)
            work.chmod(0o755)  # mkdtemp's is for its owner alone
            work.replace(output)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise InputError(f"{output} can't be written: {error.strerror or error}") from error


def _write_files(
    folder: Path, document: ChargeDifference, grids: DensityDifference, level: float | None
) -> None:
    import numpy as np  # noqa: PLC0415

    from llo_dft.plotting.charge_difference import (  # noqa: PLC0415
        save_bonds,
        save_isosurface,
        save_planar_average,
    )
    from llo_dft.readers.volumetric_write import write_chgcar, write_cube  # noqa: PLC0415

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
    save_planar_average(document, folder / "planar_average.png")
    save_bonds(document, folder / "bonds.png")
    save_isosurface(document, density, folder / "isosurface.png", level)
    text = document.model_dump_json(indent=1)
    (folder / "charge_difference.json").write_text(text + "\n", encoding="utf-8")


def _check_options(output: Path, axis: str, level: float | None) -> None:
    from llo_dft.errors import InputError  # noqa: PLC0415

    if axis not in tuple(AXES):
        raise InputError(f"--axis must be a, b or c, got {axis!r}")
    if level is not None and not 0.0 < level < float("inf"):
        raise InputError(f"--level must be larger than 0 e/A^3, got {level}")
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise InputError(f"{output} is no folder; name another one with -o")
    if output.is_dir() and any(output.iterdir()):
        raise InputError(f"{output} is there already and not empty; name another one with -o")


def _summary(document: ChargeDifference) -> str:
    electrons = f"AB {document.electrons_whole:.4f}, A {document.electrons_a:.4f}"
    largest = max(map(abs, document.planar.cumulative_e))
    lines = [
        f"{document.structure.composition.formula}, grid {document.grid_shape}",
        f"electrons: {electrons}, B {document.electrons_b:.4f}; residual {document.residual_e:.2e}",
        f"moved: {document.absolute_e:.4f} e; largest |Q(z)| {largest:.4f} e",
    ]
    lines.extend(
        f"P{bond.p_index + 1}-O{bond.o_index + 1} across the interface: "
        f"{bond.length_angstrom:.3f} A, difference at most "
        f"{max(bond.difference_e_per_a3):.4f} e/A^3"
        for bond in document.bonds
    )
    if not document.bonds:
        lines.append("no P-O bond across the interface")
    return "\n".join([*lines, *document.notes])
