"""What is a candidate for the engine, and how a prediction stands in a result."""

from __future__ import annotations

from pathlib import Path

import pytest
from relaxed_by_hand import relaxed
from studies import tiny_recipe

from llo_dft.analysis.vacancy.predicted_vacancies import (
    ranked_by_potential,
    vacancy_candidates,
    with_predictions,
)
from llo_dft.documents.calculation import not_computed
from llo_dft.documents.labels import potential_label
from llo_dft.documents.study_result import HostResult, VacancyResult
from llo_dft.study.planning.make_plan import make_plan

HOST_EV, CHEAP_HOST_EV = -100.0, -90.0
MU_EV = -5.0

#: A prediction is the median of draws.
SAMPLING_EV = 0.02


@pytest.fixture(scope="module")
def plan():
    vacancies = {"environments": None, "per_environment": 6}
    recipe = tiny_recipe(vacancies=vacancies, delithiation={"fractions": [1.0]})
    return make_plan(recipe, Path()).model_copy(update={"budget": 4})


def labels(plan) -> list[str]:
    host = plan.hosts[0]
    return [host.vacancy_label(one) for one in host.vacancies]


def hosts(plan):
    host = plan.hosts[0]
    made = relaxed(host.label, plan.host_structure(host))
    return {host.label: made.model_copy(update={"energy_ev": HOST_EV})}


def ranked(plan) -> dict[str, tuple[float | None, bool]]:
    """By the potential, vacancy number i costs 7 + 0.1 i."""
    energies = {label: CHEAP_HOST_EV + 7 + 0.1 * i for i, label in enumerate(labels(plan))}
    energies[plan.hosts[0].label] = CHEAP_HOST_EV
    return {potential_label(label): (energy, False) for label, energy in energies.items()}


def computed(plan, number: int, cost_ev: float):
    host = plan.hosts[0]
    vacancy = host.vacancies[number]
    made = relaxed(labels(plan)[number], plan.vacancy_structure(host, vacancy))
    return {made.label: made.model_copy(update={"energy_ev": HOST_EV + cost_ev})}


def test_energies_count_from_each_engines_own_host(plan) -> None:
    found = vacancy_candidates(plan, hosts(plan), ranked(plan), computed(plan, 1, 8.0))
    assert list(found) == labels(plan)
    costs = [one.cheap_ev for one in found.values()]
    assert costs == pytest.approx([7 + 0.1 * i for i in range(len(costs))])
    assert found[labels(plan)[1]].expensive_ev == pytest.approx(8.0)
    assert found[labels(plan)[0]].expensive_ev is None


def rebuilt(plan, number: int):
    (made,) = computed(plan, number, 1.0).values()
    moved = made.structure.copy()
    moved.translate_sites([moved.indices_from_symbol("O")[0]], [0, 0, 3.0], frac_coords=False)
    return made.model_copy(update={"structure": moved})


def test_the_potential_tells_which_lattice_it_left(plan) -> None:
    names, host = labels(plan), plan.hosts[0].label
    by_potential = {
        host: hosts(plan)[host],
        names[0]: rebuilt(plan, 0),
        **computed(plan, 1, 1.0),
        names[2]: None,
    }
    found = ranked_by_potential(
        plan, hosts(plan), {potential_label(k): v for k, v in by_potential.items()}
    )
    cost = HOST_EV + 1.0
    assert list(found.values()) == [(HOST_EV, False), (cost, True), (cost, False), (None, False)]
    some = ranked(plan) | {potential_label(names[0]): (cost, True)}
    candidates = vacancy_candidates(plan, hosts(plan), some, {}).values()
    assert [one.rebuilt for one in candidates] == [True] + [False] * (len(names) - 1)


def test_what_failed_broke_down_or_rebuilt_itself_is_no_candidate(plan) -> None:
    names = labels(plan)
    tried = {
        names[0]: rebuilt(plan, 0),
        names[1]: not_computed(names[1], "failed", "not converged"),
        names[2]: None,
    }
    found = vacancy_candidates(plan, hosts(plan), ranked(plan), tried)
    assert list(found) == names[3:]


def test_without_a_host_or_an_energy_of_the_potential_there_is_none(plan) -> None:
    energies = ranked(plan)
    first = labels(plan)[0]
    assert first not in vacancy_candidates(
        plan, hosts(plan), energies | {potential_label(first): (None, False)}, {}
    )
    assert vacancy_candidates(plan, {}, energies, {}) == {}
    host = potential_label(plan.hosts[0].label)
    assert vacancy_candidates(plan, hosts(plan), energies | {host: (None, False)}, {}) == {}


def result_of(plan, fallen_ev: float) -> HostResult:
    host = plan.hosts[0]
    vacancies = [
        VacancyResult(
            site=one.site,
            pair=one.pair,
            site_class=one.site_class,
            environment=one.environment,
            status="skipped",
            reason="left to the prediction",
        )
        for one in host.vacancies
    ]
    return HostResult(
        system="bare",
        lithium_fraction=host.lithium_fraction,
        status="completed",
        energy_ev=HOST_EV - fallen_ev,
        vacancies=vacancies,
    )


@pytest.mark.parametrize("fallen_ev", [0.0, 0.3])
def test_a_prediction_is_the_potentials_and_what_the_engines_differ_by(plan, fallen_ev) -> None:
    # the engines differ by 1 eV; a host that fell since leaves each vacancy so much dearer
    tried = computed(plan, 0, 8.0) | computed(plan, 1, 8.1)
    (made,), notes = with_predictions(
        [result_of(plan, fallen_ev)], plan, hosts(plan), ranked(plan), tried, MU_EV
    )
    assert [one.predicted is None for one in made.vacancies[:2]] == [True, True]
    for i, one in enumerate(made.vacancies[2:], start=2):
        expected = 8 + 0.1 * i + fallen_ev + MU_EV
        assert one.predicted.formation_energy_ev == pytest.approx(expected, abs=SAMPLING_EV)
        assert one.predicted.low_ev < expected < one.predicted.high_ev
        assert one.formation_energy_ev is None
    assert f"0 vacancies computed and {len(made.vacancies) - 2} predicted" in notes[0]


def test_without_any_calculation_of_the_engine_nothing_is_predicted(plan) -> None:
    before = [result_of(plan, 0.0)]
    assert with_predictions(before, plan, hosts(plan), ranked(plan), {}, MU_EV) == (before, [])
