"""Jobs that make one structure from another. Each returns it, or the reason why it can't."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from jobflow import job

from llo_dft.analysis.interface.adhesion import bonded_oxygens, interface_bonds, lowest_energy
from llo_dft.builders.interface.relay import relay_coating
from llo_dft.builders.reference_cells import o2_in_box
from llo_dft.builders.surface.slab import SlabTemplate, recut
from llo_dft.builders.surface.symmetry import top_bottom_permutations

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.documents.plan import PlannedInterface, StudyPlan

#: Tolerance (angstrom) within which a slab cut from a relaxed bulk counts as symmetric.
RELAXED_SYMMETRY_TOLERANCE = 0.1


@job
def cut_relaxed_slab(plan: StudyPlan, bulk: CalculationDocument) -> Structure | str:
    """Cut the planned slab from the relaxed bulk."""
    if bulk.structure is None:
        return _why_not(bulk)
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
        return _why_not(parent)
    return _without(parent.structure, removed)


@job
def lay_coating(planned: PlannedInterface, slab: CalculationDocument) -> Structure | str:
    """Lay a planned coating on the relaxed bare slab."""
    if slab.structure is None:
        return _why_not(slab)
    return relay_coating(
        planned.structure, planned.llo_sites, planned.coating_sites, slab.structure
    )


@job
def best_interface(
    termination: str, candidates: list[CalculationDocument | None]
) -> CalculationDocument:
    """Return the candidate of lowest energy, or the first if none completed.

    Raises
    ------
    ValueError
        If every candidate's job broke down.
    """
    best = lowest_energy(candidates)
    left = [document for document in candidates if document is not None]
    if not left:
        raise ValueError(f"no interface of termination {termination} left a result")
    return left[0] if best is None else cast("CalculationDocument", candidates[best])


@job
def without_bonded_oxygen(
    parent: CalculationDocument,
    interface: CalculationDocument,
    planned: PlannedInterface,
    order: int,
    positions: list[int | None],
) -> Structure | str:
    """Take away an O to which a former of the coating is bonded.

    Parameters
    ----------
    parent
        The relaxed host.
    interface
        The relaxed pristine interface, where the bonds are looked for.
    planned
        The interface before, for its sites.
    order
        Which of the bonded O, counted from 0 by their numbers in the bare slab.
    positions
        Site in the host of each atom of the pristine bare slab; None: it is not there.

    Returns
    -------
    The structure, or the reason why there is none.
    """
    for document in (parent, interface):
        if document.structure is None:
            return _why_not(document)
    oxygens = bonded_oxygens(
        interface_bonds(
            cast("Structure", interface.structure), planned.llo_sites, planned.coating_sites
        )
    )
    if order >= len(oxygens):
        return too_few_bonds(planned.termination, len(oxygens))
    site = positions[oxygens[order]]
    if site is None:
        return f"O{oxygens[order]} is not in {parent.label}"
    return _without(cast("Structure", parent.structure), [site])


@job
def oxygen_molecule() -> Structure:
    """Return one O2 in a box: triplet by its moments, far from its images."""
    return o2_in_box()


def too_few_bonds(termination: str, count: int) -> str:
    """Return the reason why there is no further O bonded to the coating."""
    return f"the relaxed interface {termination} has formers bonded to {count} O of the oxide"


def _without(structure: Structure, removed: list[int]) -> Structure:
    remaining: Structure = structure.copy()
    remaining.remove_sites(removed)
    return remaining


def _why_not(document: CalculationDocument) -> str:
    return f"{document.label} {document.status}: {document.reason}"
