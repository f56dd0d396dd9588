"""From a recipe to the plan of its study: all structures, before any calculation."""

from collections.abc import Sequence
from dataclasses import replace
from math import comb
from pathlib import Path
from typing import get_args

from pymatgen.core.structure import Structure

from llo_dft.builders.cell_checks import check_usable
from llo_dft.builders.ordering.delithiation import LithiumRemoval, delithiate
from llo_dft.builders.reference_cells import lithium_metal
from llo_dft.builders.surface.symmetry import distinct_sites
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import unbalanced_charge
from llo_dft.documents.atom_identity import with_bare_sites
from llo_dft.documents.plan import PlannedBulkHost, PlannedHost, PlannedStatic, StudyPlan
from llo_dft.engines.base import Engine
from llo_dft.errors import InputError
from llo_dft.recipe import Delithiation, Electronic, EngineChoice, Recipe
from llo_dft.study.planning.coating_cells import coating_crystal, opened_terminations, strain_notes
from llo_dft.study.planning.hosts import hole_notes, n_first_orderings, plan_hosts
from llo_dft.study.planning.oxide import build_oxide
from llo_dft.study.planning.planned_interfaces import charge_notes, plan_interfaces
from llo_dft.study.planning.ranker import EWALD
from llo_dft.typing import Part


def make_plan(recipe: Recipe, recipe_folder: Path) -> StudyPlan:
    """Build every structure of a study; its files are relative to ``recipe_folder``.

    Raises a ``ValueError``, one of the builders' errors, if the recipe can't be built.
    """
    if recipe.study.replicas > 1 or recipe.study.wider:
        raise InputError(
            f"{recipe.study.name} has several cells (study.replicas, study.wider): use 'llo-dft "
            "run' or 'llo-dft submit'; to build one of them, leave those out and set "
            "cathode.replica or cathode.repeat"
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
        equivalent=list(distinct_sites(slab.structure, range(len(slab.structure))).values()),
        lithium_metal=lithium_metal(),
        hosts=hosts,
        bulk_hosts=plan_bulk_hosts(recipe, bulk),
        n_candidates=recipe.delithiation.candidates,
        n_relaxed=recipe.delithiation.relaxed,
        ranked=is_ranked(recipe.delithiation),
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
            raise InputError(
                f"delithiation.fractions: {first} and {removals[index].requested} are the same "
                f"number of Li in this slab ({fraction:.4f}); use fractions further apart, or a "
                "larger supercell"
            )


def is_ranked(asked: Delithiation) -> bool:
    """Return whether an engine ranks the orderings of Li, not only their Ewald energy."""
    return asked.candidates > 1 and asked.ranker != EWALD


def plan_bulk_hosts(recipe: Recipe, bulk: Structure) -> list[PlannedBulkHost]:
    """Return the crystal at the lithium contents of the study, from full to empty.

    A slab's own voltage is that of its faces too. Contents are the nearest that whole Li of this
    cell allow, each once, in as many orderings as are relaxed of a slab: those of lowest Ewald
    energy, or those that a ranking finds, which may be more. The lowest as relaxed counts.
    """
    asked = recipe.delithiation
    if asked.voltage == "slab":
        return []
    lithium = list(bulk.indices_from_symbol("Li"))
    left = {round(fraction * len(lithium)) for fraction in asked.fractions}
    contents = sorted(left - {len(lithium)}, reverse=True)
    n_most = min(asked.relaxed, asked.candidates)
    found = delithiate(
        bulk,
        lithium,
        [n_li / len(lithium) for n_li in contents],
        turn_over=None,
        seed=recipe.study.seed,
        n_candidates=n_most,
    )
    hosts = []
    for n_li, ways in zip(contents, found, strict=True):
        possible = comb(len(lithium), n_li) if is_ranked(asked) else len(ways)
        for order in range(min(n_most, possible)):
            removed = list(ways[min(order, len(ways) - 1)].removed)
            x = n_li / len(lithium)
            hosts.append(
                PlannedBulkHost(lithium_fraction=x, n_li=n_li, order=order, removed=removed)
            )
    return hosts


def with_electronic(plan: StudyPlan, asked: Electronic, engine: Engine) -> StudyPlan:
    """Return the plan with the static calculations that were asked for and can be done.

    Densities of states are of every host; densities of charge of each pristine interface and
    its two parts. What the engine can't give is left out, and named in ``not_computed``.
    """
    statics: list[PlannedStatic] = []
    lacking: list[str] = []
    if asked.dos:
        if "dos" in engine.capabilities:
            statics += [PlannedStatic(host=host.label) for host in plan.hosts]
        else:
            lacking.append(f"O 2p band centres: {engine.name} gives no densities of states")
    if asked.density:
        coated = [h.label for h in plan.hosts if h.termination is not None and not h.removed]
        if "density" not in engine.capabilities:
            lacking.append(f"charge density difference: {engine.name} gives no charge density")
        elif not coated:
            lacking.append("charge density difference: it needs a [coating]")
        else:
            wholes = [PlannedStatic(host=label) for label in coated]
            statics += [one for one in wholes if one not in statics]
            statics += [
                PlannedStatic(host=label, part=part) for label in coated for part in get_args(Part)
            ]
    return plan.model_copy(update={"statics": statics, "not_computed": lacking})
