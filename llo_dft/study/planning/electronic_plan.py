"""What of the electrons a recipe asks for, as far as its engine can give it."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from llo_dft.documents.plan import PlannedStatic, StudyPlan
from llo_dft.typing import Part

if TYPE_CHECKING:
    from llo_dft.engines.base import Engine
    from llo_dft.recipe import Electronic


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
