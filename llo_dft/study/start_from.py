"""What a study reuses from a finished one: the orderings of Li and registries chosen there."""

from pathlib import Path

from llo_dft.analysis.study_calculations import StudyCalculations
from llo_dft.documents.atom_identity import places
from llo_dft.documents.plan import PlannedHost, PlannedInterface, StudyPlan
from llo_dft.errors import InputError
from llo_dft.study.folder import StudyFolder
from llo_dft.study.result import stored_calculations


def with_choices(plan: StudyPlan, study: str) -> StudyPlan:
    """Return a plan with only those candidates that a finished study chose.

    The plan is of the same slab and coating as the finished study in the folder ``study``.

    Raises ``InputError`` if it is a study of something else, or has no plan.
    """
    finished = stored_calculations(StudyFolder(Path(study)))
    if finished.plan.slab != plan.slab:
        raise InputError(
            f"--start-from {study} is a study of {finished.plan.slab.formula} in another cell or "
            f"order; expected one of this recipe's slab, {plan.slab.formula}"
        )
    hosts = [_chosen_host(plan, host, finished) for host in plan.hosts]
    kept = [one for one in plan.interfaces if _is_chosen(one, plan, finished)]
    return plan.model_copy(
        update={"hosts": hosts, "interfaces": kept, "n_candidates": 1, "ranked": False}
    )


def _chosen_host(plan: StudyPlan, host: PlannedHost, finished: StudyCalculations) -> PlannedHost:
    """Return a host with its ordering of Li in the finished study, if it has one there."""
    theirs = next((one for one in finished.plan.hosts if one.label == host.label), None)
    made = None if theirs is None else finished.host(theirs).structure
    if made is None or not host.removed:
        return host.model_copy(update={"orderings": host.orderings[:1]})
    gone = sorted(set(places(plan.pristine_structure(host))) - set(places(made)))
    return host.model_copy(update={"orderings": [gone]})


def _is_chosen(one: PlannedInterface, plan: StudyPlan, finished: StudyCalculations) -> bool:
    """Tell whether a candidate has the lowest energy of its termination in the finished study."""
    energies = {
        other.label: document.energy_ev
        for other in plan.candidates(one.termination)
        if (document := finished.documents.get(other.label)) and document.energy_ev is not None
    }
    return not energies or one.label == min(energies, key=energies.__getitem__)
