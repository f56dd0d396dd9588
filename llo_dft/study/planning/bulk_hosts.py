"""The oxide's crystal on its way to be delithiated, which gives the voltage of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.builders.ordering.delithiation import delithiate
from llo_dft.documents.plan import PlannedBulkHost

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.recipe import Recipe


def plan_bulk_hosts(recipe: Recipe, bulk: Structure) -> list[PlannedBulkHost]:
    """Return the crystal at the lithium contents of the study, from full to empty.

    A slab's own voltage is that of its faces too. Contents are the nearest that whole Li of this
    cell allow, each once, in as many orderings as are relaxed of a slab, those of lowest Ewald
    energy: the cells are small, and the lowest as relaxed counts.
    """
    asked = recipe.delithiation
    if asked.voltage == "slab":
        return []
    lithium = list(bulk.indices_from_symbol("Li"))
    left = {round(fraction * len(lithium)) for fraction in asked.fractions}
    contents = sorted(left - {len(lithium)}, reverse=True)
    found = delithiate(
        bulk,
        lithium,
        [n_li / len(lithium) for n_li in contents],
        turn_over=None,
        seed=recipe.study.seed,
        n_candidates=min(asked.relaxed, asked.candidates),
    )
    return [
        PlannedBulkHost(
            lithium_fraction=n_li / len(lithium), n_li=n_li, order=order, removed=list(way.removed)
        )
        for n_li, ways in zip(contents, found, strict=True)
        for order, way in enumerate(ways)
    ]
