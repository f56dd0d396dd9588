"""The oxide's crystal on its way to be delithiated, which gives the voltage of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.builders.ordering.delithiation import delithiate_to
from llo_dft.documents.plan import PlannedBulkHost

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.recipe import Recipe


def plan_bulk_hosts(recipe: Recipe, bulk: Structure) -> list[PlannedBulkHost]:
    """Return the crystal at the lithium contents of the study, each once, from full to empty.

    A slab's own voltage is that of its faces too. The Li that leave are those whose leaving costs
    the least Ewald energy, as in the slabs. Contents are the nearest that whole Li of this cell
    allow.
    """
    if recipe.delithiation.voltage == "slab":
        return []
    lithium = list(bulk.indices_from_symbol("Li"))
    left = {round(fraction * len(lithium)) for fraction in recipe.delithiation.fractions}
    return [
        PlannedBulkHost(
            lithium_fraction=n_li / len(lithium),
            n_li=n_li,
            removed=delithiate_to(bulk, lithium, len(lithium) - n_li, seed=recipe.study.seed),
        )
        for n_li in sorted(left - {len(lithium)}, reverse=True)
    ]
