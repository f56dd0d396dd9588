"""Alternating rows of metals within the layers of a layered oxide.

On a triangular layer not all neighbours can be opposite. Rows of nearest neighbours that
alternate are the collinear order with the most opposite pairs, four of six. Rows at distance h
alternate as a wave of length 2 h, so the order fits a cell if such a wave is among the cell's
reciprocal vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray, IntArray

#: Heights that differ by less belong to one layer, angstrom; layers are 4.7 apart.
_LAYER_GAP: Final = 1.5

#: How far the wave's length may be from that of an ideal triangular layer, relative; a cell that
#: is strained or relaxed has rows at slightly other distances.
_LENGTH_TOLERANCE: Final = 0.15

#: How far a metal may lie from its row, in units of the distance of rows.
_OFF_ROW: Final = 0.25


class MagneticOrderError(InputError):
    """A magnetic order that does not fit a cell; says what would."""


def alternating_rows(structure: Structure, metals: list[int]) -> IntArray:
    """Return +1 or -1 for each metal: rows of nearest neighbours within a layer alternate.

    The first metal of each layer, in the order of sites, points up, so that a slab and the same
    slab without some O or Li have the same order.

    Parameters
    ----------
    structure
        Its layers are parallel to the first two lattice vectors.
    metals
        Sites of the metals of the layers; not empty.

    Raises
    ------
    MagneticOrderError
        If no alternating rows fit the cell.
    """
    vectors, coords = _along_the_plane(structure)
    in_plane, heights = coords[metals, :2], coords[metals, 2]
    signs = np.ones(len(metals), dtype=np.int64)
    for layer in _layers(heights, abs(float(vectors[2, 2]))):
        # c leans: an atom that was wrapped into the next period lies elsewhere in the plane
        periods = np.round((heights[layer] - heights[layer[0]]) / vectors[2, 2])
        points = in_plane[layer] - periods[:, None] * vectors[2, :2]
        signs[layer] = _row_signs(points, vectors[:2, :2])
    return signs


def _along_the_plane(structure: Structure) -> tuple[FloatArray, FloatArray]:
    """Return lattice vectors and atoms in axes of which the first two span a and b."""
    a, b, _ = structure.lattice.matrix
    normal = np.cross(a, b)
    normal /= np.linalg.norm(normal)
    x = a / np.linalg.norm(a)
    axes = np.column_stack([x, np.cross(normal, x), normal])
    return structure.lattice.matrix @ axes, structure.cart_coords @ axes


def _layers(heights: FloatArray, period: float) -> list[IntArray]:
    """Return which heights belong together; they repeat with the period."""
    wrapped = np.mod(heights, period)
    order = np.argsort(wrapped, kind="stable")
    gaps = np.diff(np.append(wrapped[order], wrapped[order[0]] + period))
    ends = np.flatnonzero(gaps > _LAYER_GAP)
    if not ends.size:
        return [np.arange(len(heights))]
    rolled = np.roll(order, -(int(ends[-1]) + 1))
    sizes = np.diff(ends, prepend=ends[-1] - len(order))
    return [np.sort(part) for part in np.split(rolled, np.cumsum(sizes)[:-1])]


def _row_signs(points: FloatArray, vectors: FloatArray) -> IntArray:
    """Return the signs of one layer's metals, shape (n,); ``points`` has shape (n, 2)."""
    length = np.sqrt(3) * _neighbour_distance(points, vectors)
    reciprocal = np.linalg.inv(vectors).T
    most = np.ceil(np.linalg.norm(vectors, axis=1) * (1 + _LENGTH_TOLERANCE) / length).astype(int)
    best: tuple[float, IntArray] | None = None
    for m in range(most[0] + 1):
        for n in range(-most[1], most[1] + 1):
            wave = np.array([m, n]) @ reciprocal
            size = float(np.linalg.norm(wave))
            if abs(size * length - 1) > _LENGTH_TOLERANCE:
                continue
            rows = 2 * (points - points[0]) @ wave
            off_row = float(np.abs(rows - np.round(rows)).max())
            if off_row < _OFF_ROW and (best is None or off_row < best[0] - _OFF_ROW / 100):
                best = off_row, np.where(np.round(rows) % 2 == 0, 1, -1)
    if best is None:
        raise MagneticOrderError(
            'magnetic_order = "rows" does not fit: no rows of neighbouring metals alternate with '
            "this cell's period; take a supercell that is even in both directions "
            '(cathode.supercell), or "ferro"'
        )
    return best[1]


def _neighbour_distance(points: FloatArray, vectors: FloatArray) -> float:
    """Return the median distance of a metal to its nearest one in the layer, angstrom."""
    shifts = np.array([[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1)]) @ vectors
    between = points[:, None, None, :] + shifts - points[None, :, None, :]
    lengths = np.linalg.norm(between, axis=-1)
    lengths[lengths < _LAYER_GAP] = np.inf  # itself
    return float(np.median(lengths.min(axis=(1, 2))))
