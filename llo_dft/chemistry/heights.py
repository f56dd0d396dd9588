"""How high the atoms of a slab lie."""

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.typing import FloatArray


def cell_height(structure: Structure) -> float:
    """Return the height of a cell above the plane of its a and b, angstrom."""
    return structure.volume / float(np.linalg.norm(np.cross(*structure.lattice.matrix[:2])))


def heights_angstrom(slab: Structure) -> FloatArray:
    """Return the height of each atom along the normal of a and b, shape (n_atoms,).

    They count from the cell's widest gap up, so that a slab across the end of c is in one piece.
    """
    fractions = np.mod(slab.frac_coords[:, 2], 1.0)
    fractions[fractions >= 1.0] = 0.0  # of -1e-17
    ordered = np.sort(fractions)
    gaps = np.diff(ordered, prepend=ordered[-1] - 1.0)
    fractions[fractions < ordered[gaps.argmax()]] += 1.0
    a, b, _ = slab.lattice.matrix
    heights: FloatArray = fractions * slab.volume / np.linalg.norm(np.cross(a, b))
    return heights
