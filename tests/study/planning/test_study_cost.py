import pytest
from engines_by_name import engine_of

from llo_dft.engines.vasp.cycle_cost import VARIABLE
from llo_dft.study.planning.study_cost import core_hours_of, study_cost


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
