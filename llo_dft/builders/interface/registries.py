"""Registries of an interface: the distinct positions of the coating on the oxide.

A registry is an in-plane shift of the coating, as fractions of the common cell. Shifts that
differ by a translation of either slab give the same interface, so the distinct ones fill one
cell of the sum of the two lattices of translations. A regular grid is laid in it and reduced by
the operations that both slabs share.

Let g(x) = R x + t be an operation of the oxide slab L, and h(x) = R x + s one of the coating C
with the same R, both keeping the normal. Then g(C + r) = R C + R r + t, and R C = C - s, so
g takes the interface L + (C + r) to L + (C + R r + t - s): the registries r and R r + t - s
are the same interface.
"""

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.matching.lattice2d import in_plane_basis, integer_row_basis, reduction
from llo_dft.builders.surface.symmetry import symmetry_dataset
from llo_dft.typing import FloatArray, IntArray

#: Distance within which an operation must map a slab onto itself, angstrom. Tighter than for
#: orderings, so that interfaces that count as the same differ by no more.
REGISTRY_TOLERANCE: Final = 0.01


def registry_grid(
    llo: Structure, coating: Structure, spacing: float
) -> list[list[tuple[float, float]]]:
    """Return the distinct registries of a grid, each as all its shifts that are equivalent.

    Both slabs are on the common cell, as ``share_cell`` returns them. ``spacing`` is the largest
    distance between neighbouring grid points along the grid's two axes, angstrom. The numbers of
    points are even, so that glide operations fall on the grid. Registries, and the shifts of each,
    are in the order of the grid.
    """
    cell = in_plane_basis(llo.lattice.matrix[:2])
    grid = _grid((_layer_group(llo), _layer_group(coating)), cell, spacing)
    labels = _orbits(grid)
    shifts = [(a, b) for a, b in grid.shifts().tolist()]
    return [[shifts[i] for i in np.flatnonzero(labels == first)] for first in np.unique(labels)]


@dataclass(frozen=True, eq=False)
class _LayerGroup:
    """Operations of a slab that keep its normal, on fractional column coordinates.

    ``rotations`` maps each linear part, as a tuple of its four integers, to a translation.
    """

    translations: FloatArray
    rotations: dict[tuple[int, ...], FloatArray]


@dataclass(frozen=True, eq=False)
class _Grid:
    """Points (origin + k / counts) @ basis and the operations w -> w @ M + tau between them."""

    cell: FloatArray
    """(2, 2) the common cell, angstrom."""
    basis: FloatArray
    """(2, 2) the cell of distinct registries, as fractions of the common cell."""
    counts: IntArray
    """(2,) points along each of its axes."""
    origin: FloatArray
    """(2,) on ``basis``."""
    matrices: IntArray
    offsets: FloatArray
    """matrices, offsets: (n, 2, 2) and (n, 2), on ``basis``."""

    def points(self) -> IntArray:
        """Return the integers k of all points."""
        return np.array(list(product(*(range(n) for n in self.counts.tolist()))))

    def shifts(self) -> FloatArray:
        """Return all points as fractions of the common cell, each in [0, 1)."""
        shifts = (self.origin + self.points() / self.counts) @ self.basis
        return np.mod(np.round(shifts, 12), 1.0)

    def misses(self, origin: FloatArray) -> FloatArray:
        """Return how far each operation moves the grid with an origin off itself, angstrom."""
        moved = np.einsum("i,nij->nj", origin, self.matrices) + self.offsets - origin
        steps = moved * self.counts
        apart = (steps - np.round(steps)) / self.counts @ self.basis @ self.cell
        result: FloatArray = np.linalg.norm(apart, axis=1)
        return result


def _layer_group(slab: Structure) -> _LayerGroup:
    dataset = symmetry_dataset(slab, REGISTRY_TOLERANCE)
    rotations: dict[tuple[int, ...], FloatArray] = {}
    translations: list[FloatArray] = []
    for rotation, translation in zip(dataset.rotations, dataset.translations, strict=True):
        along = translation[2] - np.round(translation[2])
        mixed = rotation[2, :2].any() or rotation[:2, 2].any()
        if rotation[2, 2] != 1 or mixed or abs(along) * slab.lattice.c > REGISTRY_TOLERANCE:
            continue
        linear = rotation[:2, :2]
        if (linear == np.eye(2)).all():
            translations.append(translation[:2])
        rotations.setdefault(tuple(linear.ravel().tolist()), translation[:2])
    return _LayerGroup(np.array(translations), rotations)


def _grid(groups: tuple[_LayerGroup, _LayerGroup], cell: FloatArray, spacing: float) -> _Grid:
    llo, coating = groups
    basis = _sum_of_lattices(llo.translations, coating.translations)
    basis = reduction(basis @ cell) @ basis
    inverse = np.linalg.inv(basis)
    common = sorted(set(llo.rotations) & set(coating.rotations))
    # rows: r -> r R^T + t - s
    linear = [np.array(key).reshape(2, 2).T for key in common]
    matrices = np.round([basis @ r @ inverse for r in linear]).astype(np.int64)
    offsets = np.array([llo.rotations[k] - coating.rotations[k] for k in common]) @ inverse
    lengths = np.linalg.norm(basis @ cell, axis=1)
    counts = 2 * np.ceil(lengths / (2 * spacing) - 1e-9).astype(np.int64)
    if (matrices * counts[None, None, :] % counts[None, :, None]).any():
        counts = np.full(2, counts.max())  # an operation mixes the two axes
    grid = _Grid(cell, basis, counts, np.zeros(2), matrices, offsets)
    return _Grid(cell, basis, counts, _best_origin(grid), matrices, offsets)


def _sum_of_lattices(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return a basis of the sums of two groups of translations, fractions of the cell."""
    # n translations that form a group modulo the cell are multiples of 1/n
    denominator = int(np.lcm(len(first), len(second)))
    rows = np.vstack([np.eye(2), first, second]) * denominator
    basis = integer_row_basis(np.round(rows).astype(np.int64))
    return basis / denominator


def _best_origin(grid: _Grid) -> FloatArray:
    """Return the origin for which most operations map the grid onto itself.

    Candidates are the points that an operation leaves in place (or only slides along its
    mirror line), o (1 - M) = tau + a lattice vector.
    """
    candidates = [np.zeros(2)]
    for matrix, offset in zip(grid.matrices, grid.offsets, strict=True):
        inverse = np.linalg.pinv(np.eye(2) - matrix)
        candidates += [(offset + np.array(s)) @ inverse for s in product(range(3), repeat=2)]
    kept = [int((grid.misses(origin) < 2 * REGISTRY_TOLERANCE).sum()) for origin in candidates]
    return candidates[int(np.argmax(kept))]


def _orbits(grid: _Grid) -> IntArray:
    """Return, for each grid point, the first point that it is equivalent to."""
    points = grid.points()
    size = np.array([grid.counts[1], 1])
    useful = np.flatnonzero(grid.misses(grid.origin) < 2 * REGISTRY_TOLERANCE)
    labels = np.arange(len(points))
    images = []
    for i in useful:
        moved = (grid.origin + points / grid.counts) @ grid.matrices[i] + grid.offsets[i]
        steps = np.round((moved - grid.origin) * grid.counts).astype(np.int64)
        images.append(np.mod(steps, grid.counts) @ size)
    while True:
        before = labels.copy()
        for image in images:
            np.minimum.at(labels, image, labels.copy())
            labels = np.minimum(labels, labels[image])
        if (labels == before).all():
            return labels
