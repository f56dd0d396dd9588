"""llo-dft match: the lattice matches of two crystals' surfaces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from llo_dft.cli.options import AsJson
from llo_dft.cli.output.common import COMPLETE, INCOMPLETE, bad_input_in_one_line, print_json

if TYPE_CHECKING:
    from llo_dft.builders.matching.lattice_match import LatticeMatch
    from llo_dft.builders.surface.surface_lattice import SurfaceLattice


def match(  # noqa: PLR0913 (each is an option of the command)
    film: Path = typer.Argument(help="CIF of the film, for example the coating."),
    substrate: Path = typer.Argument(help="CIF of the substrate, for example the cathode."),
    *,
    film_miller: tuple[int, int, int] = typer.Option((0, 0, 1), help="Plane, in the CIF's axes."),
    substrate_miller: tuple[int, int, int] = typer.Option((0, 0, 1), help="Of the substrate."),
    max_area: float = typer.Option(200.0, help="Largest common cell, square angstrom."),
    max_strain: float = typer.Option(0.05, help="Largest principal strain, 0.05 is 5 %."),
    film_share: float = typer.Option(1.0, help="Part of the strain that the film takes, 0 to 1."),
    as_json: AsJson = False,
) -> None:
    """List every distinct common cell of two surfaces, smallest and least strained first.

    Cells that a symmetry of the two lattices takes into each other are one.
    """
    from llo_dft.builders.matching.find_matches import find_matches  # noqa: PLC0415
    from llo_dft.builders.matching.lattice_match import NoMatchError  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.errors import InputError  # noqa: PLC0415

    with bad_input_in_one_line():
        surfaces = [_surface(film, film_miller), _surface(substrate, substrate_miller)]
        try:
            found = find_matches(
                surfaces[0][0].vectors,
                surfaces[1][0].vectors,
                max_area=max_area,
                max_strain=max_strain,
                strain_share=film_share,
                atom_counts=(surfaces[0][1], surfaces[1][1]),
            )
        except NoMatchError as error:
            if as_json:
                print_json({"matches": [], "nearest": _nearest(error), "reason": str(error)})
            else:
                typer.echo(str(error))
            raise typer.Exit(INCOMPLETE) from error
        except ValueError as error:
            raise InputError(str(error)) from error
    if as_json:
        print_json({"matches": [_fields(one) for one in found]})
    else:
        _print_table(found)
    raise typer.Exit(COMPLETE)


def _surface(path: Path, miller: tuple[int, int, int]) -> tuple[SurfaceLattice, int]:
    """Return the surface lattice of a CIF, and the atoms of one repeat under its cell."""
    from llo_dft.builders.surface.surface_lattice import surface_lattice  # noqa: PLC0415
    from llo_dft.errors import InputError  # noqa: PLC0415
    from llo_dft.study.planning.cif_input import read_cif  # noqa: PLC0415

    structure = read_cif(path, lattice_only=True)
    try:
        surface = surface_lattice(structure, miller)
    except ValueError as error:
        raise InputError(f"{path}, plane {miller}: {error}") from error
    # a primitive cell stands on a primitive cell of the plane
    return surface, len(structure.get_primitive_structure())


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
    from llo_dft.cli.output.terminal import print_table  # noqa: PLC0415 (keeps --help fast)

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
    title = f"{len(found)} matches; * on the front of area and strain"
    print_table(headers, rows, title=title)
