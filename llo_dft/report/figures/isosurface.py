"""Triangles of an isosurface, for drawing only."""

from itertools import permutations
from typing import Final

import numpy as np

from llo_dft.typing import FloatArray, IntArray

#: The six tetrahedra of a cube: from one corner to the opposite one, an axis at a time.
_TETRAHEDRA: Final = [
    np.cumsum([np.zeros(3, dtype=np.int64), *(np.eye(3, dtype=np.int64)[i] for i in order)], axis=0)
    for order in permutations(range(3))
]

#: For each number of corners inside and the order (inside first): pairs of corners whose
#: edges the surface cuts, three to a triangle.
_CUTS: Final = {
    1: [[(0, 1), (0, 2), (0, 3)]],
    2: [[(0, 2), (0, 3), (1, 3)], [(0, 2), (1, 3), (1, 2)]],
    3: [[(0, 3), (1, 3), (2, 3)]],
}


def isosurface(values: FloatArray, level: float) -> FloatArray:
    """Cut every cube of a grid into tetrahedra, and these by the surface value = level.

    The values are on a regular grid, shape (n_a, n_b, n_c), not periodic; ``level`` is in their
    unit.

    Returns the corners of triangles in units of grid steps, shape (n_triangles, 3, 3),
    anticlockwise as seen from where the values are below the level.
    """
    inside = values > level
    lower = tuple(slice(None, -1) for _ in range(3))
    any_in, all_in = inside[lower].copy(), inside[lower].copy()
    for corner in np.ndindex(2, 2, 2):
        shifted = inside[
            tuple(slice(c, n - 1 + c) for c, n in zip(corner, inside.shape, strict=True))
        ]
        any_in |= shifted
        all_in &= shifted
    cubes = np.argwhere(any_in & ~all_in)
    pieces = [_cut(values, level, cubes[:, None, :] + corners) for corners in _TETRAHEDRA]
    return np.concatenate(pieces)


def _cut(values: FloatArray, level: float, corners: IntArray) -> FloatArray:
    """Cut tetrahedra, corners shape (n, 4, 3), into triangles, shape (m, 3, 3)."""
    above = values[tuple(np.moveaxis(corners, -1, 0))] - level
    order = np.argsort(above <= 0, axis=1, kind="stable")  # corners inside first
    above = np.take_along_axis(above, order, axis=1)
    corners = np.take_along_axis(corners, order[..., None], axis=1)
    n_inside = (above > 0).sum(axis=1)
    triangles = [np.empty((0, 3, 3))]
    for count, cuts in _CUTS.items():
        chosen = n_inside == count
        for cut in cuts:
            points = []
            for i, j in cut:
                fraction = above[chosen, i] / (above[chosen, i] - above[chosen, j])
                start, end = corners[chosen, i], corners[chosen, j]
                points.append(start + fraction[:, None] * (end - start))
            triangles.append(_outward(np.stack(points, axis=1), corners[chosen, 0]))
    return np.concatenate(triangles)


def _outward(triangles: FloatArray, inside: IntArray) -> FloatArray:
    """Turn triangles that face the points inside, for they are shaded by their normals."""
    first, second, third = np.moveaxis(triangles, 1, 0)
    normals = np.cross(second - first, third - first)
    facing = np.einsum("ij,ij->i", normals, first - inside) < 0
    triangles[facing] = triangles[facing][:, ::-1]
    return triangles
