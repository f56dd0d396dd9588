"""llo-dft match: the lattice matches of two crystals' surfaces."""

from pathlib import Path
from typing import Any

import typer

from llo_dft.builders.matching.find_matches import LatticeMatch, NoMatchError, find_matches
from llo_dft.builders.surface.general_slab import SlabCut
from llo_dft.builders.surface.surface_lattice import surface_lattice
from llo_dft.cli.options import AsJson
from llo_dft.cli.output.common import COMPLETE, INCOMPLETE, print_json
from llo_dft.cli.output.terminal import print_table
from llo_dft.errors import InputError
from llo_dft.resources import resource_path
from llo_dft.study.matched_interfaces import FORMATS, cut_slab, write_interfaces
from llo_dft.study.planning.cif_input import read_cif
from llo_dft.typing import FloatArray


def match(  # noqa: PLR0913 (each is an option of the command)
    film: Path = typer.Argument(
        help="CIF of the film, for example the coating, or the name of a crystal of the package."
    ),
    substrate: Path = typer.Argument(help="The same for the substrate, for example the cathode."),
    *,
    film_miller: tuple[int, int, int] = typer.Option(
        (0, 0, 1), help="Plane of the film in the axes of its CIF, such as 0 1 0."
    ),
    substrate_miller: tuple[int, int, int] = typer.Option(
        (0, 0, 1), help="Plane of the substrate."
    ),
    max_area: float = typer.Option(200.0, max=2000.0, help="Largest common cell, square angstrom."),
    max_strain: float = typer.Option(0.05, help="Largest principal strain; 0.05 is 5 %."),
    strain_share: float = typer.Option(
        1.0, help="Share of the strain that the film takes, 0 to 1."
    ),
    build: int = typer.Option(0, min=0, help="Number of the best matches to build as interfaces."),
    output: Path | None = typer.Option(
        None, "-o", "--output", help="Folder for the built interfaces."
    ),
    formats: list[str] = typer.Option(
        ["cif"], "--format", help="cif, poscar or extxyz; may be given several times."
    ),
    as_json: AsJson = False,
) -> None:
    """List the common cells of two surfaces, the smallest first.

    Every distinct cell is listed: those related by a symmetry of the two lattices count once.
    With --build, the cells are those of slabs cut on these planes, and the best are written as
    structures and pictures.
    """
    _check_build(build, output, formats)
    film, substrate = _crystal_file(film), _crystal_file(substrate)
    slabs: list[SlabCut] = []
    if build:
        slabs = [cut_slab(film, film_miller), cut_slab(substrate, substrate_miller)]
        sides = [(one.structure.lattice.matrix[:2], len(one.structure)) for one in slabs]
    else:
        sides = [_surface(film, film_miller), _surface(substrate, substrate_miller)]
    try:
        found = find_matches(
            sides[0][0],
            sides[1][0],
            max_area=max_area,
            max_strain=max_strain,
            strain_share=strain_share,
            atom_counts=(sides[0][1], sides[1][1]),
        )
    except NoMatchError as error:
        reason = _with_flags(str(error))
        if as_json:
            print_json({"matches": [], "nearest": _nearest(error), "reason": reason})
        else:
            typer.echo(reason)
        raise typer.Exit(INCOMPLETE) from error
    except ValueError as error:
        raise InputError(_with_flags(str(error))) from error
    built: list[dict[str, Any]] = []
    if output is not None:
        film_slab, substrate_slab = slabs
        built = write_interfaces(film_slab, substrate_slab, found, build, output, formats)
    if as_json:
        listed: dict[str, Any] = {"matches": [_fields(one) for one in found]}
        print_json(listed | {"built": built} if build else listed)
    else:
        _print_table(found)
        for name, slab in zip(("film", "substrate"), slabs, strict=False):
            typer.echo(f"{name}: {slab.text}")
        for entry in built:
            typer.echo(_entry_text(entry))
    written = sum(bool(entry["files"]) for entry in built)
    if written < build and not as_json:
        typer.echo(f"built {written} of the {build} asked for")
    raise typer.Exit(COMPLETE if written == build else INCOMPLETE)


def _crystal_file(name: Path) -> Path:
    """Return the file of a crystal of the package by its name; any other path as it is."""
    if name.exists() or name.suffix or name.name != str(name):
        return name
    try:
        return resource_path("structures", f"{name}.cif")
    except FileNotFoundError as error:
        raise InputError(
            f"there is no file {name}, and no crystal of that name: {error}"
        ) from error


def _check_build(build: int, output: Path | None, formats: list[str]) -> None:
    """Refuse options that do not go together, before anything is computed."""
    if bool(build) != (output is not None):
        raise InputError("--build N and -o FOLDER go together: how many to build, and where")
    if not build:
        return
    for name in formats:
        if name not in FORMATS:
            raise InputError(f"--format {name}: expected {', '.join(FORMATS)}")


def _entry_text(entry: dict[str, Any]) -> str:
    cell = f"match {entry['match']} ({entry['area_a2']:.1f} A^2, {100 * entry['max_strain']:.1f} %)"
    if not entry["files"]:
        return f"{cell} not built: {entry['reason']}"
    return f"{cell}: {', '.join(entry['files'])}, {entry['n_atoms']} atoms"


def _with_flags(message: str) -> str:
    """Return a message of the search with its parameters named as the options are."""
    for name in ("max_area", "max_strain", "strain_share"):
        message = message.replace(name, f"--{name.replace('_', '-')}")
    return message


def _surface(path: Path, miller: tuple[int, int, int]) -> tuple[FloatArray, int]:
    """Return the in-plane vectors of a CIF's plane, and the atoms of one repeat under its cell."""
    structure = read_cif(path, lattice_only=True)
    try:
        surface = surface_lattice(structure, miller)
    except ValueError as error:
        raise InputError(f"{path}, plane {miller}: {error}") from error
    # a primitive cell stands on a primitive cell of the plane
    return surface.vectors, len(structure.get_primitive_structure())


def _fields(one: LatticeMatch) -> dict[str, Any]:
    return {
        "area_a2": one.area_a2,
        "max_strain": one.max_strain,
        "von_mises_strain": one.von_mises_strain,
        "principal_strains": list(one.principal_strains),
        "n_atoms": one.n_atoms,
        "rotation_angle_deg": one.rotation_angle,
        "on_front": one.on_front,
        "film_transformation": one.film_transformation.tolist(),
        "substrate_transformation": one.substrate_transformation.tolist(),
    }


def _nearest(error: Any) -> dict[str, Any]:  # noqa: ANN401 (a NoMatchError)
    pairs = {"smallest_strain": error.smallest_strain, "smallest_area": error.smallest_area}
    return {name: None if one is None else _fields(one) for name, one in pairs.items()}


def _print_table(found: list[LatticeMatch]) -> None:
    rows = [
        (
            "*" if one.on_front else "",
            f"{one.area_a2:.1f}",
            f"{one.max_strain:.4f}",
            f"{one.von_mises_strain:.4f}",
            str(one.n_atoms),
            str(one.film_transformation.tolist()),
            str(one.substrate_transformation.tolist()),
        )
        for one in found
    ]
    headers = ["<", "area (A^2)", "max strain", "von Mises", "atoms", "<film", "<substrate"]
    title = f"{len(found)} matches; * no other has both a smaller area and a smaller strain"
    print_table(headers, rows, title=title)
