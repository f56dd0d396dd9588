from pathlib import Path

import numpy as np
import pytest
from studies import tiny_recipe

from llo_dft.flows.relax_bulk_hosts import BulkHostsMaker
from llo_dft.flows.relax_references import ReferencesMaker
from llo_dft.study.planning.make_plan import make_plan


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
