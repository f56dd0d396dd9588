"""Jobs that make one structure from another. Each returns it, or the reason why not."""

from typing import cast

from jobflow import job
from pymatgen.core.structure import Structure

from llo_dft.analysis.interface.adhesion import bonded_oxygens, interface_bonds, lowest_energy
from llo_dft.builders.interface.relay import relay_coating
from llo_dft.builders.reference_cells import o2_in_box
from llo_dft.builders.surface.slab import SlabTemplate, recut
from llo_dft.builders.surface.symmetry import top_bottom_permutations
from llo_dft.documents.atom_identity import (
    arranged,
    bare_sites,
    only_part,
    with_bare_sites,
    without_atoms,
)
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.plan import BondedOxygen, PlannedInterface, StudyPlan
from llo_dft.typing import Moved, Part

#: Tolerance (angstrom) within which a slab cut from a relaxed bulk counts as symmetric.
RELAXED_SYMMETRY_TOLERANCE = 0.1


@job
def cut_relaxed_slab(plan: StudyPlan, bulk: CalculationDocument) -> Structure | str:
    """Cut the planned slab from the relaxed bulk."""
    if bulk.structure is None:
        return why_not(bulk)
    template = SlabTemplate(plan.slab_bulk_sites, plan.slab_images, plan.vacuum)
    slab = recut(template, plan.bulk, bulk.structure)
    if plan.turn_over and not top_bottom_permutations(slab, RELAXED_SYMMETRY_TOLERANCE):
        return (
            "the relaxed bulk lost the operation that turns the slab over, so a slab cut from it "
            "would have a dipole"
        )
    return with_bare_sites(slab, bare_sites(plan.slab))


@job
def without(
    parent: CalculationDocument, removed: list[int], moved: dict[int, Moved] | None = None
) -> Structure | str:
    """Return the relaxed structure of a calculation with an ordering of Li (``arranged``)."""
    if parent.structure is None:
        return why_not(parent)
    # where jobs are stored, the keys of a mapping are text
    steps = {int(site): step for site, step in (moved or {}).items()}
    return arranged(parent.structure, removed, steps)


@job
def part_of(interface: CalculationDocument, part: Part) -> Structure | str:
    """Return one part of a relaxed interface, its atoms where they are in it."""
    if interface.structure is None:
        return why_not(interface)
    return only_part(interface.structure, part)


@job
def lay_coating(planned: PlannedInterface, slab: CalculationDocument) -> Structure | str:
    """Put a planned coating on the relaxed bare slab."""
    if slab.structure is None:
        return why_not(slab)
    return relay_coating(planned.structure, slab.structure)


@job
def lowest_of(
    what: str, candidates: list[CalculationDocument | None], margin_ev: float = 0.0
) -> CalculationDocument:
    """Return the candidate of lowest energy, or the first if none completed.

    Raises ``ValueError`` if every candidate's job failed; ``what`` names the candidates in the
    message. The others replace the first only where they are lower by more than ``margin_ev``.
    """
    best = lowest_energy(candidates, margin_ev)
    left = [document for document in candidates if document is not None]
    if not left:
        raise ValueError(f"no {what} left a result")
    return left[0] if best is None else cast("CalculationDocument", candidates[best])


@job
def without_bonded_oxygen(
    parent: CalculationDocument,
    interface: CalculationDocument,
    bonded: BondedOxygen,
    turn_over: list[int] | None = None,
) -> Structure | str:
    """Remove an O that a former of the coating is bonded to.

    The bonds are found in the relaxed pristine interface; ``bonded`` says which of the bonded O to
    remove. With ``turn_over``, the site map of the bare slab's top to its bottom, its image leaves.

    Returns the structure, or the reason why there is none.
    """
    for document in (parent, interface):
        if document.structure is None:
            return why_not(document)
    oxygens = bonded_oxygens(interface_bonds(cast("Structure", interface.structure)))
    if bonded.order >= len(oxygens):
        return (
            f"the relaxed interface {bonded.termination} has formers bonded to {len(oxygens)} O of "
            "the oxide"
        )
    site = oxygens[bonded.order]
    gone = site if turn_over is None else turn_over[site]
    return without_atoms(cast("Structure", parent.structure), [gone])


@job
def oxygen_molecule() -> Structure:
    """Return one O2 in a box: triplet by its moments, far from its images."""
    return o2_in_box()


def why_not(document: CalculationDocument) -> str:
    """Return the reason why nothing can start from a calculation without a structure."""
    return f"{document.label} {document.status}: {document.reason}"
