"""What a study reuses from a finished one: orderings of Li, registries, and what relaxed there."""

from pathlib import Path

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.analysis.interface.adhesion import lowest_energy
from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.documents.atom_identity import places, without_atoms
from llo_dft.documents.plan import PlannedBulkHost, PlannedHost, PlannedInterface, StudyPlan
from llo_dft.engines.finished_study import SAME_START_ANGSTROM
from llo_dft.engines.registry import engine_class
from llo_dft.errors import InputError
from llo_dft.recipe import Recipe
from llo_dft.study.folder import StudyFolder
from llo_dft.study.result import stored_calculations
from llo_dft.typing import Moved


def with_potential(recipe: Recipe) -> Recipe:
    """Return a recipe whose ``engine.pre_relax`` relaxes what the finished study lacks.

    It is what relaxed in the finished study from which the recipe starts; without such a study, or
    with a ``pre_relax`` of its own, the recipe stays as it is, and so it does if a program alone
    relaxed there, or a calculator that only a user's own recipe may name.

    Raises ``InputError`` if there is no such study.
    """
    asked = recipe.engine
    if asked.start_from is None or asked.pre_relax is not None:
        return recipe
    theirs = StudyFolder(Path(asked.start_from)).recipe().engine
    potential = theirs.pre_relax
    if engine_class(theirs.name).program is None:  # which relaxed by itself
        potential = theirs.model_copy(update={"pre_relax": None})
    if potential is None or potential.calculator is not None:
        return recipe
    engine = asked.model_copy(update={"pre_relax": potential})
    return recipe.model_copy(update={"engine": engine})


def with_choices(plan: StudyPlan, study: str) -> StudyPlan:
    """Return a plan with only those candidates that a finished study chose.

    The plan is of the same slab and coating as the finished study in the folder ``study``.

    Raises ``InputError`` if it is a study of something else, is not finished, or has no plan.
    """
    finished = stored_calculations(StudyFolder(Path(study)))
    if finished.plan.slab != plan.slab:
        raise InputError(
            f"--start-from {study} is a study of {finished.plan.slab.formula} in another cell or "
            f"order; expected one of this recipe's slab, {plan.slab.formula}"
        )
    every = finished.documents.values()
    if left := [one.label for one in every if one.status in {"pending", "running", "missing"}]:
        raise InputError(
            f"--start-from {study} is not finished: {len(left)} of {len(every)} calculations are "
            f"open, the first is {left[0]}; run that study to its end first"
        )
    hosts = [_chosen_host(plan, host, finished) for host in plan.hosts]
    contents = {one.n_li: one for one in reversed(plan.bulk_hosts)}
    crystals = [_chosen_crystal(one, finished) for _, one in sorted(contents.items(), reverse=True)]
    kept = [one for one in plan.interfaces if _is_chosen(one, plan, finished)]
    return plan.model_copy(
        update={
            "hosts": hosts,
            "bulk_hosts": crystals,
            "interfaces": kept,
            "n_candidates": 1,
            "ranked": False,
        }
    )


def _chosen_host(plan: StudyPlan, host: PlannedHost, finished: StudyCalculations) -> PlannedHost:
    """Return a host with its ordering of Li in the finished study, if it has one there."""
    theirs = next((one for one in finished.plan.hosts if one.label == host.label), None)
    # where it was revisited, the engine takes what that ended with
    begun = None if theirs is None else finished.first_host(theirs).initial_structure
    if theirs is None or begun is None or not host.removed:
        return host.model_copy(update={"orderings": host.orderings[:1]})
    gone = sorted(set(places(plan.pristine_structure(host))) - set(places(begun)))
    pristine = next(h for h in finished.plan.hosts if h.termination == host.termination)
    there = finished.first_host(pristine).structure
    moved = {} if there is None else _moved_lithium(without_atoms(there, gone), begun)
    return host.model_copy(update={"orderings": [gone], "moved_angstrom": moved})


def _chosen_crystal(one: PlannedBulkHost, finished: StudyCalculations) -> PlannedBulkHost:
    """Return a charged crystal with its lowest ordering of Li in the finished study."""
    made = [other for other in finished.plan.bulk_hosts if other.n_li == one.n_li]
    best = lowest_energy([finished.documents.get(other.label) for other in made])
    if best is None:
        return one
    ranking = finished.documents.get(made[best].ranking)
    chosen = made[best] if ranking is None else ranking.ranking[made[best].order]
    return one.model_copy(
        update={"removed": chosen.removed, "moved_angstrom": chosen.moved_angstrom}
    )


def _moved_lithium(pristine: Structure, begun: Structure) -> dict[int, Moved]:
    """Return how far Li began from its own site, by index, where it is on another one, angstrom."""
    between = begun.frac_coords - pristine.frac_coords
    between -= np.round(between)
    between -= np.median(between, axis=0)
    steps = between @ pristine.lattice.matrix
    return {
        number: tuple(steps[i].round(6).tolist())
        for number, i in places(begun).items()
        if begun[i].specie.symbol == "Li" and np.linalg.norm(steps[i]) > SAME_START_ANGSTROM
    }


def _is_chosen(one: PlannedInterface, plan: StudyPlan, finished: StudyCalculations) -> bool:
    """Tell whether a candidate has the lowest energy of its termination in the finished study."""
    energies = {
        other.label: document.energy_ev
        for other in plan.candidates(one.termination)
        if (document := finished.documents.get(other.label)) and document.energy_ev is not None
    }
    return not energies or one.label == min(energies, key=energies.__getitem__)
