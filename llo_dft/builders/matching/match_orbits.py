"""Which matches are equivalent: orbits of the maps between two lattices."""

from dataclasses import dataclass

import numpy as np

from llo_dft.builders.matching.lattice2d import BoolArray, determinants
from llo_dft.builders.matching.match_search import Candidates
from llo_dft.typing import FloatArray, IntArray


@dataclass(frozen=True)
class Sides:
    """The two lattices of a search."""

    film: FloatArray
    substrate: FloatArray
    """film, substrate: (2, 2) reduced right-handed bases, angstrom."""
    film_group: IntArray
    substrate_group: IntArray
    """film_group, substrate_group: (n, 2, 2) integers: operations on the rows of these bases."""


@dataclass(frozen=True)
class Maps:
    """Distinct maps of a film onto a substrate; n of them."""

    film: IntArray
    substrate: IntArray
    """film, substrate: (n, 2, 2) integers on the rows of the reduced bases."""
    gradients: FloatArray
    """(n, 2, 2) F: columns of film coordinates to columns of substrate coordinates."""
    angles: FloatArray
    """(n,) degrees, of the rotation in F."""


@dataclass(frozen=True)
class _Orbits:
    """The images P K Q of n integer maps under g pairs of operations, and their keys."""

    images: IntArray  # (n, g, 2, 2)
    keys: IntArray  # (n, g, 2), lexicographic
    film: IntArray  # (g, 2, 2) inverse of P
    substrate: IntArray  # (g, 2, 2) Q


def distinct(found: Candidates, sides: Sides) -> Maps:
    """Return one of each set of candidates that the operations map onto each other.

    It is the one of smallest rotation angle that does not mirror the film.
    """
    film, substrate = found.film, found.substrate
    if not _has_half_turn(sides.film_group) and not _has_half_turn(sides.substrate_group):
        film = np.concatenate([film, film])
        substrate = np.concatenate([substrate, -substrate])
    index = np.abs(determinants(film))
    orbits = _orbits(_map(film, substrate), sides)
    first = orbits.keys[..., 0].min(axis=1)
    second = np.where(
        orbits.keys[..., 0] == first[:, None], orbits.keys[..., 1], np.iinfo(np.int64).max
    ).min(axis=1)
    _, chosen = np.unique(np.stack([index, first, second], axis=1), axis=0, return_index=True)
    gradients = _gradients(orbits.images[chosen], index[chosen], sides)
    angles = _rotation_angles(gradients)
    best = _smallest_rotation(angles, determinants(gradients) < 0, orbits.keys[chosen])
    row = np.arange(len(chosen))
    return Maps(
        film=film[chosen] @ orbits.film[best],
        substrate=substrate[chosen] @ orbits.substrate[best],
        gradients=gradients[row, best],
        angles=angles[row, best],
    )


def _has_half_turn(group: IntArray) -> bool:
    return bool((group == -np.eye(2, dtype=np.int64)).all(axis=(1, 2)).any())


def _adjugate(matrices: IntArray) -> IntArray:
    """Return the inverse of (n, 2, 2) integer matrices times their determinant."""
    result = np.empty_like(matrices)
    result[:, 0, 0], result[:, 1, 1] = matrices[:, 1, 1], matrices[:, 0, 0]
    result[:, 0, 1], result[:, 1, 0] = -matrices[:, 0, 1], -matrices[:, 1, 0]
    return result


def _map(film: IntArray, substrate: IntArray) -> IntArray:
    """Return the integer maps K: film vectors go to K / index times the substrate's.

    Unlike the two matrices they do not depend on the basis of the common cell.
    """
    sign = np.sign(determinants(film))
    result: IntArray = sign[:, None, None] * (_adjugate(film) @ substrate)
    return result


def _orbits(maps: IntArray, sides: Sides) -> _Orbits:
    p, q = sides.film_group, sides.substrate_group
    of_p, of_q = (part.ravel() for part in np.indices((len(p), len(q))))
    images = p[of_p] @ maps[:, None] @ q[of_q]
    base = 2 * int(np.abs(images).max(initial=1)) + 1
    keys = images[..., 0] * base + images[..., 1]
    inverse = determinants(p)[:, None, None] * _adjugate(p)
    return _Orbits(images, keys, inverse[of_p], q[of_q])


def _gradients(images: IntArray, index: IntArray, sides: Sides) -> FloatArray:
    """Return F (n, g, 2, 2) of integer maps: rows of the film times F.T are the substrate's."""
    transposed = np.linalg.inv(sides.film) @ images @ sides.substrate / index[:, None, None, None]
    return transposed.swapaxes(-1, -2)


def _rotation_angles(gradients: FloatArray) -> FloatArray:
    """Return the angle of the rotation in F where it does not mirror, degrees."""
    f11, f12 = gradients[..., 0, 0], gradients[..., 0, 1]
    f21, f22 = gradients[..., 1, 0], gradients[..., 1, 1]
    return np.rad2deg(np.arctan2(f21 - f12, f11 + f22))


def _smallest_rotation(angles: FloatArray, mirrors: BoolArray, keys: IntArray) -> IntArray:
    """Return, for each of n maps, which of its g images represents it."""
    size = np.round(np.abs(angles), 6)  # a tie must not depend on rounding
    order = np.lexsort((keys[..., 1], keys[..., 0], angles < 0, size, mirrors), axis=1)
    return order[:, 0]
