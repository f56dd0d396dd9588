"""A planned coating placed on the relaxed slab."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.matching.common_cell import InterfaceError
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.documents.atom_identity import bare_sites, coating_places, places, with_bare_sites
from llo_dft.typing import FloatArray

#: O within this height of the highest one belong to the oxide's outer plane, angstrom.
OUTER_PLANE_ANGSTROM: Final = 1.0


def relay_coating(planned: Structure, slab: Structure) -> Structure:
    """Put a planned coating on a slab that was relaxed after the plan was made.

    Raises ``InterfaceError`` if the slab lacks atoms that the interface was planned on.

    ``planned`` is the interface on the unrelaxed slab; its atoms carry their index in the bare
    slab. ``slab`` is the relaxed slab, likewise; c is along the normal, and the slab does not cross
    it.

    Returns the interface with the slab's in-plane cell and its relaxed oxide, atoms in the order of
    ``planned``. The coating follows the in-plane cell, and keeps its height above the slab's outer
    O plane, its shape along the normal and its position over that plane.
    """
    there, here = places(planned), places(slab)
    symbols, theirs = symbols_of(planned), symbols_of(slab)
    strange = [i for i in there if i not in here or symbols[there[i]] != theirs[here[i]]]
    if strange:
        raise InterfaceError(
            f"the interface was planned on another slab: {slab.formula} lacks "
            f"{', '.join(f'{symbols[there[i]]}{i}' for i in strange[:3])} of it"
        )
    sites, kept = list(there.values()), [here[i] for i in there]
    before, after = planned.frac_coords.copy(), slab.frac_coords[kept]
    # the slab is at another height in its own cell: compare its atoms as in the interface
    moved = after[:, :2] - before[sites][:, :2]
    moved -= np.round(moved)
    heights_before, heights_after = planned.cart_coords[:, 2], slab.cart_coords[kept, 2]
    outer = _outer_oxygen(heights_before[sites], [symbols[i] for i in sites])
    rise = float(np.mean(heights_after[outer] - heights_before[sites][outer]))
    coords = np.empty_like(before)
    coords[sites] = np.column_stack([before[sites][:, :2] + moved, heights_after - rise])
    coating = coating_places(planned)
    drift = moved[outer].mean(axis=0)
    coords[coating] = np.column_stack([before[coating][:, :2] + drift, heights_before[coating]])
    c = planned.lattice.c
    coords[:, 2] /= c
    matrix = slab.lattice.matrix.copy()
    matrix[2] = [0.0, 0.0, c]
    laid = Structure(Lattice(matrix), symbols, coords)
    return with_bare_sites(laid, bare_sites(planned))


def _outer_oxygen(heights: FloatArray, symbols: Sequence[str]) -> list[int]:
    oxygen = [i for i, symbol in enumerate(symbols) if symbol == "O"]
    top = max(heights[i] for i in oxygen)
    return [i for i in oxygen if heights[i] > top - OUTER_PLANE_ANGSTROM]
