"""The planned interfaces of a study: the slab with each termination of the coating on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.analysis.electronic.planar_average import plane_area_a2
from llo_dft.analysis.interface.adhesion import interface_bonds
from llo_dft.builders.coating.film import CoatingFilm
from llo_dft.builders.interface.interface_search import RankedInterface, search_interfaces
from llo_dft.builders.matching.find_matches import LatticeMatch, NoMatchError
from llo_dft.builders.ordering.delithiation import delithiate_to
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.strain import von_mises_strain
from llo_dft.documents.atom_identity import COATING, with_bare_sites
from llo_dft.documents.plan import CrystalVector, PlannedInterface, StudyPlan
from llo_dft.errors import InputError
from llo_dft.recipe import Coating, Recipe
from llo_dft.study.machine import check_size
from llo_dft.study.planning.coating_cells import (
    asked_terminations,
    coating_film,
    match_on_cell,
    too_strained,
)

#: Scores (global instability index, e) that differ by less are of similar interfaces.
SCORE_TOLERANCE: Final = 1e-3


def plan_interfaces(
    recipe: Recipe, coating: Coating, slab: Structure, recipe_folder: Path
) -> list[PlannedInterface]:
    """Put each requested termination of the coating on the pristine slab, best ones first.

    The coating takes all the strain, so the oxide keeps the cell of the bare slab. A
    termination with a formal charge removes that many Li from the coated face.

    Raises ``InputError`` if the coating does not fit the slab's cell, a termination does not exist,
    its charge can't be balanced, or every registry and gap brings atoms too close.
    """
    planned: list[PlannedInterface] = []
    for asked in asked_terminations(coating):
        film = coating_film(recipe, coating, asked, recipe_folder)
        try:
            match = match_on_cell(
                film.structure.lattice.matrix[:2], slab.lattice.matrix[:2], coating.max_strain
            )
        except NoMatchError as error:
            advice = too_strained(recipe, coating, recipe_folder, slab)
            raise InputError(
                f"the coating does not fit the slab's cell of "
                f"{plane_area_a2(slab.lattice.matrix, axis=2):.1f} A^2. {advice}"
            ) from error
        cells = round(abs(np.linalg.det(match.film_transformation)))
        n_atoms = len(slab) + cells * len(film.structure)
        check_size(n_atoms, "the coated slab", f"coating.layers = {coating.layers}")
        gone = _lithium_for_charge(slab, cells * film.charge, recipe.study.seed)
        kept = [i for i in range(len(slab)) if i not in gone]
        oxide = slab.copy()
        oxide.remove_sites(gone)
        ranked = search_interfaces(
            oxide,
            film.structure,
            match,
            spacing=coating.registry_spacing,
            gaps=coating.gaps,
            vacuum=recipe.slab.vacuum,
            termination=film.bottom.name,
        )
        for rank, one in enumerate(_distinct(ranked)[: coating.keep]):
            sites = [COATING] * len(one.structure)
            laid = one.assembly
            for atom, site in zip(laid.cell.llo_atoms, laid.llo_sites, strict=True):
                sites[int(site)] = kept[int(atom)]
            structure = with_bare_sites(one.structure, sites)
            planned.append(_planned(rank, one, film, match, structure, len(gone)))
    return planned


def _distinct(ranked: Sequence[RankedInterface]) -> list[RankedInterface]:
    """Return one of each group with nearly equal scores, best first.

    Registries that differ by a symmetry of one side only, or by an unimportant shift,
    have nearly the same score and relax to nearly the same interface.
    """
    found: list[RankedInterface] = []
    for one in ranked:
        if not found or one.score - found[-1].score > SCORE_TOLERANCE:
            found.append(one)
    return found


def _lithium_for_charge(slab: Structure, to_remove: int, seed: int) -> list[int]:
    """Return the Li of the coated face that are removed to balance a termination's charge.

    If not all, those whose removal costs the least Ewald energy. None are added, and no more leave
    than the face has: the remaining charge is on the oxide (``charge_notes``).
    """
    symbols, heights = symbols_of(slab), slab.cart_coords[:, 2]
    oxygen = max(heights[i] for i, symbol in enumerate(symbols) if symbol == "O")
    on_face = [i for i, s in enumerate(symbols) if s == "Li" and heights[i] > oxygen]
    to_remove = min(to_remove, len(on_face))
    return delithiate_to(slab, on_face, to_remove, seed=seed) if to_remove > 0 else []


def charge_notes(interfaces: Sequence[PlannedInterface]) -> list[str]:
    """Return notes on terminations whose charge the Li of the coated face can't balance."""
    left = {
        one.termination: one.coating_charge - one.li_removed_for_charge
        for one in interfaces
        if one.coating_charge != one.li_removed_for_charge
    }
    return [
        f"coating termination {name} leaves {charge:+d} e that no Li of the face under it "
        "balances: the oxide has the opposite charge, so its holes are not those of the bare "
        "slab. Choose another termination or supercell to compare the two"
        for name, charge in left.items()
    ]


def _planned(
    rank: int,
    one: RankedInterface,
    film: CoatingFilm,
    match: LatticeMatch,
    structure: Structure,
    n_gone: int,
) -> PlannedInterface:
    cells = round(abs(np.linalg.det(match.film_transformation)))
    strain = one.assembly.cell.coating_strain
    return PlannedInterface(
        termination=film.bottom.name,
        rank=rank,
        score=one.score,
        structure=structure,
        registry=one.registry,
        gap=one.gap,
        coating_strain=strain,
        von_mises_strain=float(von_mises_strain(*strain)),
        coating_vectors=_coating_vectors(film, match),
        coating_charge=cells * film.charge,
        film_cells=cells,
        film_formula="".join(f"{e}{n}" for e, n in film.composition.items()),
        film_is_stoichiometric=film.stoichiometric,
        li_removed_for_charge=n_gone,
        bonds=interface_bonds(structure),
    )


def _coating_vectors(film: CoatingFilm, match: LatticeMatch) -> tuple[CrystalVector, CrystalVector]:
    """Return the vectors of the coating's crystal that became the slab's a and b."""
    own = np.linalg.inv(match.substrate_transformation) @ match.film_transformation
    vectors = np.round(own @ film.in_plane, 6)
    whole = (vectors == np.round(vectors)).all()
    a, b = (vectors.astype(int) if whole else vectors).tolist()
    return (a[0], a[1], a[2]), (b[0], b[1], b[2])


def coating_plane(plan: StudyPlan) -> tuple[int, int, int] | None:
    """Return the Miller index of a coating's plane on the axes of its crystal; None without one."""
    if not plan.interfaces:
        return None
    a, b = plan.interfaces[0].coating_vectors
    # vectors of a centred cell are halves or thirds
    index = np.round(36 * np.cross(a, b)).astype(int)
    h, k, l = (index // np.gcd.reduce(index)).tolist()  # noqa: E741
    return h, k, l
