from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from store_calculations import calculation

from llo_dft.builders.surface.slab import SlabError
from llo_dft.documents.atom_identity import bare_sites, places, with_bare_sites
from llo_dft.documents.plan import BondedOxygen
from llo_dft.jobs.structures import (
    cut_relaxed_slab,
    lay_coating,
    lowest_of,
    oxygen_molecule,
    without,
    without_bonded_oxygen,
)

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.documents.plan import PlannedInterface, StudyPlan

POSITION_TOLERANCE_ANGSTROM = 1e-6
STEP = "step-Li0-PO3"


def relaxed(structure: Structure) -> CalculationDocument:
    return calculation("k", structure=structure, label="bulk", kind="bulk_relax")


def test_the_unrelaxed_bulk_gives_the_planned_slab_back(plan: StudyPlan) -> None:
    slab = cut_relaxed_slab.original(plan, relaxed(plan.bulk))
    assert np.allclose(slab.cart_coords, plan.slab.cart_coords, atol=POSITION_TOLERANCE_ANGSTROM)
    assert slab.species == plan.slab.species


def test_a_bulk_that_grew_gives_a_slab_that_is_larger_in_the_plane(plan: StudyPlan) -> None:
    grown = plan.bulk.copy()
    grown.scale_lattice(grown.volume * 1.03**3)
    slab = cut_relaxed_slab.original(plan, relaxed(grown))
    for before, after in zip(plan.slab.lattice.abc[:2], slab.lattice.abc[:2], strict=True):
        assert after == pytest.approx(1.03 * before)
    thickness = np.ptp(slab.cart_coords[:, 2])
    assert thickness == pytest.approx(1.03 * np.ptp(plan.slab.cart_coords[:, 2]))
    assert slab.lattice.c - thickness == pytest.approx(plan.vacuum)


def test_a_relaxed_coordinate_that_was_wrapped_moves_no_atom(plan: StudyPlan) -> None:
    wrapped = plan.bulk.copy()
    rounding = np.tile([1.0, 0.0, -1.0], (len(wrapped), 1)) + 1e-9
    wrapped = type(wrapped)(wrapped.lattice, wrapped.species, wrapped.frac_coords + rounding)
    slab = cut_relaxed_slab.original(plan, relaxed(wrapped))
    assert np.allclose(slab.cart_coords, plan.slab.cart_coords, atol=POSITION_TOLERANCE_ANGSTROM)


def test_a_bulk_that_lost_its_symmetry_gives_no_slab(plan: StudyPlan) -> None:
    broken = plan.bulk.copy()
    broken.translate_sites([0], [0.05, 0.05, 0.03])
    reason = cut_relaxed_slab.original(plan, relaxed(broken))
    assert reason.startswith("the relaxed bulk lost the operation that turns the slab over")


def test_a_bulk_with_its_atoms_in_another_order_is_refused(plan: StudyPlan) -> None:
    shuffled = type(plan.bulk).from_sites(list(reversed(plan.bulk.sites)))
    with pytest.raises(SlabError, match="does not have the sites of the bulk"):
        cut_relaxed_slab.original(plan, relaxed(shuffled))


def test_a_failed_bulk_gives_its_reason(plan: StudyPlan) -> None:
    failed = calculation("k", "failed", 1.0, label="bulk")
    assert cut_relaxed_slab.original(plan, failed) == "bulk failed: reason 1.0"


def test_sites_are_removed_from_the_relaxed_structure() -> None:
    parent = calculation("k")
    named = with_bare_sites(parent.structure, [7, 4])
    left = without.original(parent.model_copy(update={"structure": named}), [7])
    assert [site.specie.symbol for site in left] == ["O"]
    assert bare_sites(left) == [4]
    assert len(parent.structure) == 2


def test_a_parent_without_a_structure_gives_its_reason() -> None:
    failed = calculation("k", "failed", 2.0, label="bare_x1.0000")
    assert without.original(failed, [0]) == "bare_x1.0000 failed: reason 2.0"


def test_atoms_of_a_crystal_leave_by_their_indices(plan: StudyPlan) -> None:
    removed = list(plan.bulk.indices_from_symbol("Li"))[1:3]
    left = without.original(relaxed(plan.bulk), removed)
    kept = [i for i in range(len(plan.bulk)) if i not in removed]
    assert left.species == [plan.bulk[i].specie for i in kept]
    np.testing.assert_allclose(left.frac_coords, plan.bulk.frac_coords[kept])
    gone = calculation("k", status="failed", reason="no power", label="bulk", structure=None)
    assert without.original(gone, removed) == "bulk failed: no power"


def test_oxygen_is_a_triplet_far_from_its_images() -> None:
    molecule = oxygen_molecule.original()
    assert molecule.composition.formula == "O2"
    assert sum(molecule.site_properties["magmom"]) == 2.0
    assert molecule.get_distance(0, 1) == pytest.approx(1.21)
    assert min(molecule.lattice.abc) - 1.21 > 10.0


def test_a_coating_on_the_slab_as_planned_is_the_planned_interface(
    coated_plan: StudyPlan,
) -> None:
    one = coated_plan.interfaces[-1]
    laid = lay_coating.original(one, calculation("k", structure=coated_plan.slab))
    assert laid.species == one.structure.species
    assert np.allclose(laid.cart_coords, one.structure.cart_coords)


def test_a_coating_on_a_slab_that_failed_gives_its_reason(coated_plan: StudyPlan) -> None:
    failed = calculation("k", "failed", 1.0, label="bare_x1.0000")
    reason = lay_coating.original(coated_plan.interfaces[0], failed)
    assert reason == "bare_x1.0000 failed: reason 1.0"


def test_the_best_interface_is_the_lowest_of_those_that_completed() -> None:
    made = [calculation(f"{energy}", energy_ev=energy) for energy in (-1.0, -3.0, -2.0)]
    failed = calculation("f", "failed", 9.0)
    what = "interface of termination step"
    assert lowest_of.original(what, [failed, None, *made]).energy_ev == -3.0
    # its reason goes on where none completed
    assert lowest_of.original(what, [None, failed]) == failed
    with pytest.raises(ValueError, match="no interface of termination step left a result"):
        lowest_of.original(what, [None, None])


def bonded(one: PlannedInterface, bonds: list[tuple[int, int, float]]) -> Structure:
    """An interface whose n-th P is so far above the O that the bare slab calls so."""
    structure = one.structure.copy()
    phosphorus = structure.indices_from_symbol("P")
    for place, oxygen, length in bonds:
        site = places(structure)[oxygen]
        target = structure[site].coords + np.array([0.0, 0.0, length])
        step = target - structure[phosphorus[place]].coords
        structure.translate_sites([phosphorus[place]], step, frac_coords=False)
    return structure


def test_the_nth_o_by_its_bond_is_taken_from_the_parent_that_was_named(
    coated_plan: StudyPlan,
) -> None:
    one = coated_plan.candidates(STEP)[0]
    interface = calculation("i", structure=bonded(one, [(0, 32, 1.7), (1, 25, 1.6)]))
    bare = calculation("b", structure=coated_plan.slab, label="bare_x1.0000")
    for order, site in ((0, 25), (1, 32)):
        left = without_bonded_oxygen.original(
            bare, interface, BondedOxygen(termination=STEP, order=order)
        )
        expected = coated_plan.slab.copy()
        expected.remove_sites([site])
        assert left == expected
    other = without_bonded_oxygen.original(
        bare, interface, BondedOxygen(termination=STEP, order=0), coated_plan.turn_over
    )
    expected = coated_plan.slab.copy()
    expected.remove_sites([coated_plan.turn_over[25]])
    assert other == expected
    beyond = BondedOxygen(termination=STEP, order=2)
    reason = without_bonded_oxygen.original(bare, interface, beyond)
    assert reason == "the relaxed interface step-Li0-PO3 has formers bonded to 2 O of the oxide"


@pytest.mark.parametrize("lacking", ["parent", "interface"])
def test_without_a_parent_or_an_interface_there_is_a_reason(
    coated_plan: StudyPlan, lacking: str
) -> None:
    one = coated_plan.candidates(STEP)[0]
    made = {
        "parent": calculation("b", structure=coated_plan.slab),
        "interface": calculation("i", structure=one.structure),
    }
    made[lacking] = calculation("f", "failed", 2.0, label=lacking)
    first = BondedOxygen(termination=STEP, order=0)
    reason = without_bonded_oxygen.original(made["parent"], made["interface"], first)
    assert reason == f"{lacking} failed: reason 2.0"
