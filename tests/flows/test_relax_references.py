import pytest

from llo_dft.flows.relax_references import ReferencesMaker
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
