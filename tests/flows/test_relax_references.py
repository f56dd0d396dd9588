from pathlib import Path

import numpy as np
import pytest
from studies import tiny_recipe

from llo_dft.flows.relax_references import BulkHostsMaker, ReferencesMaker
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.testing.fake_engine import BULK_GROWTH, HALF_O2_EV, LITHIUM_METAL_EV


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


def test_without_a_crystal_they_are_skipped_with_the_reason(charged, maker, run_alone):
    references = ReferencesMaker("calculations", maker("bulk_relax"), maker("molecule_relax"))
    bulk = run_alone(references.make(charged))["bulk"]
    gone = {"status": "failed", "reason": "no power", "energy_ev": None, "structure": None}
    failed = bulk.model_copy(update=gone)
    made = run_alone(BulkHostsMaker("calculations", maker("bulk_relax")).make(charged, failed))
    assert [(m.status, m.reason) for m in made.values()] == [("skipped", "bulk failed: no power")]
