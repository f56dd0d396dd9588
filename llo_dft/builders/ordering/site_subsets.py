"""Which subsets of sites are the same by symmetry: counted, and listed without repeats.

A group is an array of permutations of sites numbered from 0, one a row. Two subsets are the
same ordering if a permutation takes one into the other. Each orbit is represented by its
lexicographically first subset, written as ascending sites.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from llo_dft.builders.surface.symmetry import SYMMETRY_TOLERANCE, symmetry_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray, IntArray

_WordArray: TypeAlias = npt.NDArray[np.uint64]
_BoolArray: TypeAlias = npt.NDArray[np.bool_]

#: Images of subsets held at once; 8 bytes each, and a few arrays of that size.
IMAGES_AT_ONCE: Final = 2_000_000

_WORD: Final = 64


def site_group(
    structure: Structure, sites: Sequence[int], tolerance: float = SYMMETRY_TOLERANCE
) -> IntArray:
    """Return how the space group of a structure permutes some of its sites.

    Operations that take a site out of the given ones are left out: what remains is the
    subgroup that keeps them together. Pure translations of a supercell are included;
    operations of the crystal that do not keep the supercell's lattice are not.

    Parameters
    ----------
    structure
        Ordered structure.
    sites
        Sites that are permuted.
    tolerance
        Angstrom; images may miss a site by four times that, as errors of several atoms add.

    Returns
    -------
    (n_operations, n_sites) distinct permutations, sorted. Entry i is the position in
    ``sites`` that the i-th of them goes to. The first row is the identity.

    Raises
    ------
    ValueError
        If the permutations do not form a group, which happens where the symmetry holds only
        near the tolerance, or if no symmetry is found.
    """
    dataset = symmetry_dataset(structure, tolerance)
    here = structure.frac_coords[list(sites)]
    found: set[tuple[int, ...]] = set()
    for rotation, translation in zip(dataset.rotations, dataset.translations, strict=True):
        apart = (here @ rotation.T + translation)[:, None] - here
        distances = _lengths(apart - np.round(apart), structure.lattice.matrix)
        hit = distances < 4 * tolerance
        if (hit.sum(axis=0) == 1).all() and (hit.sum(axis=1) == 1).all():
            found.add(tuple(hit.argmax(axis=1).tolist()))
    group = np.array(sorted(found), dtype=np.int64).reshape(len(found), len(sites))
    if not _is_closed(group):
        raise ValueError(
            f"the symmetry of {structure.formula} within {tolerance} A is not a group: "
            "symmetrise the structure or use a smaller tolerance"
        )
    return group


def _is_closed(group: IntArray) -> bool:
    members = {row.tobytes() for row in group}
    return all(
        row.tobytes() in members
        for permutation in group
        for row in np.ascontiguousarray(group[:, permutation])
    )


def _lengths(fractional: FloatArray, lattice: FloatArray) -> FloatArray:
    lengths: FloatArray = np.linalg.norm(fractional @ lattice, axis=-1)
    return lengths


def count_orbits(group: IntArray, size: int) -> int:
    """Return the number of distinct subsets of a size, exactly, without listing them.

    Method: Burnside's lemma. A permutation leaves a subset alone if that is a union of its
    cycles, so the mean over the group of the number of such unions is the answer.

    Raises
    ------
    ValueError
        If the permutations do not form a group and the mean shows it.
    """
    kinds = Counter(_cycle_lengths(permutation) for permutation in group.tolist())
    total = sum(times * _unions(lengths, size) for lengths, times in kinds.items())
    count, rest = divmod(total, len(group))
    if rest:
        raise ValueError(f"{len(group)} permutations that do not form a group")
    return count


def _cycle_lengths(permutation: list[int]) -> tuple[int, ...]:
    seen: set[int] = set()
    lengths: list[int] = []
    for start in range(len(permutation)):
        before, site = len(seen), start
        while site not in seen:
            seen.add(site)
            site = permutation[site]
        if len(seen) > before:
            lengths.append(len(seen) - before)
    return tuple(sorted(lengths))


def _unions(lengths: Sequence[int], size: int) -> int:
    """Return the number of sets of cycles with ``size`` sites: a coefficient of prod(1 + t^l)."""
    ways = [1] + [0] * size
    for length in lengths:
        for total in range(size, length - 1, -1):
            ways[total] += ways[total - length]
    return ways[size]


def subset_orbits(group: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """List the distinct subsets of a size.

    Method: orderly generation (R. C. Read, Ann. Discrete Math. 2 (1978) 107). A first of its
    orbit stays one when its last site is taken away: whatever image of the rest came before
    it would, with the image of that site added, come before the whole. So subsets are grown
    site by site and only firsts kept. Of a subset and its complement the smaller is grown.

    Parameters
    ----------
    group
        (n_operations, n_sites) all permutations of a group.
    size
        From 0 to n_sites.

    Returns
    -------
    (n_orbits, size) ascending sites of the first subset of each orbit, in lexicographic
    order, and (n_orbits,) the number of subsets in each orbit.
    """
    n_sites = group.shape[1]
    small = min(size, n_sites - size)
    grown = np.concatenate(list(_grow(group, small)))
    subsets, degeneracies = [], []
    for piece in _pieces(grown, group):
        images = _images(group, piece)
        _, fixed = _first_of_orbit(images, _masks(n_sites, piece))
        degeneracies.append(len(group) // fixed)
        subsets.append(piece if size == small else _complements(group, piece, images))
    listed, counts = np.concatenate(subsets), np.concatenate(degeneracies)
    if size == small:
        return listed, counts
    order = np.lexsort(listed.T[::-1])
    return listed[order], counts[order]


def _grow(group: IntArray, size: int) -> Iterator[IntArray]:
    """Yield the firsts of all orbits, in lexicographic order; depth first, to bound memory."""
    n_sites = group.shape[1]
    pending: list[IntArray] = [np.zeros((1, 0), dtype=np.int64)]
    while pending:
        parents = pending.pop()
        if parents.shape[1] == size:
            yield parents
            continue
        children = _extensions(parents, n_sites, size)
        is_first, _ = _first_of_orbit(_images(group, children), _masks(n_sites, children))
        pending.extend(reversed(list(_pieces(children[is_first], group))))


def _pieces(subsets: IntArray, group: IntArray) -> Iterator[IntArray]:
    """Cut a list so that the images of all extensions of a piece fit into memory."""
    step = max(1, IMAGES_AT_ONCE // max(1, group.size * _n_words(group.shape[1])))
    for start in range(0, len(subsets), step):
        yield subsets[start : start + step]


def _extensions(parents: IntArray, n_sites: int, size: int) -> IntArray:
    """Add to each subset one later site in all ways that leave room for the rest."""
    n_parents, length = parents.shape
    last = parents[:, -1] if length else np.full(n_parents, -1, dtype=np.int64)
    ways = n_sites - size + length - last
    parent = np.repeat(np.arange(n_parents), ways)
    rank = np.arange(len(parent)) - np.repeat(np.cumsum(ways) - ways, ways)
    return np.column_stack([parents[parent], last[parent] + 1 + rank])


def _n_words(n_sites: int) -> int:
    return max(1, -(-n_sites // _WORD))


def _bits(n_sites: int) -> _WordArray:
    """Return (n_words, n_sites) one bit a site, early sites highest: first means largest."""
    site = np.arange(n_sites)
    bits = np.zeros((_n_words(n_sites), n_sites), dtype=np.uint64)
    bits[site // _WORD, site] = np.uint64(1) << (_WORD - 1 - site % _WORD).astype(np.uint64)
    return bits


def _masks(n_sites: int, subsets: IntArray) -> _WordArray:
    """Return (n_words, n_subsets) masks."""
    masks: _WordArray = np.bitwise_or.reduce(_bits(n_sites)[:, subsets], axis=-1)
    return masks


def _images(group: IntArray, subsets: IntArray) -> _WordArray:
    """Return (n_words, n_operations, n_subsets) masks of the subsets' images."""
    bits = _bits(group.shape[1])[:, group]
    images = np.zeros((*bits.shape[:2], len(subsets)), dtype=np.uint64)
    for column in subsets.T:
        images |= bits[:, :, column]
    return images


def _first_of_orbit(images: _WordArray, masks: _WordArray) -> tuple[_BoolArray, IntArray]:
    """Return whether no image comes before a subset, and how many operations leave it alone."""
    earlier = np.zeros(images.shape[1:], dtype=bool)
    same = np.ones(images.shape[1:], dtype=bool)
    for word, mask in zip(images, masks, strict=True):
        earlier |= same & (word > mask)
        same &= word == mask
    is_first: _BoolArray = np.logical_not(earlier.any(axis=0))
    return is_first, same.sum(axis=0)


def _complements(group: IntArray, subsets: IntArray, images: _WordArray) -> IntArray:
    """Return the first complement in each orbit: that of the image that comes last."""
    last = np.ones(images.shape[1:], dtype=bool)
    for word in images:
        lowest = np.where(last, word, np.uint64(2**_WORD - 1)).min(axis=0)
        last &= word == lowest
    image = np.take_along_axis(group[last.argmax(axis=0)], subsets, axis=1)
    n_subsets, n_sites = len(subsets), group.shape[1]
    inside = np.ones((n_subsets, n_sites), dtype=bool)
    np.put_along_axis(inside, image, values=False, axis=1)
    return np.nonzero(inside)[1].reshape(n_subsets, -1)
