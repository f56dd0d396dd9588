from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from store_calculations import calculation

from llo_dft.builders.slab import SlabError
from llo_dft.jobs.structures import cut_relaxed_slab, oxygen_molecule, without_sites

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.documents.plan import StudyPlan

POSITION_TOLERANCE_ANGSTROM = 1e-6


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
    with pytest.raises(SlabError, match="does not hold the sites of the bulk"):
        cut_relaxed_slab.original(plan, relaxed(shuffled))


def test_a_failed_bulk_gives_its_reason(plan: StudyPlan) -> None:
    failed = calculation("k", "failed", 1.0, label="bulk")
    assert cut_relaxed_slab.original(plan, failed) == "bulk failed: reason 1.0"


def test_sites_are_removed_from_the_relaxed_structure() -> None:
    parent = calculation("k")
    left = without_sites.original(parent, [0])
    assert [site.specie.symbol for site in left] == ["O"]
    assert len(parent.structure) == 2


def test_a_parent_without_a_structure_gives_its_reason() -> None:
    failed = calculation("k", "failed", 2.0, label="bare_x1.0000")
    assert without_sites.original(failed, [0]) == "bare_x1.0000 failed: reason 2.0"


def test_oxygen_is_a_triplet_far_from_its_images() -> None:
    molecule = oxygen_molecule.original()
    assert molecule.composition.formula == "O2"
    assert sum(molecule.site_properties["magmom"]) == 2.0
    assert molecule.get_distance(0, 1) == pytest.approx(1.21)
    assert min(molecule.lattice.abc) - 1.21 > 10.0
