"""The delithiated crystals of a study: which contents, which Li, and what is computed of them."""

from pathlib import Path

import pytest
from studies import tiny_recipe

from llo_dft.builders.ordering.delithiation import delithiate
from llo_dft.study.planning.bulk_hosts import plan_bulk_hosts
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.study.planning.planned_calculations import planned_calculations


@pytest.fixture(scope="module")
def plan():
    # the slab of two layers tells 0.57 from 0.5, the crystal of one does not
    asked = {"fractions": [1.0, 0.5, 0.25, 0.57], "voltage": "bulk", "candidates": 4, "relaxed": 2}
    return make_plan(tiny_recipe(delithiation=asked, slab={"tm_layers": 2}), Path())


def test_contents_are_the_nearest_whole_li_each_once_from_full_to_empty(plan):
    n_li = len(plan.bulk.indices_from_symbol("Li"))
    assert n_li == 7  # of the 12 cations of Li1.2Mn0.54Ni0.13Co0.13O2, one layer of 6 sites
    assert [one.n_li for one in plan.bulk_hosts] == [4, 4, 2, 2]
    assert {one.lithium_fraction for one in plan.bulk_hosts} == {4 / 7, 2 / 7}
    labels = ["bulk_x0.5714", "bulk_x0.5714_1", "bulk_x0.2857", "bulk_x0.2857_1"]
    assert [one.label for one in plan.bulk_hosts] == labels


def test_the_li_that_cost_least_leave(plan):
    lithium = list(plan.bulk.indices_from_symbol("Li"))
    ways = delithiate(
        plan.bulk, lithium, [4 / 7, 2 / 7], turn_over=None, seed=plan.seed, n_candidates=2
    )
    expected = [list(way.removed) for content in ways for way in content]
    assert [one.removed for one in plan.bulk_hosts] == expected


def test_each_is_a_calculation_with_a_free_cell(plan):
    found = {one.label: one for one in planned_calculations(plan)}
    for one in plan.bulk_hosts:
        made = found[one.label]
        assert made.kind == "bulk_relax"
        assert made.structure is not None
        assert made.structure.composition["Li"] == one.n_li
        assert len(made.structure) == len(plan.bulk) - len(one.removed)


def test_a_study_that_compares_no_orderings_has_one_of_each_content():
    asked = {"fractions": [1.0, 0.5], "voltage": "bulk", "candidates": 1}
    made = tiny_recipe(delithiation=asked)
    assert [one.order for one in make_plan(made, Path()).bulk_hosts] == [0]


def test_a_recipe_may_do_without_them():
    made = tiny_recipe(delithiation={"voltage": "slab"})
    assert plan_bulk_hosts(made, make_plan(made, Path()).bulk) == []
    assert make_plan(made, Path()).bulk_hosts == []
