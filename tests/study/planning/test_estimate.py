from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from engines_by_name import engine_of
from store_calculations import calculation, store

from llo_dft.calculations.cache import CalculationCache
from llo_dft.engines.pre_relaxation import PreRelaxedEngine
from llo_dft.engines.vasp.cycle_cost import VARIABLE
from llo_dft.recipe import EngineChoice
from llo_dft.study.planning.estimate import (
    TYPICAL_EVALUATIONS,
    calculation_work,
    core_hours_of,
    estimate,
    study_cost,
)
from llo_dft.testing.fake_engine import FakeEngine

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core import Structure

    from llo_dft.documents.plan import StudyPlan

SECONDS_PER_ATOM = 0.01


class TimedEngine(FakeEngine):
    def seconds_per_atom(self, structure: Structure) -> float:
        del structure
        return SECONDS_PER_ATOM


def test_every_calculation_weighs_its_atoms_times_its_evaluations(plan: StudyPlan) -> None:
    work = calculation_work(plan)
    assert list(work) == plan.labels
    assert work["O2"] == 2 * TYPICAL_EVALUATIONS["molecule"]
    assert work["bulk"] == len(plan.bulk) * TYPICAL_EVALUATIONS["crystal"]
    full, *charged = plan.hosts
    assert work[full.label] == len(plan.slab) * TYPICAL_EVALUATIONS["bare"]
    for host in charged:
        gone = len(host.removed) * TYPICAL_EVALUATIONS["bare"]
        assert work[full.label] - work[host.label] == gone


def test_a_coated_slab_takes_more_evaluations_than_a_bare_one(coated_plan: StudyPlan) -> None:
    work = calculation_work(coated_plan)
    assert list(work) == coated_plan.labels
    assert all(amount > 0 for amount in work.values())
    best = coated_plan.interfaces[0]
    assert work[best.label] == len(best.structure) * TYPICAL_EVALUATIONS["coated"]
    assert work[best.label] > work["bare_x1.0000"]


def test_what_is_in_the_cache_takes_no_time(plan: StudyPlan, tmp_path: Path) -> None:
    fresh = estimate(plan, TimedEngine(), tmp_path)
    work = calculation_work(plan)
    assert (fresh.n_completed, fresh.n_calculations) == (0, plan.n_calculations)
    assert fresh.seconds == pytest.approx(SECONDS_PER_ATOM * sum(work.values()))
    cache = CalculationCache(tmp_path)
    store(cache, calculation("a", label="bulk"))
    store(cache, calculation("b", "failed", label="Li"))
    begun = estimate(plan, TimedEngine(), tmp_path)
    assert begun.n_completed == 1  # what failed is computed again
    assert begun.seconds == pytest.approx(fresh.seconds - SECONDS_PER_ATOM * work["bulk"])


def test_a_finished_study_does_not_time_its_engine(
    plan: StudyPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = CalculationCache(tmp_path)
    for number, label in enumerate(plan.labels):
        store(cache, calculation(str(number), label=label))
    monkeypatch.setattr(FakeEngine, "seconds_per_atom", lambda *_: pytest.fail("timed"))
    found = estimate(plan, FakeEngine(), tmp_path)
    n = plan.n_calculations
    assert found.text(2) == f"{n} of {n} calculations are already done"


@pytest.mark.parametrize(
    ("seconds_per_atom", "workers", "expected"),
    [
        (None, 2, "the engine can't estimate how long the rest takes"),
        (60.0, 2, "estimate 30 s with 2 at a time (60 s of one processor)"),
        (3600.0, 1, "estimate 60 min with 1 at a time (60 min of one processor)"),
        (36000.0, 4, "estimate 2.5 h with 4 at a time (10.0 h of one processor)"),
    ],
)
def test_it_is_said_in_units_that_read_well(
    plan: StudyPlan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seconds_per_atom: float | None,
    workers: int,
    expected: str,
) -> None:
    seconds = seconds_per_atom
    if seconds is not None:
        seconds /= sum(calculation_work(plan).values())
    monkeypatch.setattr(FakeEngine, "seconds_per_atom", lambda *_: seconds)
    assert estimate(plan, FakeEngine(), tmp_path).text(workers) == expected


def test_the_dearest_come_first_and_a_vacancy_is_relaxed_for_each_placement(plan, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    costs = study_cost(plan, engine_of("vasp"))
    assert sorted(costs) == sorted(plan.labels)
    work = [cost.work for cost in costs.values()]
    assert work == sorted(work, reverse=True)
    host = plan.hosts[0]
    vacancies = [host.vacancy_label(one) for one in host.vacancies]
    assert set(vacancies) <= set(list(costs)[:6])
    once = study_cost(plan, engine_of("vasp", electron_placements=0))
    assert costs[vacancies[0]].work == pytest.approx(3 * once[vacancies[0]].work)
    assert costs[host.label].work == once[host.label].work
    assert core_hours_of(costs) is None


@pytest.mark.parametrize(("engine", "n_places"), [("vasp", 3), ("chgnet then vasp", 1)])
def test_an_o_under_a_former_begins_from_five_places_by_a_potential_and_three_by_dft(
    coated_plan, engine, n_places, monkeypatch
):
    monkeypatch.delenv(VARIABLE, raising=False)
    coated = [one for one in coated_plan.hosts if one.termination is not None]
    host = next(one for one in coated if any(v.bonded is not None for v in one.vacancies))
    vacancies = {one.bonded is not None: host.vacancy_label(one) for one in host.vacancies}
    work = calculation_work(coated_plan)
    assert work[vacancies[True]] == 5 * work[vacancies[False]]
    vasp = engine_of("vasp")
    if engine != "vasp":
        both = EngineChoice(name="vasp", pre_relax=EngineChoice(name="chgnet"))
        vasp = PreRelaxedEngine(both, engine_of("chgnet"), vasp)
    costs = study_cost(coated_plan, vasp)
    beside, under = (costs[vacancies[where]].work for where in (False, True))
    assert under == pytest.approx(n_places * beside, rel=0.03)  # as large as its host, by one O


def test_core_hours_follow_from_one_timing(plan, monkeypatch):
    monkeypatch.setenv(VARIABLE, "3600,50000,500,2,2")
    costs = study_cost(plan, engine_of("vasp"))
    mean, least, most = core_hours_of(costs)
    assert mean == pytest.approx((least * most) ** 0.5)
    assert least == pytest.approx(sum(cost.core_s[0] for cost in costs.values()) / 3600)
    monkeypatch.setenv(VARIABLE, "7200,50000,500,2,2")
    assert core_hours_of(study_cost(plan, engine_of("vasp")))[2] == pytest.approx(2 * most)


def test_relaxed_interfaces_count_as_their_hosts(coated_plan):
    assert len(study_cost(coated_plan, engine_of("vasp"))) == coated_plan.n_calculations


def test_a_potential_has_no_such_costs(plan):
    assert study_cost(plan, engine_of("chgnet")) == {}
