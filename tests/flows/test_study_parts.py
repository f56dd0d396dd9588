from pathlib import Path
from typing import Any

import numpy as np
import pytest
from relaxed_by_hand import relaxed
from studies import tiny_recipe

from llo_dft.documents.plan import PlannedStatic
from llo_dft.flows.study_parts import (
    BulkHostsMaker,
    ElectronsMaker,
    InterfacesMaker,
    ReferencesMaker,
)
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.testing.fake_engine import BULK_GROWTH, HALF_O2_EV, LITHIUM_METAL_EV, FakeCalculation


def test_references_alone(plan, maker, run_alone):
    references = ReferencesMaker("calculations", maker("bulk_relax"), maker("molecule_relax"))
    made = run_alone(references.make(plan))
    assert list(made) == ["O2", "Li", "bulk"]
    assert {one.status for one in made.values()} == {"completed"}
    assert made["O2"].energy_ev == 2 * HALF_O2_EV
    assert made["Li"].energy_ev == pytest.approx(len(plan.lithium_metal) * LITHIUM_METAL_EV)
    assert made["bulk"].structure.volume == pytest.approx(plan.bulk.volume * BULK_GROWTH**3)


def test_the_coating_s_crystal_is_one_of_them_where_there_is_a_coating(coated_plan, maker):
    references = ReferencesMaker("calculations", maker("bulk_relax"), maker("molecule_relax"))
    assert list(references.make(coated_plan).output) == ["O2", "Li", "bulk", "Li3PO4"]


@pytest.fixture(scope="module")
def charged():
    return make_plan(tiny_recipe(delithiation={"fractions": [1.0, 0.5], "voltage": "bulk"}), Path())


def test_each_starts_from_the_relaxed_crystal_without_its_li(charged, maker, run_alone):
    references = ReferencesMaker("calculations", maker("bulk_relax"), maker("molecule_relax"))
    bulk = run_alone(references.make(charged))["bulk"]
    made = run_alone(BulkHostsMaker("calculations", maker("bulk_relax")).make(charged, bulk))
    (one,) = charged.bulk_hosts
    assert list(made) == [one.label]
    left = bulk.structure.copy()
    left.remove_sites(one.removed)
    start = made[one.label].initial_structure
    assert start.species == left.species
    np.testing.assert_allclose(start.frac_coords, left.frac_coords, atol=1e-9)
    np.testing.assert_allclose(start.lattice.matrix, bulk.structure.lattice.matrix, atol=1e-9)
    # its own cell is free
    assert made[one.label].structure.volume != pytest.approx(start.volume)


class Last(FakeCalculation):
    """Ranks first what has its Li far along a, and b."""

    def energies_ev(self, structures: Any) -> list[float]:
        lithium = [one.frac_coords[list(one.indices_from_symbol("Li"))] for one in structures]
        return [-float((one @ [1.0, 0.1, 0.0]).sum()) for one in lithium]


def test_with_a_ranker_its_lowest_orderings_are_relaxed(maker, run_alone):
    asked = {"fractions": [1.0, 0.5], "voltage": "bulk", "candidates": 8, "relaxed": 2}
    plan = make_plan(tiny_recipe(delithiation=asked), Path())
    references = ReferencesMaker("calculations", maker("bulk_relax"), maker("molecule_relax"))
    bulk = run_alone(references.make(plan))["bulk"]
    flow = BulkHostsMaker("calculations", maker("bulk_relax"), Last("ranking"))
    made = run_alone(flow.make(plan, bulk))
    first, second = plan.bulk_hosts
    assert list(made) == [first.ranking, first.label, second.label]
    ranking = made[first.ranking].ranking
    assert len(ranking) >= 8
    assert first.removed in [one.removed for one in ranking]
    for order, label in enumerate((first.label, second.label)):
        start = made[label].initial_structure
        assert "bare_site" not in start.site_properties
        assert len(start) == len(plan.bulk) - len(first.removed)
        kept = [i for i in range(len(plan.bulk)) if i not in ranking[order].removed]
        still = [i for i in kept if i not in ranking[order].moved_angstrom]
        np.testing.assert_allclose(
            start.frac_coords[[kept.index(i) for i in still]],
            bulk.structure.frac_coords[still],
            atol=1e-9,
        )
    assert set(plan.labels) >= set(made)


def test_without_a_crystal_they_are_skipped_with_the_reason(charged, maker, run_alone):
    references = ReferencesMaker("calculations", maker("bulk_relax"), maker("molecule_relax"))
    bulk = run_alone(references.make(charged))["bulk"]
    gone = {"status": "failed", "reason": "no power", "energy_ev": None, "structure": None}
    failed = bulk.model_copy(update=gone)
    made = run_alone(BulkHostsMaker("calculations", maker("bulk_relax")).make(charged, failed))
    assert [(m.status, m.reason) for m in made.values()] == [("skipped", "bulk failed: no power")]


@pytest.fixture
def made(coated_plan, maker, run_alone):
    slab = relaxed("bare_x1.0000", coated_plan.slab)
    return run_alone(InterfacesMaker("calculations", maker("slab_relax")).make(coated_plan, slab))


def test_interfaces_alone_of_which_the_lowest_in_energy_is_the_pristine_host(coated_plan, made):
    for termination in coated_plan.terminations:
        candidates = [made[one.label] for one in coated_plan.candidates(termination)]
        assert len(candidates) == 2
        best = min(candidates, key=lambda one: one.energy_ev)
        assert made[coated_plan.pristine_label(termination)] == best


def test_both_parts_of_the_best_one_are_relaxed_alone_unless_charged(coated_plan, made):
    charges = {one.termination: one.coating_charge for one in coated_plan.interfaces}
    assert {0} < {*charges.values()}
    for termination, charge in charges.items():
        if charge:
            assert f"interface_{termination}_oxide" not in made
            continue
        whole = made[coated_plan.pristine_label(termination)].structure
        oxide, coating = (made[f"interface_{termination}_{part}"] for part in ("oxide", "coating"))
        both = oxide.structure.composition + coating.structure.composition
        assert both == whole.composition
        assert oxide.structure.composition["P"] == 0
        assert coating.structure.composition["Mn"] == 0
        for part in (oxide, coating):
            assert part.initial_structure.lattice == whole.lattice


@pytest.fixture
def with_statics(coated_plan):
    label = coated_plan.pristine_label(coated_plan.terminations[0])
    statics = [PlannedStatic(host=label, part=part) for part in (None, "oxide", "coating")]
    return coated_plan.model_copy(update={"statics": statics}), label


def test_electrons_alone_of_an_interface_and_its_parts_where_they_are_in_it(
    with_statics, maker, run_alone
):
    plan, label = with_statics
    interface = plan.candidates(plan.terminations[0])[0].structure
    flow = ElectronsMaker("calculations", maker("static")).make(
        plan, {label: relaxed(label, interface)}
    )
    made = run_alone(flow)
    assert list(made) == [static.label for static in plan.statics]
    whole, oxide, coating = (one.initial_structure for one in made.values())
    assert whole == interface
    assert oxide.composition + coating.composition == whole.composition
    # the densities are subtracted point by point: no part may move in its cell
    places = {tuple(place) for place in whole.frac_coords.tolist()}
    for part in (oxide, coating):
        assert part.lattice == whole.lattice
        assert {tuple(place) for place in part.frac_coords.tolist()} < places


def test_hosts_that_are_not_given_are_left_out(with_statics, maker):
    plan, _ = with_statics
    assert ElectronsMaker("calculations", maker("static")).make(plan, {}).output == {}
