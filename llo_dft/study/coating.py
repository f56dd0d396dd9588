"""The planned interfaces of a study: the slab with each termination of the coating on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llo_dft.builders.interface_search import search_interfaces
from llo_dft.builders.lattice_match import NoMatchError
from llo_dft.builders.matching import find_matches
from llo_dft.builders.phosphate import build_phosphate_slab, lithium_imbalance
from llo_dft.builders.terminations import build_termination
from llo_dft.documents.plan import PlannedBond, PlannedInterface
from llo_dft.errors import InputError
from llo_dft.recipe import RecipeError
from llo_dft.resources import load_structure
from llo_dft.study.cif import read_cif

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core.structure import Structure

    from llo_dft.builders.interface_search import RankedInterface
    from llo_dft.builders.lattice_match import LatticeMatch
    from llo_dft.builders.phosphate import PhosphateSlab
    from llo_dft.builders.terminations import TerminatedSlab
    from llo_dft.recipe import Coating, Recipe

#: The shipped crystals of the coating, by phase.
_PHASES = {"beta": "Li3PO4_beta", "gamma": "Li3PO4_gamma"}


def plan_interfaces(
    recipe: Recipe, coating: Coating, bulk: Structure, recipe_folder: Path
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
    crystal = _crystal(coating, recipe_folder)
    planned: list[PlannedInterface] = []
    for name in coating.terminations:
        film = build_phosphate_slab(
            crystal,
            setting=coating.setting,
            bottom=name,
            layers=coating.layers,
            vacuum=recipe.slab.vacuum,
        )
        slab = _terminated(recipe, bulk, "half")
        match = _match(film, slab, coating)
        cells = round(abs(np.linalg.det(match.film_transformation)))
        to_remove = lithium_imbalance(film, cells, 0.0, 1)
        if to_remove:
            slab = _without_face_lithium(recipe, bulk, slab, name, to_remove)
        search = search_interfaces(
            slab.structure,
            {name: film.structure},
            match,
            spacing=coating.registry_spacing,
            gaps=coating.gaps,
            keep=coating.keep,
            vacuum=recipe.slab.vacuum,
        )
        planned += [
            _planned(name, rank, one, film, to_remove, match)
            for rank, one in enumerate(search.ranked)
        ]
    return planned


def _crystal(coating: Coating, folder: Path) -> Structure:
    if coating.phase in _PHASES:
        return load_structure(_PHASES[coating.phase])
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
    return crystal


def _terminated(recipe: Recipe, bulk: Structure, name: str) -> TerminatedSlab:
    return build_termination(
        bulk,
        name,
        tm_layers=recipe.slab.tm_layers,
        vacuum=recipe.slab.vacuum,
        seed=recipe.study.seed,
    )


def _match(film: PhosphateSlab, slab: TerminatedSlab, coating: Coating) -> LatticeMatch:
    """Return the match on the slab's own cell that strains the coating least."""
    cell = slab.structure.lattice.matrix[:2]
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


def _without_face_lithium(
    recipe: Recipe, bulk: Structure, slab: TerminatedSlab, name: str, to_remove: int
) -> TerminatedSlab:
    """Return the slab without the half Li layer that the coating takes the place of."""
    bare_top = _terminated(recipe, bulk, "none/half")
    on_face = round(slab.structure.composition["Li"] - bare_top.structure.composition["Li"])
    if to_remove != on_face:
        raise InputError(
            f"coating termination {name} leaves {to_remove:+d} e, to be balanced by as many Li; "
            f"the face under it has {on_face}. Choose another termination or supercell"
        )
    return bare_top


def _planned(
    name: str,
    rank: int,
    one: RankedInterface,
    film: PhosphateSlab,
    to_remove: int,
    match: LatticeMatch,
) -> PlannedInterface:
    model = one.model
    return PlannedInterface(
        termination=name,
        rank=rank,
        score=one.score,
        structure=model.structure,
        llo_sites=[int(i) for i in model.llo_sites],
        coating_sites=[int(i) for i in model.coating_sites],
        registry=model.registry,
        gap=model.gap,
        coating_strain=model.coating_strain.principal,
        von_mises_strain=model.coating_strain.von_mises,
        film_cells=round(abs(np.linalg.det(match.film_transformation))),
        film_formula="".join(f"{e}{n}" for e, n in film.composition.items()),
        film_is_stoichiometric=film.stoichiometric,
        li_removed_for_charge=to_remove,
        bonds=[
            PlannedBond(phosphorus=b.phosphorus, oxygen=b.oxygen, length=b.length)
            for b in model.bonds
        ],
    )
