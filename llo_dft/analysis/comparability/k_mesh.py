"""Whether the k-points of two calculations are equally dense; counts of divisions don't tell."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from llo_dft.analysis.comparability.fingerprints import K_SPACING_RELATIVE_TOLERANCE

#: Largest factor by which rounding the divisions up makes a mesh denser than requested: from just
#: above one division to two.
_MOST_BY_ROUNDING: Final = 2.0

#: Shifts of grids that differ by less are the same, in their steps.
_SHIFT_TOLERANCE: Final = 1e-4

#: Coordinates of listed k-points that differ by less are the same.
_POINT_TOLERANCE: Final = 1e-6


@dataclass(frozen=True)
class KMesh:
    """The k-points of a calculation, and the reciprocal cell that they divide."""

    divisions: tuple[int, int, int] | None
    """Along each reciprocal vector; None for a list of points."""
    reciprocal_per_angstrom: tuple[float, float, float]
    """Length of each reciprocal vector, 2 pi counted, 1/angstrom."""
    gamma_centred: bool
    """Whether Gamma is one of the points."""
    points: tuple[tuple[float, ...], ...] = ()
    """For a list: each point and its weight."""
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """By how much the points of a grid are moved from Gamma, in its steps, 0 to 0.5."""

    @property
    def spacings_per_angstrom(self) -> tuple[float, ...]:
        """Distance of neighbouring points along each reciprocal vector; empty for a list."""
        if self.divisions is None:
            return ()
        pairs = zip(self.reciprocal_per_angstrom, self.divisions, strict=True)
        return tuple(length / n for length, n in pairs)

    def __str__(self) -> str:
        """Return spacings and divisions, or how many points are listed."""
        if self.divisions is None:
            return f"a list of {len(self.points)} points"
        spacings = " x ".join(f"{spacing:.4f}" for spacing in self.spacings_per_angstrom)
        divisions = " x ".join(map(str, self.divisions))
        shift = f", shifted by {' '.join(f'{x:g}' for x in self.shift)}" * any(self.shift)
        gamma = "with" if self.gamma_centred else "without"
        return f"{spacings} ({divisions}, {gamma} Gamma{shift})"


def same_mesh(first: KMesh, second: KMesh) -> bool:
    """Tell whether two meshes of one cell are the same, so that their errors cancel."""
    if first.divisions is None or second.divisions is None:
        return _same_list(first, second)
    return first.divisions == second.divisions and _laid_alike(first, second)


def one_density(first: KMesh, second: KMesh) -> bool:
    """Tell whether meshes of slightly different cells may come from the same requested spacing.

    Either the divisions are the same, or along each vector some spacing gives both, divisions
    rounded up.
    """
    if first.divisions is None or second.divisions is None:
        return _same_list(first, second)
    if not _laid_alike(first, second):
        return False
    if first.divisions == second.divisions:
        return True
    ranges = zip(_asked_for(first), _asked_for(second), strict=True)
    return all(
        max(a[0], b[0]) < min(a[1], b[1]) * (1 - K_SPACING_RELATIVE_TOLERANCE) for a, b in ranges
    )


def as_dense(host: KMesh, reference: KMesh) -> bool:
    """Tell whether another crystal's mesh is as dense as the host's, divisions rounded up.

    A denser one is not a difference: the energy of the reference is only closer to its limit.
    Directions with one division count only where all have one: vacuum needs only one.
    """
    if host.divisions is None or reference.divisions is None:
        return False
    coarsest = [_range_that_counts(mesh) for mesh in (host, reference)]
    (low, high), (spacing, _) = coarsest
    limit = max(low, min(high, _MOST_BY_ROUNDING * low))
    return spacing <= limit * (1 + K_SPACING_RELATIVE_TOLERANCE)


def _asked_for(mesh: KMesh) -> list[tuple[float, float]]:
    """Return, for each vector, the range of spacings that round up to its divisions."""
    pairs = zip(mesh.reciprocal_per_angstrom, mesh.divisions or (), strict=True)
    return [(length / n, length / (n - 1) if n > 1 else math.inf) for length, n in pairs]


def _range_that_counts(mesh: KMesh) -> tuple[float, float]:
    """Return the range of a single spacing for the whole mesh."""
    ranges = _asked_for(mesh)
    divided: Sequence[tuple[float, float]] = [one for one in ranges if one[1] < math.inf]
    lows, highs = zip(*(divided or ranges), strict=True)
    return max(lows), min(highs)


def _laid_alike(first: KMesh, second: KMesh) -> bool:
    """Tell whether two grids lie alike about Gamma."""
    apart = max(abs(a - b) for a, b in zip(first.shift, second.shift, strict=True))
    return first.gamma_centred == second.gamma_centred and apart < _SHIFT_TOLERANCE


def _same_list(first: KMesh, second: KMesh) -> bool:
    """Tell whether two lists have the same points in the same order."""
    if first.divisions is not None or second.divisions is not None:
        return False
    return len(first.points) == len(second.points) and all(
        abs(a - b) < _POINT_TOLERANCE
        for rows in zip(first.points, second.points, strict=True)
        for a, b in zip(*rows, strict=True)
    )
