"""Cells of any shape of the oxide's layers that a coating fits, where no repeated cell does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.analysis.electronic.planar_average import plane_area_a2
from llo_dft.builders.cathode.composition import parse_formula
from llo_dft.builders.cathode.own_crystal import n_sheets
from llo_dft.builders.coating.film import CoatingFilm
from llo_dft.builders.matching.find_matches import LatticeMatch, NoMatchError, find_matches
from llo_dft.errors import InputError
from llo_dft.recipe import Coating, Recipe
from llo_dft.study.planning.cif_input import cathode_parent
from llo_dft.study.planning.coating_cells import (
    asked_terminations,
    coating_crystal,
    coating_film,
    strain_text,
)
from llo_dft.typing import IntArray

#: Cells of a hexagonal layer: all; those that a honeycomb of every third site repeats on.
_ANY: Final = np.eye(2, dtype=np.int64)
_HONEYCOMB: Final = np.array([[1, -1], [1, 2]])

#: Every cell of an even number of sites is one of these three, repeated.
_EVEN: Final = [np.array(rows) for rows in ([[2, 0], [0, 1]], [[1, 0], [0, 2]], [[1, 1], [0, 2]])]

#: Li in the metal layer per site from which its honeycomb is the structure: Li2MnO3 has 1/3.
_HONEYCOMB_LITHIUM: Final = 0.3

#: Least index of the planes that are tried besides (001).
_LARGEST_INDEX: Final = 1


class FittingShape(NamedTuple):
    """A study on a cell that a coating fits, and a note for the reader on what was chosen.

    It has ``cathode.shape``, and the coating's plane and the ordering of the metals where they had
    to change.
    """

    recipe: Recipe
    note: str


def fitting_shapes(recipe: Recipe, coating: Coating, folder: Path) -> Iterator[FittingShape]:
    """Yield cells of the layers that strain the coating within its limits, the best first.

    First those that keep the honeycomb of Li and metals, where there is one. For each, first those
    of the coating's plane; if the recipe names no plane and no face, then those of other planes of
    low index, non-polar films that cut the least bond valence first. Of each plane smaller cells
    come first. Layers have even numbers of sites, so that half of the Li layer is on each face.

    Raises ``InputError`` if a crystal can't be read, or the coating has no such film.
    """
    cathode = recipe.cathode.model_copy(update={"shape": ((1, 0), (0, 1))})
    parent = cathode_parent(recipe.model_copy(update={"cathode": cathode}), folder)
    odd = round(parent.composition["O"] / 2 / n_sheets(parent)) % 2
    films = _films(recipe, coating, folder)
    for lattice, ordering in _lattices(recipe):
        for laid, film in films:
            found = [
                (match, match.substrate_transformation @ even @ lattice)
                for even in (_EVEN if odd else [_ANY])
                for match in _matches(film, parent, laid, even @ lattice)
            ]
            found.sort(key=lambda one: (round(one[0].area_a2, 2), one[0].max_strain))
            for match, rows in found:
                shape = tuple(map(tuple, rows.tolist()))
                made = cathode.model_copy(update={"shape": shape, "ordering": ordering})
                study = recipe.model_copy(update={"cathode": made, "coating": laid})
                yield FittingShape(study, _note(recipe, coating, study, match))


def _lattices(recipe: Recipe) -> list[tuple[IntArray, str]]:
    """Return the cells that all shapes repeat, each with the ordering of the metals on it."""
    ordering = recipe.cathode.ordering
    if recipe.cathode.composition is None or recipe.cathode.file or ordering != "honeycomb":
        return [(_ANY, ordering)]
    lithium = parse_formula(recipe.cathode.composition)["Li"] - 1.0
    if lithium <= 0.0:
        return [(_ANY, ordering)]
    found: list[tuple[IntArray, str]] = [(_HONEYCOMB, ordering)]
    return found if lithium > _HONEYCOMB_LITHIUM else [*found, (_ANY, "ewald")]


def _films(recipe: Recipe, coating: Coating, folder: Path) -> list[tuple[Coating, CoatingFilm]]:
    """Return the film of the coating's plane, then those of others if it may have another."""
    first = coating_film(recipe, coating, asked_terminations(coating)[0], folder)
    if coating.miller or coating.setting or coating.terminations:
        return [(coating, first)]
    # a second to import
    from pymatgen.core.surface import (  # noqa: PLC0415
        get_symmetrically_distinct_miller_indices,
    )

    others = []
    crystal = coating_crystal(coating, folder)
    for index in get_symmetrically_distinct_miller_indices(crystal, _LARGEST_INDEX):
        laid = coating.model_copy(update={"miller": tuple(int(i) for i in index)})
        try:
            film = coating_film(recipe, laid, None, folder)
        except InputError:
            continue
        if film.stoichiometric and laid.miller != coating.plane:
            others.append((laid, film))
    others.sort(
        key=lambda one: (
            one[1].polar,
            one[1].cut_valence / plane_area_a2(one[1].structure.lattice.matrix, axis=2),
        )
    )
    return [(coating, first), *others]


def _matches(
    film: CoatingFilm, parent: Structure, coating: Coating, cell: IntArray
) -> list[LatticeMatch]:
    try:
        return find_matches(
            film.structure.lattice.matrix[:2],
            cell @ parent.lattice.matrix[:2],
            max_area=coating.max_area,
            max_strain=coating.max_strain,
        )
    except NoMatchError:
        return []


def _note(asked: Recipe, coating: Coating, study: Recipe, match: LatticeMatch) -> str:
    plane, ordered, cathode = "", "", study.cathode
    if study.coating is not None and study.coating is not coating:
        plane = f", coating.miller = {list(study.coating.plane)}"
    if cathode.ordering != asked.cathode.ordering:
        ordered = (
            f', cathode.ordering = "{cathode.ordering}" (this cell repeats no honeycomb of Li)'
        )
    rows = list(map(list, cathode.shape or ()))
    return (
        f"no cathode.supercell up to {coating.max_area:g} A^2 that strains the coating by at most "
        f"{coating.max_strain:.0%} does; taken is cathode.shape = {rows}{plane}{ordered}: "
        f"{match.area_a2:.0f} A^2, strain {strain_text(match.principal_strains)}"
    )
