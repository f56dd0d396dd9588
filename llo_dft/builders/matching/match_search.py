"""The exhaustive search behind ``matching``: which sublattices of two lattices nearly agree.

A match maps the vectors of the film onto those of the substrate by a rational matrix; the
film's sublattice ``T_f @ film`` becomes the substrate's ``T_s @ substrate``. The search runs
over every sublattice of the film (one Hermite normal form each), and maps its two reduced basis
vectors to every pair of substrate vectors whose lengths the allowed stretches can reach. A linear
map with principal stretches in [s1, s2] changes no length by more than that, so none is missed,
whatever its basis or rotation; and for a sublattice of the film with one fixed basis each map is
found only once.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from llo_dft.builders.matching.lattice2d import (
    BoolArray,
    determinants,
    hermite_normal_forms,
    reduction,
)
from llo_dft.typing import FloatArray, IntArray

#: Pairs of substrate vectors compared at once; limits the memory to about 200 MB.
CHUNK: Final = 1_000_000

#: A limit may be exceeded by this much (relative), so that a match exactly on it is included.
SLACK: Final = 1e-9


@dataclass(frozen=True)
class Limits:
    """Limits of a match."""

    max_area: float
    """Largest area of the common cell, square angstrom."""
    max_strain: float
    """Largest absolute principal strain of either side in the common cell."""
    strain_share: float
    """Fraction of the strain that the film takes, 0 to 1. See ``side_stretches``."""

    def __post_init__(self) -> None:
        """Refuse limits that nothing can meet, or that make no sense."""
        if not (np.isfinite(self.max_area) and self.max_area > 0):
            raise ValueError(f"max_area must be a positive area in A^2, got {self.max_area}")
        if not 0 < self.max_strain < 1:
            raise ValueError(
                f"max_strain must lie between 0 and 1 (0.05 is 5 %), got {self.max_strain}"
            )
        if not 0 <= self.strain_share <= 1:
            raise ValueError(
                "strain_share must lie between 0 (the substrate takes all) and 1 (the film), "
                f"got {self.strain_share}"
            )

    def stretch_range(self) -> tuple[float, float]:
        """Return the smallest and largest principal stretch from film to substrate."""
        grow, shrink = np.log1p(self.max_strain), np.log1p(-self.max_strain)
        film, substrate = self.strain_share, 1 - self.strain_share
        low = max(shrink / film if film else -np.inf, -grow / substrate if substrate else -np.inf)
        high = min(grow / film if film else np.inf, -shrink / substrate if substrate else np.inf)
        return float(np.exp(low)) * (1 - SLACK), float(np.exp(high)) * (1 + SLACK)

    def side_stretches(self, stretches: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the stretch of each side, from the stretches film to substrate.

        With F = R U = V R, the film is deformed by U^share and the substrate by
        V^(share - 1); then both have the same cell. Both have the principal axes of F.
        """
        return stretches**self.strain_share, stretches ** (self.strain_share - 1)


@dataclass(frozen=True)
class Candidates:
    """Maps within the limits, up to sign: (n, 2, 2) integers on the rows of the two bases."""

    film: IntArray
    substrate: IntArray


@dataclass(frozen=True)
class _Problem:
    """Two bases, and the substrate's vectors by length: all, and one of each pair v and -v."""

    film: FloatArray
    substrate: FloatArray
    vectors: IntArray
    half: IntArray
    limits: Limits


def search(film: FloatArray, substrate: FloatArray, limits: Limits) -> Candidates:
    """Return every map within the limits, each with its smallest common cell.

    Of a map and its negative (which turns the film by 180 degrees) only one is returned.

    Both bases are (2, 2), reduced and right-handed, angstrom.
    """
    sublattices = _film_sublattices(film, limits, float(determinants(substrate)))
    if not len(sublattices):
        return Candidates(sublattices, sublattices)
    longest = float(_lengths(sublattices @ film).max())
    vectors = _vectors_by_length(substrate, limits.stretch_range()[1] * longest)
    upper = (vectors[:, 0] > 0) | ((vectors[:, 0] == 0) & (vectors[:, 1] > 0))
    problem = _Problem(film, substrate, vectors, vectors[upper], limits)
    ranges = _image_ranges(sublattices, problem)
    found = [_compare(sublattices[part], ranges[part], problem) for part in _chunks(ranges)]
    return Candidates(
        np.concatenate([film_part for film_part, _ in found]),
        np.concatenate([substrate_part for _, substrate_part in found]),
    )


def _film_sublattices(film: FloatArray, limits: Limits, substrate_area: float) -> IntArray:
    """Return the reduced bases (n, 2, 2) of all film sublattices that a match may use."""
    low, high = limits.stretch_range()
    area = float(determinants(film))
    largest = limits.max_area / low ** (2 * limits.strain_share) * (1 + SLACK)
    indices = [
        n
        for n in range(1, int(largest / area) + 1)
        if int(n * area * high**2 / substrate_area) * substrate_area >= n * area * low**2
    ]
    if not indices:
        return np.zeros((0, 2, 2), dtype=np.int64)
    forms = np.concatenate([hermite_normal_forms(n) for n in indices])
    result: IntArray = reduction(forms @ film) @ forms
    return result


def _lengths(vectors: FloatArray) -> FloatArray:
    return np.sqrt(vectors[..., 0] ** 2 + vectors[..., 1] ** 2)


def _vectors_by_length(basis: FloatArray, radius: float) -> IntArray:
    """Return all nonzero lattice vectors (n, 2) up to a length, shortest first."""
    dual = np.linalg.inv(basis)
    bounds = np.ceil(radius * np.sqrt((dual**2).sum(axis=0))).astype(int)
    ranges = [np.arange(-bound, bound + 1) for bound in bounds]
    grid = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 2)
    lengths = _lengths(grid @ basis)
    inside = (lengths <= radius * (1 + SLACK)) & grid.any(axis=1)
    grid, lengths = grid[inside], lengths[inside]
    return grid[np.argsort(lengths, kind="stable")].astype(np.int64)


def _image_ranges(sublattices: IntArray, problem: _Problem) -> IntArray:
    """Return (n, 2, 2): for each sublattice's two vectors, start and end of the range of images.

    The first vector's index ``problem.half``, the second's ``problem.vectors``.
    """
    low, high = problem.limits.stretch_range()
    own = _lengths(sublattices @ problem.film)
    ranges = np.empty((*own.shape, 2), dtype=np.int64)
    for row, images in enumerate((problem.half, problem.vectors)):
        lengths = _lengths(images @ problem.substrate)
        ranges[:, row, 0] = np.searchsorted(lengths, own[:, row] * low * (1 - SLACK), side="left")
        ranges[:, row, 1] = np.searchsorted(lengths, own[:, row] * high * (1 + SLACK), side="right")
    return ranges


def _chunks(ranges: IntArray) -> list[slice]:
    """Cut the sublattices into parts with about CHUNK pairs each."""
    part = np.cumsum(np.prod(ranges[..., 1] - ranges[..., 0], axis=1)) // CHUNK
    edges = np.concatenate([[0], np.flatnonzero(np.diff(part)) + 1, [len(part)]])
    return [slice(int(a), int(b)) for a, b in pairwise(edges)]


def _compare(
    sublattices: IntArray, ranges: IntArray, problem: _Problem
) -> tuple[IntArray, IntArray]:
    """Return the film and substrate matrices of the maps within the limits."""
    limits = problem.limits
    low, high = limits.stretch_range()
    which, first, second = _pairs(ranges)
    v1, v2 = problem.half[first], problem.vectors[second]
    index = v1[:, 0] * v2[:, 1] - v1[:, 1] * v2[:, 0]
    area = determinants(sublattices) * float(determinants(problem.film))
    cells = area / float(determinants(problem.substrate))
    keep = (index >= (cells * low**2)[which]) & (index <= (cells * high**2)[which])
    which, index, images = which[keep], index[keep], np.stack([v1[keep], v2[keep]], axis=1)
    common = area[which] * (index / cells[which]) ** limits.strain_share
    keep = common <= limits.max_area * (1 + SLACK)
    which, images = which[keep], images[keep]
    gradients = np.linalg.inv(sublattices @ problem.film)[which] @ (images @ problem.substrate)
    stretches = stretches_of(gradients)
    keep = (stretches[:, 1] >= low) & (stretches[:, 0] <= high)
    films, images = sublattices[which[keep]], images[keep]
    smallest = _has_smallest_cell(films, images)
    return films[smallest], images[smallest]


def stretches_of(gradients: FloatArray) -> FloatArray:
    """Return the principal stretches (..., 2), larger first, of (..., 2, 2) maps.

    In closed form: the sum and the difference of the singular values are the lengths of (F11 +
    F22, F21 - F12) and (F11 - F22, F21 + F12), or the other way round.
    """
    f11, f12 = gradients[..., 0, 0], gradients[..., 0, 1]
    f21, f22 = gradients[..., 1, 0], gradients[..., 1, 1]
    one = np.hypot(f11 + f22, f21 - f12)
    other = np.hypot(f11 - f22, f21 + f12)
    return np.stack([one + other, np.abs(one - other)], axis=-1) / 2


def _pairs(ranges: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return the sublattice, the first and the second image for every pair of images."""
    start = ranges[..., 0]
    counts = ranges[..., 1] - start
    totals = counts[:, 0] * counts[:, 1]
    which = np.repeat(np.arange(len(ranges)), totals)
    position = np.arange(len(which)) - np.repeat(np.cumsum(totals) - totals, totals)
    first, second = np.divmod(position, counts[which, 1])
    return which, start[which, 0] + first, start[which, 1] + second


def _has_smallest_cell(film: IntArray, substrate: IntArray) -> BoolArray:
    """Whether each common cell is the smallest of its map: no other match is contained in it.

    The cell is a supercell of another if and only if the 2x2 minors of (film | substrate), a
    2x4 matrix, have a common factor.
    """
    rows = np.concatenate([film, substrate], axis=2)
    minors = [
        rows[:, 0, i] * rows[:, 1, j] - rows[:, 0, j] * rows[:, 1, i]
        for i in range(4)
        for j in range(i + 1, 4)
    ]
    result: BoolArray = np.gcd.reduce(np.stack(minors), axis=0) == 1
    return result
