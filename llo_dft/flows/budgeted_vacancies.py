"""The flow of vacancies where an engine computes only the few that can be the lowest."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from jobflow import Flow, OnMissing, Response, job

from llo_dft.analysis.vacancy.next_calculation import CONFIDENCE, TOLERANCE_EV, propose
from llo_dft.analysis.vacancy.predicted_vacancies import ranked_by_potential, vacancy_candidates
from llo_dft.calculations.cache import CalculationCache
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.labels import potential_label
from llo_dft.documents.plan import PlannedHost, PlannedVacancy, StudyPlan
from llo_dft.engines.base import CalculationMaker
from llo_dft.flows.calculations_flow import Calculations, CalculationsMaker
from llo_dft.flows.relax_vacancies import Hosts, without_oxygen
from llo_dft.jobs.calculate import skipped
from llo_dft.jobs.structures import without


@dataclass
class BudgetedVacanciesMaker(CalculationsMaker):
    """Relax all vacancies with a potential, and those that can be the lowest with the engine.

    ``slab_maker`` is the engine's maker with the cell fixed, ``potential_maker`` the potential's.
    """

    slab_maker: CalculationMaker
    potential_maker: CalculationMaker
    name: str = "vacancies within a budget"

    def make(self, plan: StudyPlan, hosts: Hosts) -> Flow:
        """Return the flow of all hosts of a plan that has a budget.

        Its output is the vacancies by label. Those that the engine does not compute are skipped.

        ``hosts`` are all hosts by label, relaxed by the engine.
        """
        ranked = Calculations(self.folder)
        for host in plan.hosts:
            start = without(hosts[host.label], [])
            ranked.add(potential_label(host.label), start, self.potential_maker)
        vacancies = planned_vacancies(plan)
        for label, (host, vacancy) in vacancies.items():
            start = without_oxygen(plan, hosts, host, vacancy)
            ranked.add(potential_label(label), start, self.potential_maker, hosts[host.label])
        relaxed = [hosts[host.label] for host in plan.hosts]
        ranking = rank(plan, relaxed, list(ranked.outputs.values()))
        first = compute_next(self, plan, relaxed, ranking.output)
        for one in (ranking, first):
            one.config.on_missing_references = OnMissing.NONE
        outputs = {label: first.output[i] for i, label in enumerate(vacancies)}
        return Flow([*ranked.jobs, ranking, first], output=outputs, name=self.name)


def planned_vacancies(plan: StudyPlan) -> dict[str, tuple[PlannedHost, PlannedVacancy]]:
    """Return each vacancy of a plan with its host, by label."""
    return {host.vacancy_label(one): (host, one) for host in plan.hosts for one in host.vacancies}


@job
def rank(
    plan: StudyPlan,
    hosts: list[CalculationDocument | None],
    by_potential: list[CalculationDocument | None],
) -> list[tuple[float | None, bool]]:
    """Return ``ranked_by_potential``, in the order of ``StudyPlan.potential_labels``."""
    relaxed = dict(zip((host.label for host in plan.hosts), hosts, strict=True))
    found = dict(zip(plan.potential_labels, by_potential, strict=True))
    return list(ranked_by_potential(plan, relaxed, found).values())


@job
def compute_next(
    maker: BudgetedVacanciesMaker,
    plan: StudyPlan,
    hosts: list[CalculationDocument | None],
    ranking: list[tuple[float | None, bool]],
    tried: list[str] | None = None,
    made: list[CalculationDocument | None] | None = None,
) -> Response | list[CalculationDocument | None]:
    """Let the engine compute the vacancies of a round and choose again; finally return all.

    ``hosts`` are the plan's, ``ranking`` is what ``rank`` returns. ``tried`` and ``made`` are the
    labels of the vacancies that the engine tried, and their calculations; None at first, when those
    that an earlier run completed are taken before others.
    """
    relaxed = {one.label: found for one, found in zip(plan.hosts, hosts, strict=True)}
    ranked = dict(zip(plan.potential_labels, ranking, strict=True))
    done = dict(zip(tried or [], made or [], strict=True))
    candidates = vacancy_candidates(plan, relaxed, ranked, done)
    chosen: list[str] = []
    wanted: list[str] = []
    if tried is None:
        cache = CalculationCache(Path(maker.folder))
        before = {entry.label for entry in cache.journal() if cache.has_completed(entry.key)}
        wanted = [label for label in candidates if label in before]
    if not wanted and candidates and plan.budget is not None:
        names = list(candidates)
        chosen = [names[i] for i in propose(list(candidates.values())).next]
        wanted = chosen[: max(0, plan.budget - len(done))]
    if not wanted:
        return _all_vacancies(maker, plan, candidates, done, spent=bool(chosen))
    there = {label: found for label, found in relaxed.items() if found is not None}
    vacancies = planned_vacancies(plan)
    round_ = Calculations(maker.folder)
    for label in wanted:
        host, vacancy = vacancies[label]
        start = without_oxygen(plan, there, host, vacancy)
        round_.add(label, start, maker.slab_maker, there[host.label])
    results = [*done.values(), *round_.outputs.values()]
    again = compute_next(maker, plan, hosts, ranking, [*done, *wanted], results)
    again.config.on_missing_references = OnMissing.NONE
    return Response(replace=Flow([*round_.jobs, again], output=again.output))


def _all_vacancies(
    maker: BudgetedVacanciesMaker,
    plan: StudyPlan,
    candidates: Collection[str],
    done: Mapping[str, CalculationDocument | None],
    *,
    spent: bool,
) -> list[CalculationDocument | None]:
    """Return all vacancies of a plan, and record why the engine did not compute some."""
    cache = CalculationCache(Path(maker.folder))
    why = (
        f"left to prediction: the budget of {plan.budget} is spent"
        if spent
        else "left to prediction: it does not lower the lowest E_f by more than "
        f"{TOLERANCE_EV} eV ({CONFIDENCE:.0%})"
    )
    found: list[CalculationDocument | None] = []
    for label in planned_vacancies(plan):
        if label in done:
            found.append(done[label])
            continue
        reason = why
        if label not in candidates:
            by_potential = cache.documents([potential_label(label)])[potential_label(label)]
            reason = f"the potential has no energy to rank it by: {by_potential.reason}"
        found.append(skipped(cache, label, maker.slab_maker, reason))
    return found
