import numpy as np
import pytest

from llo_dft.flows.relax_hosts import HostsMaker
from llo_dft.flows.relax_references import ReferencesMaker


@pytest.fixture
def bulk(plan, maker, run_alone):
    references = ReferencesMaker("calculations", maker("bulk_relax"), maker("molecule_relax"))
    return run_alone(references.make(plan))["bulk"]


def test_bare_hosts_alone_start_from_a_bulk_that_was_relaxed_before(plan, bulk, maker, run_alone):
    made = run_alone(HostsMaker("calculations", maker("slab_relax")).make(plan, bulk))
    assert list(made) == [host.label for host in plan.hosts]
    pristine = made[plan.hosts[0].label]
    lengths = sorted(bulk.structure.lattice.abc)
    for length in pristine.initial_structure.lattice.abc[:2]:
        assert np.isclose(length / np.array(lengths), np.round(length / np.array(lengths))).any()
    for host in plan.hosts[1:]:
        left = pristine.structure.copy()
        left.remove_sites(host.removed)
        start = made[host.label].initial_structure
        assert start.composition == left.composition
        np.testing.assert_allclose(start.frac_coords, left.frac_coords, atol=1e-9)


def test_without_a_bulk_every_host_is_skipped_with_the_reason(plan, bulk, maker, run_alone):
    failed = bulk.model_copy(
        update={"status": "failed", "reason": "no power", "energy_ev": None, "structure": None}
    )
    made = run_alone(HostsMaker("calculations", maker("slab_relax")).make(plan, failed))
    assert {one.status for one in made.values()} == {"skipped"}
    assert made[plan.hosts[0].label].reason == "bulk failed: no power"


def test_a_coated_system_has_its_charged_hosts_alone(coated_plan, bulk, maker):
    (termination, *_) = coated_plan.terminations
    flow = HostsMaker("calculations", maker("slab_relax")).make(coated_plan, bulk, termination)
    expected = [h.label for h in coated_plan.hosts if h.termination == termination and h.removed]
    assert list(flow.output) == expected
