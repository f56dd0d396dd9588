"""Jobs that make one structure from another. Each returns it, or the reason why it can't."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobflow import job

from llo_dft.builders.molecule import o2_in_box
from llo_dft.builders.slab import SlabTemplate, recut
from llo_dft.builders.symmetry import top_bottom_permutations

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.documents.plan import StudyPlan

#: Tolerance (angstrom) within which a slab cut from a relaxed bulk counts as symmetric.
RELAXED_SYMMETRY_TOLERANCE = 0.1


@job
def cut_relaxed_slab(plan: StudyPlan, bulk: CalculationDocument) -> Structure | str:
    """Cut the planned slab from the relaxed bulk."""
    if bulk.structure is None:
        return f"{bulk.label} {bulk.status}: {bulk.reason}"
    template = SlabTemplate(
        symbols=[site.specie.symbol for site in plan.slab],
        bulk_sites=plan.slab_bulk_sites,
        images=plan.slab_images,
        vacuum=plan.vacuum,
    )
    slab = recut(template, plan.bulk, bulk.structure)
    if not top_bottom_permutations(slab, RELAXED_SYMMETRY_TOLERANCE):
        return (
            "the relaxed bulk lost the operation that turns the slab over, so that a slab cut "
            "from it would carry a dipole"
        )
    return slab


@job
def without_sites(parent: CalculationDocument, removed: list[int]) -> Structure | str:
    """Return the relaxed structure of a calculation without some of its atoms."""
    if parent.structure is None:
        return f"{parent.label} {parent.status}: {parent.reason}"
    structure = parent.structure.copy()
    structure.remove_sites(removed)
    return structure


@job
def oxygen_molecule() -> Structure:
    """Return one O2 in a box: triplet by its moments, far from its images."""
    return o2_in_box()
