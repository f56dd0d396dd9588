"""From a recipe to the plan of its study: all structures, before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from llo_dft.builders.cell_checks import check_usable
from llo_dft.builders.ordering.delithiation import LithiumRemoval, delithiate
from llo_dft.builders.reference_cells import lithium_metal
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import unbalanced_charge
from llo_dft.documents.atom_identity import with_bare_sites
from llo_dft.documents.plan import PlannedHost, StudyPlan
from llo_dft.recipe import EngineChoice, Recipe, RecipeError
from llo_dft.study.planning.bulk_hosts import plan_bulk_hosts
from llo_dft.study.planning.coating_cells import coating_crystal, opened_terminations, strain_notes
from llo_dft.study.planning.hosts import hole_notes, n_first_orderings, plan_hosts
from llo_dft.study.planning.oxide import build_oxide
from llo_dft.study.planning.planned_interfaces import charge_notes, plan_interfaces
from llo_dft.study.planning.ranker import EWALD


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
    if recipe.study.replicas > 1 or recipe.study.wider:
        raise RecipeError(
            f"{recipe.study.name} has several cells (study.replicas, study.wider): use 'llo-dft "
            "run', with --on CLUSTER.yaml for a queue; to build or submit one of them, leave those "
            "out and set cathode.replica or cathode.repeat"
        )
    oxide = build_oxide(recipe, recipe_folder)
    recipe, bulk, slab = oxide.recipe, oxide.bulk, oxide.slab
    check_usable(slab.structure, "slab")
    named = with_bare_sites(slab.structure, range(len(slab.structure)))
    slab = replace(slab, structure=named)
    lithium = [i for i, symbol in enumerate(symbols_of(slab.structure)) if symbol == "Li"]
    fractions = sorted({1.0, *recipe.delithiation.fractions}, reverse=True)
    removals = delithiate(
        slab.structure,
        lithium,
        fractions,
        turn_over=slab.turn_over if recipe.delithiation.symmetric else None,
        seed=recipe.study.seed,
        n_candidates=n_first_orderings(recipe.delithiation),
    )
    _check_distinct([ways[0] for ways in removals])
    interfaces, crystal, opened = [], None, []
    if recipe.coating is not None:
        crystal = coating_crystal(recipe.coating, recipe_folder)
        interfaces = plan_interfaces(recipe, recipe.coating, slab.structure, recipe_folder)
        opened = opened_terminations(recipe, recipe.coating, recipe_folder)
    hosts = plan_hosts(recipe, slab, removals, interfaces, opened)
    amounts = bulk.composition.get_el_amt_dict()
    return StudyPlan(
        study=recipe.study.name,
        seed=recipe.study.seed,
        requested_composition=recipe.cathode.asked,
        composition=oxide.formula,
        composition_deviation=oxide.deviation,
        formal_charge_per_o2=2 * unbalanced_charge(amounts) / amounts["O"],
        bulk=bulk,
        slab=slab.structure,
        tm_layers=slab.tm_layers if isinstance(slab.tm_layers, int) else 0,
        sheet_sites=[] if isinstance(slab.tm_layers, int) else list(slab.tm_layers),
        vacuum=recipe.slab.vacuum,
        slab_bulk_sites=list(slab.template.bulk_sites),
        slab_images=[(int(a), int(b), int(c)) for a, b, c in slab.template.images],
        turn_over=[] if slab.turn_over is None else [int(i) for i in slab.turn_over],
        lithium_metal=lithium_metal(),
        hosts=hosts,
        bulk_hosts=plan_bulk_hosts(recipe, bulk),
        n_candidates=recipe.delithiation.candidates,
        n_relaxed=recipe.delithiation.relaxed,
        ranked=recipe.delithiation.candidates > 1 and recipe.delithiation.ranker != EWALD,
        symmetric=recipe.delithiation.symmetric and slab.turn_over is not None,
        interfaces=interfaces,
        coating_crystal=crystal,
        budget=recipe.engine.budget,
        notes=[
            *oxide.notes,
            *strain_notes(recipe, interfaces, recipe_folder, slab.structure),
            *charge_notes(interfaces),
            *hole_notes(hosts),
            *budget_notes(recipe.engine, hosts),
        ],
    )


def budget_notes(engine: EngineChoice, hosts: Sequence[PlannedHost]) -> list[str]:
    """Return how many vacancies the engine computes, if a potential ranks them."""
    if engine.budget is None or engine.pre_relax is None:
        return []
    n_all = sum(len(host.vacancies) for host in hosts)
    n_most = min(engine.budget, n_all)
    first = f"{engine.pre_relax.name} computes all {n_all} vacancies"
    return [f"{first}, and {engine.name} at most {n_most} of them; the others are predicted"]


def _check_distinct(removals: list[LithiumRemoval]) -> None:
    fractions = [removal.lithium_fraction for removal in removals]
    for index, fraction in enumerate(fractions):
        if fraction in fractions[:index]:
            first = removals[fractions.index(fraction)].requested
            raise RecipeError(
                f"delithiation.fractions: {first} and {removals[index].requested} are the same "
                f"number of Li in this slab ({fraction:.4f}); take fractions further apart, or a "
                "larger supercell"
            )
