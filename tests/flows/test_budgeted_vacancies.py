"""A study with a budget: a cheap engine ranks, another one computes what can be the lowest."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fake_study import WAYS, FakeStudy
from studies import coated_recipe, tiny_recipe
from two_engines import CheapEngine, DearEngine

from llo_dft.study.planning.make_plan import make_plan
from llo_dft.testing.fake_engine import fault_name

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan
    from llo_dft.documents.study_result import HostResult, StudyResult

TOLERANCE_EV = 0.05


@pytest.fixture(scope="module")
def every_o() -> StudyPlan:
    """Each distinct O at two states of charge, all to be computed."""
    wanted = {"environments": ["2TM+1Li", "3TM"], "layers": ["surface", "subsurface"]}
    recipe = tiny_recipe(
        vacancies={**wanted, "per_environment": 12}, delithiation={"fractions": [1.0, 0.5]}
    )
    return make_plan(recipe, Path())


def with_budget(plan: StudyPlan, n: int) -> StudyPlan:
    return plan.model_copy(update={"budget": n})


def study_in(folder: Path, plan: StudyPlan, how: str = "run_flow") -> FakeStudy:
    return FakeStudy(plan, folder, how, engine_type=DearEngine, potential=CheapEngine())


@pytest.fixture(scope="module")
def truth(every_o: StudyPlan, tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    return FakeStudy(every_o, tmp_path_factory.mktemp("truth"), engine_type=DearEngine).run()


def computed(result: StudyResult) -> int:
    return sum(len(host.formation_energies_ev) for host in result.hosts)


def n_vacancies(result: StudyResult) -> int:
    return sum(len(host.vacancies) for host in result.hosts)


def lowest(host: HostResult) -> float:
    return min(host.formation_energies_ev)


@pytest.mark.parametrize("how", [WAYS[1], pytest.param(WAYS[0], marks=pytest.mark.slow)])
def test_fewer_are_computed_the_lowest_are_found_and_the_rest_is_predicted(
    how, every_o, truth, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = study_in(tmp_path, with_budget(every_o, 1000), how).run()
    assert n_vacancies(result) == n_vacancies(truth) == computed(truth)
    assert computed(result) < 0.5 * n_vacancies(truth)
    assert result.is_complete
    for host, true in zip(result.hosts, truth.hosts, strict=True):
        assert lowest(host) <= lowest(true) + TOLERANCE_EV
        for one, exact in zip(host.vacancies, true.vacancies, strict=True):
            if one.predicted is None:
                assert one.formation_energy_ev == pytest.approx(exact.formation_energy_ev)
                continue
            assert one.formation_energy_ev is None
            assert one.status == "skipped"
            assert one.predicted.low_ev < one.predicted.formation_energy_ev < one.predicted.high_ev
            # half the limits' width is two deviations: nearly none is off by more than four
            width = one.predicted.high_ev - one.predicted.low_ev
            assert abs(one.predicted.formation_energy_ev - exact.formation_energy_ev) < width
    assert any("predicted" in note for note in result.notes)


@pytest.fixture(scope="module")
def spent(every_o: StudyPlan, tmp_path_factory: pytest.TempPathFactory):
    """A study whose budget of two ended before the lowest were certain. Read only."""
    study = study_in(tmp_path_factory.mktemp("spent"), with_budget(every_o, 2))
    return study, study.run()


def test_a_budget_that_is_spent_says_what_is_not_certain(spent) -> None:
    result = spent[1]
    assert computed(result) == 2
    assert result.is_complete
    left = [host for host in result.hosts if "the budget ended" in note_of(result, host)]
    assert left
    assert {one.reason for host in result.hosts for one in host.vacancies if one.predicted} == {
        "left to prediction: the budget of 2 is spent"
    }
    turning = [point for point in result.turning_points if point.site is None]
    assert [len(point.oxygens) for point in turning] == [len(result.hosts)]


def note_of(result: StudyResult, host: HostResult) -> str:
    return next((note for note in result.notes if note.startswith(host.label)), "")


def test_a_larger_budget_goes_on_and_computes_nothing_twice(spent, tmp_path) -> None:
    study, before = spent
    shutil.copytree(study.folder, tmp_path / "study")
    again = study_in(tmp_path / "study", study.plan)
    n_calls = len(again.calls())
    assert again.run() == before
    assert len(again.calls()) == n_calls
    more = study_in(tmp_path / "study", with_budget(study.plan, 3))
    result = more.run()
    assert computed(result) == 3
    assert len(more.calls()) == n_calls + 1
    for host, was in zip(result.hosts, before.hosts, strict=True):
        for one, old in zip(host.vacancies, was.vacancies, strict=True):
            if old.predicted is None:
                assert one.formation_energy_ev == old.formation_energy_ev


def test_what_fails_is_tried_once_and_named_and_the_choice_goes_on(every_o, tmp_path) -> None:
    plan = with_budget(every_o, 8)
    host = plan.hosts[1]
    fault = fault_name("slab_relax", plan.vacancy_structure(host, host.vacancies[0]))
    study = study_in(tmp_path, plan)
    result = study.run(**{fault: "unconverged"})
    mine = result.hosts[1]
    assert result.counts["failed"] == 8 - computed(result)  # the budget counts what failed
    assert not mine.formation_energies_ev  # all vacancies of one host have one formula
    failed = [one for one in mine.vacancies if one.status == "failed"]
    assert failed
    assert all(one.predicted is None for one in failed)
    assert not result.is_complete


def test_bare_and_coated_share_a_budget_and_a_predicted_partner_makes_no_pair(tmp_path) -> None:
    recipe = coated_recipe(
        delithiation={"fractions": [1.0]},
        coating={"terminations": ["step-Li0-PO3"], "keep": 1},
        vacancies={"per_environment": 3},
    )
    plan = make_plan(recipe, Path())
    result = study_in(tmp_path, with_budget(plan, 3)).run()
    assert [host.system for host in result.hosts] == ["bare", "coated"]
    assert computed(result) == 3
    assert all(host.formation_energies_ev for host in result.hosts)  # one of each at least
    predicted = {one.pair for host in result.hosts for one in host.vacancies if one.predicted}
    assert predicted
    assert not predicted & {one.pair for one in result.pairs}


@pytest.mark.slow
def test_a_vacancy_that_the_potential_can_not_compute_is_a_gap(every_o, tmp_path) -> None:
    plan = with_budget(every_o, 5)
    host = plan.hosts[1]
    fault = fault_name("slab_relax", plan.vacancy_structure(host, host.vacancies[0]))
    study = study_in(tmp_path, plan)
    study.potential = CheapEngine(faults={fault: "unconverged"})
    result = study.run()
    assert not result.is_complete
    full, lacking = result.hosts
    assert {(one.status, one.reason) for one in lacking.vacancies} == {
        ("skipped", "the potential has no energy to rank it by: not converged after 3 steps")
    }
    assert full.predicted
    assert not lacking.predicted
