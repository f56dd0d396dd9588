"""A planned coating laid on the slab as it relaxed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.matching.common_cell import InterfaceError
from llo_dft.chemistry.element_table import symbols_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.typing import FloatArray

#: O within this height of the highest one belong to the oxide's outer plane, angstrom.
OUTER_PLANE_ANGSTROM: Final = 1.0


def relay_coating(
    planned: Structure,
    llo_sites: Sequence[int | None],
    coating_sites: Sequence[int],
    slab: Structure,
) -> Structure:
    """Put a planned coating on a slab that has relaxed since.

    Parameters
    ----------
    planned
        The interface on the unrelaxed slab.
    llo_sites
        Site in ``planned`` of each atom of ``slab``; None where the coating takes its place.
    coating_sites
        The other sites of ``planned``.
    slab
        The relaxed slab: c along the normal, not crossed by the slab.

    Returns
    -------
    The interface with the slab's cell in the plane and its relaxed oxide, atoms in the order
    of ``planned``. The coating follows the cell in the plane, and keeps its height above the
    slab's outer O plane, its shape along the normal and its place over that plane.

    Raises
    ------
    InterfaceError
        If the slab does not hold the atoms that the interface was planned on.
    """
    kept = [i for i, site in enumerate(llo_sites) if site is not None]
    sites = [site for site in llo_sites if site is not None]
    symbols, theirs = symbols_of(planned), symbols_of(slab)
    if len(llo_sites) != len(slab) or [symbols[i] for i in sites] != [theirs[i] for i in kept]:
        raise InterfaceError(
            f"the interface was planned on another slab: expected the {len(llo_sites)} atoms of "
            f"the pristine bare slab in their order, got {slab.formula}"
        )
    before, after = planned.frac_coords.copy(), slab.frac_coords[kept]
    # the slab lies elsewhere in its own cell: compare its atoms as the interface has them
    moved = after[:, :2] - before[sites][:, :2]
    moved -= np.round(moved)
    heights_before, heights_after = planned.cart_coords[:, 2], slab.cart_coords[kept, 2]
    outer = _outer_oxygen(heights_before[sites], [symbols[i] for i in sites])
    rise = float(np.mean(heights_after[outer] - heights_before[sites][outer]))
    coords = np.empty_like(before)
    coords[sites] = np.column_stack([before[sites][:, :2] + moved, heights_after - rise])
    coating = list(coating_sites)
    drift = moved[outer].mean(axis=0)
    coords[coating] = np.column_stack([before[coating][:, :2] + drift, heights_before[coating]])
    c = planned.lattice.c
    coords[:, 2] /= c
    matrix = slab.lattice.matrix.copy()
    matrix[2] = [0.0, 0.0, c]
    return Structure(Lattice(matrix), symbols, coords)


def _outer_oxygen(heights: FloatArray, symbols: Sequence[str]) -> list[int]:
    oxygen = [i for i, symbol in enumerate(symbols) if symbol == "O"]
    top = max(heights[i] for i in oxygen)
    return [i for i in oxygen if heights[i] > top - OUTER_PLANE_ANGSTROM]
