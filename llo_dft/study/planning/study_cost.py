"""What each calculation of a study costs on a program that is too slow to be timed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.builders.cathode.magnetism import with_initial_moments
from llo_dft.engines.base import Cost, Engine, MagneticMaker
from llo_dft.study.planning.estimate import calculation_work
from llo_dft.study.planning.planned_calculations import hosts_by_label, planned_calculations

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan


def study_cost(plan: StudyPlan, engine: Engine) -> dict[str, Cost]:
    """Return the cost of each calculation, by its label, the dearest first.

    Ionic steps are the typical ones of ``calculation_work``. A vacancy is relaxed once for each
    way to put its electrons. What only a relaxed structure will name is as large as its host.

    Returns
    -------
    dict
        Empty if the engine's costs do not follow from sizes.
    """
    work, hosts = calculation_work(plan), hosts_by_label(plan)
    vacancies = {host.vacancy_label(one) for host in plan.hosts for one in host.vacancies}
    found: dict[str, Cost] = {}
    for one in planned_calculations(plan):
        if one.kind == "ranking":
            continue  # by a potential
        structure = one.structure or plan.host_structure(hosts[one.label])
        steps = work[one.label] / len(structure)
        maker, n_starts = engine.maker(one.kind), 1
        if isinstance(maker, MagneticMaker):
            structure = with_initial_moments(structure, maker.magnetic_order)
            n_starts += maker.electron_placements * (one.label in vacancies)
        cost = engine.cost(structure, one.kind, steps)
        if cost is None:
            return {}
        found[one.label] = cost.times(n_starts)
    return dict(sorted(found.items(), key=lambda item: -item[1].work))


def core_hours_of(costs: dict[str, Cost]) -> tuple[float, float, float] | None:
    """Return core-hours in all: geometric mean, at least, at most; None if nothing was timed."""
    timed = [cost.core_s for cost in costs.values() if cost.core_s is not None]
    if not timed:
        return None
    least, most = (sum(limits) / 3600 for limits in zip(*timed, strict=True))
    return (least * most) ** 0.5, least, most
