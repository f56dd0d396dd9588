"""Atoms of a bulk in a cell with vacuum."""

from collections.abc import Sequence

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.typing import FloatArray


def place_slab(
    lattice: Lattice, frac_coords: FloatArray, symbols: Sequence[str], vacuum: float
) -> Structure:
    """Put atoms into a cell with vacuum: a along x, the normal of a and b along z, centred.

    ``lattice``'s a and b span the slab's plane; c is any vector out of it. ``frac_coords`` (n, 3)
    are on it, along c consecutive as in the slab, not wrapped; the order of ``symbols`` (n,) is
    kept. ``vacuum`` is the distance between the outermost atoms of the slab and of its image,
    angstrom.
    """
    a, b, _ = lattice.matrix
    z = np.cross(a, b) / np.linalg.norm(np.cross(a, b))
    x = a / np.linalg.norm(a)
    axes = np.array([x, np.cross(z, x), z])
    coords = lattice.get_cartesian_coords(frac_coords) @ axes.T
    thickness = float(np.ptp(coords[:, 2]))
    height = thickness + vacuum
    coords[:, 2] += 0.5 * (height - thickness) - coords[:, 2].min()
    in_plane = np.array([a, b]) @ axes.T
    in_plane[:, 2] = 0.0
    cell = Lattice(np.vstack([in_plane, [0.0, 0.0, height]]))
    fractional = cell.get_fractional_coords(coords)
    fractional[:, :2] = np.mod(np.round(fractional[:, :2], 12), 1.0)
    return Structure(cell, list(symbols), fractional)
