"""The lattice of a crystal plane, primitive even if the bulk cell is centred; cells with vacuum."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import Final

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.matching.lattice2d import (
    in_plane_basis,
    integer_row_basis,
    leave_one_in,
    reduction,
)
from llo_dft.builders.surface.symmetry import translations
from llo_dft.typing import FloatArray, IntArray

#: Planes beyond have cells of more than any slab's atoms; products of indices stay exact.
_LARGEST_INDEX: Final = 100_000


@dataclass(frozen=True, eq=False)
class SurfaceLattice:
    """The 2D lattice of a plane of a bulk crystal."""

    miller_index: tuple[int, int, int]
    """(h, k, l) on the axes of the bulk as given, without common factor."""
    vectors: FloatArray
    """(2, 3) Cartesian, angstrom: reduced, and right-handed about the outward normal."""
    numerators: IntArray
    denominator: int
    """numerators, denominator: (2, 3) integers and one integer: ``numerators / denominator @
    bulk.lattice.matrix`` are the vectors. The denominator is 1 unless a centring divides the
    cell by two or three."""

    @property
    def area_a2(self) -> float:
        """Area of the cell, square angstrom."""
        return float(np.linalg.norm(np.cross(self.vectors[0], self.vectors[1])))

    @property
    def normal(self) -> FloatArray:
        """(3,) outward unit normal, along the reciprocal vector of the Miller index."""
        cross: FloatArray = np.cross(self.vectors[0], self.vectors[1])
        return cross / np.linalg.norm(cross)


def surface_lattice(bulk: Structure, miller_index: Sequence[int]) -> SurfaceLattice:
    """Return the lattice of a plane, with all translations of the crystal in it.

    Raises ``ValueError`` if the index is (0, 0, 0) or not three integers.

    The index refers to the axes of the ordered ``bulk``: the setting matters, and a primitive and a
    conventional cell of the same crystal have different indices for one plane. A common factor is
    divided out.
    """
    index = _checked_index(miller_index)
    shifts = translations(bulk)
    # n translations that form a group modulo the cell are multiples of 1/n
    denominator = len(shifts)
    rows = np.vstack(
        [denominator * np.eye(3), np.round(shifts * denominator)],
    ).astype(np.int64)
    lattice = integer_row_basis(rows)
    in_plane = _integer_kernel(lattice @ np.array(index)) @ lattice
    numerators = _reduced(in_plane, denominator, bulk, index)
    if numerators[0][np.flatnonzero(numerators[0])[0]] < 0:
        numerators = -numerators
    common = int(np.gcd.reduce(np.append(numerators.ravel(), denominator)))
    return SurfaceLattice(
        miller_index=index,
        vectors=numerators / denominator @ bulk.lattice.matrix,
        numerators=numerators // common,
        denominator=denominator // common,
    )


def oriented_cell(bulk: Structure, miller_index: Sequence[int]) -> Structure:
    """Return the same crystal on a cell of the same size whose a and b span a plane.

    Raises ``ValueError`` if the index is (0, 0, 0) or not three integers.

    The index refers to the axes of ``bulk``, ordered or not, and a common factor is divided out.
    Only its own lattice is used: translations within the cell are not searched. The new a and b are
    reduced and right-handed about the outward normal, c is the shortest vector to the next plane.
    Atoms keep their positions and order.
    """
    index = _checked_index(miller_index)
    matrix = bulk.lattice.matrix
    plane = _reduced(_integer_kernel(np.array(index)), 1, bulk, index)
    rows = leave_one_in(np.column_stack([index, np.eye(3, dtype=np.int64)]), 0)
    (up,) = (row[1:] * row[0] for row in rows if row[0])
    a, b = plane @ matrix
    (along, *_) = np.linalg.lstsq(np.column_stack([a, b]), up @ matrix, rcond=None)
    up = up - np.round(np.round(along, 9)).astype(np.int64) @ plane
    cell = Lattice(np.vstack([plane, up]) @ matrix)
    return Structure(
        cell,
        [site.species for site in bulk],
        bulk.cart_coords,
        coords_are_cartesian=True,
        to_unit_cell=True,
        site_properties=bulk.site_properties,
    )


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


def _reduced(
    rows: IntArray, denominator: int, bulk: Structure, index: tuple[int, int, int]
) -> IntArray:
    """Return lattice vectors of a plane as reduced ones, right-handed about its outward normal.

    Both are (2, 3) integers, of which 1 / ``denominator`` is meant.
    """
    vectors = rows / denominator @ bulk.lattice.matrix
    outward = bulk.lattice.reciprocal_lattice.matrix.T @ np.array(index)
    if np.cross(*vectors) @ outward < 0:
        rows, vectors = rows[::-1], vectors[::-1]
    return reduction(in_plane_basis(vectors)) @ rows


def _checked_index(miller_index: Sequence[int]) -> tuple[int, int, int]:
    values = list(miller_index)
    if len(values) != 3 or any(value != int(value) for value in values):  # noqa: PLR2004
        raise ValueError(f"a Miller index has three integers (h, k, l), got {values}")
    h, k, l = (int(value) for value in values)  # noqa: E741
    if max(abs(h), abs(k), abs(l)) > _LARGEST_INDEX:
        raise ValueError(f"a Miller index of at most {_LARGEST_INDEX} is expected, got {values}")
    common = gcd(h, k, l)
    if common == 0:
        raise ValueError("the Miller index (0, 0, 0) names no plane")
    return h // common, k // common, l // common


def _integer_kernel(values: IntArray) -> IntArray:
    """Return a (2, 3) basis of the integer vectors whose product with three values is 0."""
    rows = leave_one_in(np.column_stack([values, np.eye(3, dtype=np.int64)]), 0)
    return rows[rows[:, 0] == 0, 1:]
