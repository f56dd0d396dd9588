import pytest
from relaxed_by_hand import relaxed

from llo_dft.flows.relax_interfaces import InterfacesMaker


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


def test_both_parts_of_the_best_one_are_relaxed_alone(coated_plan, made):
    for termination in coated_plan.terminations:
        whole = made[coated_plan.pristine_label(termination)].structure
        oxide, coating = (made[f"interface_{termination}_{part}"] for part in ("oxide", "coating"))
        both = oxide.structure.composition + coating.structure.composition
        assert both == whole.composition
        assert oxide.structure.composition["P"] == 0
        assert coating.structure.composition["Mn"] == 0
        for part in (oxide, coating):
            assert part.initial_structure.lattice == whole.lattice
