"""The planned interfaces of a study: the slab with each termination of the coating on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.analysis.interface.adhesion import interface_bonds
from llo_dft.builders.coating.phosphate import build_phosphate_slab, lithium_imbalance
from llo_dft.builders.interface.interface_search import search_interfaces
from llo_dft.builders.matching.find_matches import find_matches
from llo_dft.builders.matching.lattice_match import NoMatchError
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.documents.atom_identity import COATING, with_bare_sites
from llo_dft.documents.plan import PlannedInterface
from llo_dft.errors import InputError
from llo_dft.recipe import RecipeError
from llo_dft.resources import load_structure
from llo_dft.study.planning.cif_input import read_cif
from llo_dft.study.planning.size_limit import check_size

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pymatgen.core.structure import Structure

    from llo_dft.builders.coating.phosphate import PhosphateSlab
    from llo_dft.builders.interface.interface_search import RankedInterface
    from llo_dft.builders.matching.lattice_match import LatticeMatch
    from llo_dft.recipe import Coating, Recipe

#: Scores (global instability index, e) that differ by less belong to interfaces alike.
SCORE_TOLERANCE: Final = 1e-3

#: More interfaces than any search accepts.
_ALL: Final = 10**6

#: A layer of the coating holds at least one formula unit of Li3PO4.
_FEWEST_ATOMS_PER_LAYER: Final = 8

#: The shipped crystals of the coating, by phase.
_PHASES = {"beta": "Li3PO4_beta", "gamma": "Li3PO4_gamma"}


def plan_interfaces(
    recipe: Recipe, coating: Coating, slab: Structure, recipe_folder: Path
) -> list[PlannedInterface]:
    """Put each asked termination of the coating on the pristine slab, best registry and gap first.

    The coating takes all the strain, so the oxide keeps the cell of the bare slab. A
    termination that leaves formal charge takes the half Li layer of the coated face with it,
    where that makes the charges add up.

    Raises
    ------
    InputError
        If the coating does not fit the slab's cell, a termination does not exist, its charge
        can't be balanced, or every registry and gap brings atoms too close.
    """
    crystal = coating_crystal(coating, recipe_folder)
    _check_size(coating.layers * _FEWEST_ATOMS_PER_LAYER, slab, coating)  # before a film is built
    planned: list[PlannedInterface] = []
    for name in coating.terminations:
        film = build_phosphate_slab(
            crystal,
            setting=coating.setting,
            bottom=name,
            layers=coating.layers,
            vacuum=recipe.slab.vacuum,
        )
        match = _match(film, slab, coating)
        cells = round(abs(np.linalg.det(match.film_transformation)))
        _check_size(cells * len(film.structure), slab, coating)
        gone = _lithium_for_charge(slab, name, lithium_imbalance(film, cells, 0.0, 1))
        kept = [i for i in range(len(slab)) if i not in gone]
        oxide = slab.copy()
        oxide.remove_sites(gone)
        search = search_interfaces(
            oxide,
            {name: film.structure},
            match,
            spacing=coating.registry_spacing,
            gaps=coating.gaps,
            keep=_ALL,
            vacuum=recipe.slab.vacuum,
        )
        for rank, one in enumerate(_distinct(search.ranked)[: coating.keep]):
            sites = [COATING] * len(one.model.structure)
            for atom, site in zip(one.model.llo_atoms, one.model.llo_sites, strict=True):
                sites[int(site)] = kept[int(atom)]
            structure = with_bare_sites(one.model.structure, sites)
            planned.append(_planned(name, rank, one, film, match, structure, len(gone)))
    return planned


def _check_size(film_atoms: int, slab: Structure, coating: Coating) -> None:
    check_size(len(slab) + film_atoms, "the coated slab", f"coating.layers = {coating.layers}")


def _distinct(ranked: Sequence[RankedInterface]) -> list[RankedInterface]:
    """Return one of each group of nearly equal score, best first.

    Registries that differ by a symmetry of one side only, or by a shift that hardly matters,
    have nearly the same score and relax to nearly the same interface.
    """
    found: list[RankedInterface] = []
    for one in ranked:
        if not found or one.score - found[-1].score > SCORE_TOLERANCE:
            found.append(one)
    return found


def coating_crystal(coating: Coating, folder: Path) -> Structure:
    """Return the crystal that a coating is cut from.

    Raises
    ------
    RecipeError
        If there is none of that name, or it is not Li3PO4.
    """
    if coating.phase in _PHASES:
        return _unlabelled(load_structure(_PHASES[coating.phase]))
    if not coating.phase.lower().endswith(".cif"):
        raise RecipeError(
            f"coating.phase = {coating.phase!r}; expected {', '.join(_PHASES)} or a CIF file"
        )
    crystal = read_cif(folder / coating.phase)
    foreign = sorted({site.specie.symbol for site in crystal} - {"Li", "P", "O"})
    if foreign:
        raise RecipeError(
            f"{coating.phase} holds {', '.join(foreign)} ({crystal.composition.reduced_formula}); "
            "expected Li3PO4 alone: take water and other guests out"
        )
    return _unlabelled(crystal)


def _unlabelled(crystal: Structure) -> Structure:
    """Return a crystal without the labels of its CIF, which are not one for each site."""
    return type(crystal)(crystal.lattice, crystal.species, crystal.frac_coords)


def _match(film: PhosphateSlab, slab: Structure, coating: Coating) -> LatticeMatch:
    """Return the match on the slab's own cell that strains the coating least."""
    cell = slab.lattice.matrix[:2]
    area = float(np.linalg.norm(np.cross(*cell)))
    try:
        found = find_matches(
            film.structure.lattice.matrix[:2],
            cell,
            max_area=1.001 * area,
            max_strain=coating.max_strain,
        )
    except NoMatchError as error:
        raise InputError(
            f"the coating does not fit the slab's cell of {area:.1f} A^2: {error}; or choose "
            "another [cathode] supercell (llo-dft match lists those that fit)"
        ) from error
    return min(found, key=lambda match: match.max_strain)


def _lithium_for_charge(slab: Structure, name: str, to_remove: int) -> list[int]:
    """Return the Li of the coated face that a termination's charge drives out: all or none."""
    if not to_remove:
        return []
    symbols, heights = symbols_of(slab), slab.cart_coords[:, 2]
    oxygen = max(heights[i] for i, symbol in enumerate(symbols) if symbol == "O")
    on_face = [i for i, s in enumerate(symbols) if s == "Li" and heights[i] > oxygen]
    if to_remove != len(on_face):
        raise InputError(
            f"coating termination {name} leaves {to_remove:+d} e, to be balanced by as many Li; "
            f"the face under it has {len(on_face)}. Choose another termination or supercell"
        )
    return on_face


def _planned(
    name: str,
    rank: int,
    one: RankedInterface,
    film: PhosphateSlab,
    match: LatticeMatch,
    structure: Structure,
    n_gone: int,
) -> PlannedInterface:
    model = one.model
    return PlannedInterface(
        termination=name,
        rank=rank,
        score=one.score,
        structure=structure,
        registry=model.registry,
        gap=model.gap,
        coating_strain=model.coating_strain.principal,
        von_mises_strain=model.coating_strain.von_mises,
        film_cells=round(abs(np.linalg.det(match.film_transformation))),
        film_formula="".join(f"{e}{n}" for e, n in film.composition.items()),
        film_is_stoichiometric=film.stoichiometric,
        li_removed_for_charge=n_gone,
        bonds=interface_bonds(structure),
    )
