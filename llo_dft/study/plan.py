"""From a recipe to the plan of its study: all structures, before anything is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llo_dft.builders.bulk import build_bulk
from llo_dft.builders.checks import check_usable, formal_charge
from llo_dft.builders.delithiation import delithiate
from llo_dft.builders.environment import Environment, oxygen_environments
from llo_dft.builders.lithium_axes import li_o_li_axes
from llo_dft.builders.slab import build_slab
from llo_dft.builders.vacancy import choose_vacancies
from llo_dft.builders.valences import symbols_of
from llo_dft.documents.plan import PlannedHost, PlannedVacancy, StudyPlan
from llo_dft.documents.study import OxygenEnvironment
from llo_dft.recipe import RecipeError
from llo_dft.resources import load_structure
from llo_dft.study.cif import read_cif
from llo_dft.study.coating import plan_interfaces

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core.structure import Structure

    from llo_dft.builders.delithiation import Delithiation
    from llo_dft.builders.slab import SlabModel
    from llo_dft.recipe import Recipe
    from llo_dft.typing import IntArray


def make_plan(recipe: Recipe, recipe_folder: Path) -> StudyPlan:
    """Build every structure of a study.

    Parameters
    ----------
    recipe
        The study.
    recipe_folder
        Where a CIF that the recipe names is looked for.

    Raises
    ------
    ValueError
        One of the builders' errors, if the recipe asks for what can't be built.
    """
    bulk, realised, deviation = _bulk(recipe, recipe_folder)
    slab = build_slab(
        bulk,
        tm_layers=recipe.slab.tm_layers,
        vacuum=recipe.slab.vacuum,
        seed=recipe.study.seed,
    )
    check_usable(slab.structure, "slab")
    lithium = [i for i, symbol in enumerate(symbols_of(slab.structure)) if symbol == "Li"]
    removals = delithiate(
        slab.structure,
        lithium,
        sorted({1.0, *recipe.delithiation.fractions}, reverse=True),
        turn_over=slab.turn_over if recipe.delithiation.symmetric else None,
        seed=recipe.study.seed,
    )
    _check_distinct(removals)
    pristine = oxygen_environments(slab.structure, slab.tm_layers)
    return StudyPlan(
        study=recipe.study.name,
        seed=recipe.study.seed,
        requested_composition=recipe.cathode.composition,
        composition=realised,
        composition_deviation=deviation,
        formal_charge_per_o2=2 * formal_charge(bulk) / bulk.composition["O"],
        bulk=bulk,
        slab=slab.structure,
        tm_layers=slab.tm_layers,
        vacuum=recipe.slab.vacuum,
        slab_bulk_sites=list(slab.template.bulk_sites),
        slab_images=[(int(a), int(b), int(c)) for a, b, c in slab.template.images],
        turn_over=[int(i) for i in slab.turn_over],
        hosts=[_host(recipe, slab, removal, pristine) for removal in removals],
        interfaces=[]
        if recipe.coating is None
        else plan_interfaces(recipe, recipe.coating, bulk, recipe_folder),
    )


def _bulk(recipe: Recipe, folder: Path) -> tuple[Structure, str, float]:
    """Return the bulk, its formula per O2, and the deviation from the requested one."""
    cathode = recipe.cathode
    if not cathode.is_cif:
        model = build_bulk(
            load_structure("Li2MnO3.cif"),
            cathode.composition,
            supercell=cathode.supercell,
            ordering=cathode.ordering,
            seed=recipe.study.seed,
            tolerance=cathode.composition_tolerance,
        )
        return model.structure, model.layer.formula, model.layer.deviation
    path = folder / cathode.composition
    structure = read_cif(path)
    structure.make_supercell([*cathode.supercell, 1])
    amounts = structure.composition.get_el_amt_dict()
    if not amounts.get("O"):
        raise RecipeError(f"{path} holds no O")
    formula = "".join(f"{e}{2 * n / amounts['O']:.4g}" for e, n in amounts.items() if e != "O")
    return structure.get_sorted_structure(), f"{formula}O2", 0.0


def _check_distinct(removals: list[Delithiation]) -> None:
    fractions = [removal.lithium_fraction for removal in removals]
    for index, fraction in enumerate(fractions):
        if fraction in fractions[:index]:
            first = removals[fractions.index(fraction)].requested
            raise RecipeError(
                f"delithiation.fractions: {first} and {removals[index].requested} are the same "
                f"number of Li in this slab ({fraction:.4f}); take fractions further apart, or a "
                "larger supercell"
            )


def _host(
    recipe: Recipe, slab: SlabModel, removal: Delithiation, pristine: dict[int, Environment]
) -> PlannedHost:
    structure = slab.structure.copy()
    structure.remove_sites(list(removal.removed))
    kept = np.setdiff1d(np.arange(len(slab.structure)), removal.removed)
    classes = {new: pristine[int(old)].label for new, old in enumerate(kept) if old in pristine}
    axes = li_o_li_axes(slab.structure, removal.removed, tm_layers=slab.tm_layers)
    vacancies = choose_vacancies(
        structure,
        oxygen_environments(structure, slab.tm_layers),
        classes=classes,
        labels=recipe.vacancies.environments,
        layers=recipe.vacancies.layers,
        per_environment=recipe.vacancies.per_environment,
        turn_over=_renumbered(slab, kept) if recipe.vacancies.both_faces else None,
    )
    return PlannedHost(
        system="bare",
        requested_lithium_fraction=removal.requested,
        lithium_fraction=removal.lithium_fraction,
        removed=list(removal.removed),
        n_li_layer=removal.n_li_layer,
        n_tm_layer=removal.n_tm_layer,
        vacancies=[
            PlannedVacancy(
                site=int(kept[vacancy.site]),
                removed=[int(kept[i]) for i in vacancy.removed],
                pair=f"O{int(kept[vacancy.site])}",
                site_class=classes[vacancy.site],
                environment=OxygenEnvironment(
                    **vars(vacancy.environment), **vars(axes[int(kept[vacancy.site])])
                ),
                degeneracy=vacancy.degeneracy,
            )
            for vacancy in vacancies
        ],
    )


def _renumbered(slab: SlabModel, kept: IntArray) -> IntArray:
    """Return the turn-over permutation among the kept sites (-1 where the image has left)."""
    position = np.full(len(slab.structure), -1, dtype=np.int64)
    position[kept] = np.arange(len(kept))
    renumbered: IntArray = position[slab.turn_over[kept]]
    return renumbered
