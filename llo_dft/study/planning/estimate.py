"""How long a study will take: counted in atoms, evaluations and seconds on this machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from llo_dft.builders.cathode.magnetism import with_initial_moments
from llo_dft.builders.rebonding import MOST_TRIES
from llo_dft.calculations.cache import CalculationCache
from llo_dft.documents.labels import ranking_label, revisited_label
from llo_dft.documents.plan import PlannedHost, StudyPlan
from llo_dft.engines.base import Cost, Engine, MagneticMaker, PreRelaxingMaker
from llo_dft.study.planning.planned_calculations import hosts_by_label, planned_calculations

#: Average evaluations of energy and forces in a relaxation, with CHGNet and protocol "balanced",
#: which relaxes slabs twice: crystals, bare slabs and their vacancies,
#: coated ones.
TYPICAL_EVALUATIONS: Final = {"crystal": 8.0, "molecule": 3.0, "bare": 36.0, "coated": 55.0}


@dataclass(frozen=True)
class StudyEstimate:
    """What remains to be computed.

    Of ``n_calculations`` ``n_completed`` are in the cache. ``work`` is atoms times evaluations of
    each calculation by label, those in the cache included, ``seconds`` the processor time of the
    remaining ones; None if the engine can't estimate it.
    """

    n_completed: int
    n_calculations: int
    work: Mapping[str, float]
    seconds: float | None

    def text(self, workers: int) -> str:
        """Return it as readable text, with that many calculations at a time."""
        there = f"{self.n_completed} of {self.n_calculations} calculations are already done"
        if self.n_completed == self.n_calculations:
            return there
        if self.seconds is None:
            left = "the engine can't estimate how long the rest takes"
        else:
            left = (
                f"estimate {_time(self.seconds / workers)} with {workers} at a time "
                f"({_time(self.seconds)} of one processor)"
            )
        return left if not self.n_completed else f"{there}; {left}"


def estimate(plan: StudyPlan, engine: Engine, calculations: Path) -> StudyEstimate:
    """Estimate the rest of a study by timing the engine once.

    The folder ``calculations`` of its cache need not exist yet.
    """
    cache = CalculationCache(calculations)
    done = {e.label for e in cache.journal() if cache.has_completed(e.key)}
    work = calculation_work(plan)
    left = sum(amount for label, amount in work.items() if label not in done)
    per_atom = engine.seconds_per_atom(plan.bulk) if left else None
    return StudyEstimate(
        n_completed=sum(label in done for label in work),
        n_calculations=len(work),
        work=work,
        seconds=None if per_atom is None else left * per_atom,
    )


def calculation_work(plan: StudyPlan, tries: int = 2 * MOST_TRIES) -> dict[str, float]:
    """Return atoms times typical evaluations of each calculation, by label.

    ``tries`` is how often a former that lost its O is tried elsewhere; a potential does so in two
    ways near each O (``builders.rebonding``).
    """
    typical = TYPICAL_EVALUATIONS
    work: dict[str, float] = {
        "O2": 2.0 * typical["molecule"],
        "Li": len(plan.lithium_metal) * typical["crystal"],
        "bulk": len(plan.bulk) * typical["crystal"],
    }
    work |= {one.label: work["bulk"] for one in plan.bulk_hosts}
    ranked = 2.0 * plan.n_candidates * len(plan.bulk)  # at most
    work |= {one.ranking: ranked for one in plan.bulk_hosts}
    if plan.coating_crystal is not None:
        work[plan.coating_label] = len(plan.coating_crystal) * typical["crystal"]
    for host in plan.hosts:
        steps = typical["bare" if host.termination is None else "coated"]
        atoms = len(plan.host_structure(host))
        ways = plan.relaxed_orderings(host)
        again = revisited_label(host.label)
        work |= dict.fromkeys([host.label, *ways, again], steps * atoms)
        work |= {label: steps * atoms * n for label, n in _places(host, tries).items()}
        work |= dict.fromkeys(plan.vacancies_again(host), 0.0)  # rarely needed
        work[ranking_label(host.label)] = 2.0 * plan.n_candidates * atoms  # at most
    for one in plan.interfaces:
        work[one.label] = typical["coated"] * len(one.structure)
    part = typical["bare"] * len(plan.slab)  # of an interface
    return {label: work.get(label, part) for label in plan.labels}


def _places(host: PlannedHost, tries: int) -> dict[str, int]:
    """Return from how many places each vacancy's atoms begin: formers are tried elsewhere."""
    coated = host.termination is not None
    return {
        host.vacancy_label(v): 1 + tries * (coated and v.bonded is not None) for v in host.vacancies
    }


def _time(seconds: float) -> str:
    if seconds < 90:  # noqa: PLR2004 (up to there, minutes read better)
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.1f} h"


def study_cost(plan: StudyPlan, engine: Engine) -> dict[str, Cost]:
    """Return the cost of each calculation, by its label, the dearest first.

    Ionic steps are the typical ones of ``calculation_work``. A vacancy is relaxed once for each
    way to put its electrons, and from each place of its former unless a potential chooses it. What
    only a relaxed structure will name is as large as its host.

    It is empty if the engine's costs do not follow from sizes.
    """
    work, hosts = calculation_work(plan, MOST_TRIES), hosts_by_label(plan)
    vacancies = {k: n for host in plan.hosts for k, n in _places(host, MOST_TRIES).items()}
    found: dict[str, Cost] = {}
    for one in planned_calculations(plan):
        if one.kind == "ranking":
            continue  # by a potential
        structure = one.structure or plan.host_structure(hosts[one.label])
        n_places = vacancies.get(one.label, 1)
        steps = work[one.label] / len(structure) / n_places
        maker, n_starts = engine.maker(one.kind), 1
        if isinstance(maker, MagneticMaker):
            structure = with_initial_moments(structure, maker.magnetic_order)
            n_starts += maker.electron_placements * (one.label in vacancies)
        if not isinstance(maker, PreRelaxingMaker):
            n_starts *= n_places
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
