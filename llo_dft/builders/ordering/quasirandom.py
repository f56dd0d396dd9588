"""Special quasirandom arrangements: in a small cell, pairs of elements as in a random alloy.

Only pairs are measured (Zunger, Wei, Ferreira and Bernard, Phys. Rev. Lett. 65, 353 (1990)).
In shell s of neighbours the fraction of pairs with elements a and b is p_ab(s); in a random alloy
it is c_a c_b. The deviation is the sum over shells of sum_ab |p_ab(s) - c_a c_b| / s.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.ordering.arrangement_search import (
    OrderingProblem,
    exchanges,
    random_arrangements,
)
from llo_dft.chemistry.bonds import neighbours
from llo_dft.typing import FloatArray, IntArray

#: Largest distance of counted pairs, angstrom: three shells in a layer of metals, two to the next.
LONGEST_PAIR: Final = 6.5

#: Distances that differ by less belong to one shell, angstrom.
SHELL_WIDTH: Final = 0.3

#: Deviations that differ by less are equal.
DEVIATION_RESOLUTION: Final = 1e-9


def pair_shells(structure: Structure, sites: Sequence[int]) -> FloatArray:
    """Return (n_shells, n, n) the number of images of each site around each site, by shell.

    The nearest shell comes first; a site may be its own neighbour by an image.
    """
    matrix, coords = structure.lattice.matrix, structure.cart_coords
    first, second, _, distances = neighbours(matrix, coords, (sites, sites), LONGEST_PAIR)
    ordered = np.sort(distances)
    ends = ordered[:-1][np.diff(ordered) > SHELL_WIDTH]
    shell = np.searchsorted(ends + SHELL_WIDTH / 2, distances)
    place = {site: at for at, site in enumerate(sites)}
    counts = np.zeros((len(ends) + 1, len(sites), len(sites)))
    for s, i, j in zip(shell, first, second, strict=True):
        counts[s, place[i], place[j]] += 1.0
    return counts


def pair_deviation(shells: FloatArray, species: IntArray) -> FloatArray:
    """Return the deviation of arrangements from random (see above); 0 is perfectly random.

    ``shells`` (n_shells, n, n) are from ``pair_shells``, ``species`` (m, n) those on each site in
    each of m arrangements with the same counts.
    """
    one_hot = (species[:, :, None] == np.arange(species.max() + 1)).astype(np.float64)
    share = one_hot[0].mean(axis=0)
    found = np.einsum("mia,sij,mjb->msab", one_hot, shells, one_hot, optimize=True)
    found /= shells.sum(axis=(1, 2))[:, None, None]
    by_shell = np.abs(found - np.outer(share, share)).sum(axis=(2, 3))
    weighted: FloatArray = by_shell @ (1.0 / np.arange(1, len(shells) + 1))
    return weighted


def quasirandom(
    problem: OrderingProblem,
    blocks: Sequence[Sequence[int]],
    structure: Structure,
    sublattices: Sequence[Sequence[int]],
    *,
    seed: int,
    starts: int,
) -> list[tuple[float, IntArray]]:
    """Return arrangements and their deviation from random, the smallest first.

    Raises ``OrderingError`` if no assignment satisfies the counts.

    ``problem`` says which species may go where (its energies are not used), ``blocks`` are the
    sites of each of its blocks, and pairs are counted within each set of ``sublattices``, sites
    that share species. ``starts`` descents exchange the species of two blocks while that helps.
    """
    shells = [pair_shells(structure, sites) for sites in sublattices]
    block_of = {site: at for at, block in enumerate(blocks) for site in block}
    members = [np.array([block_of[site] for site in sites]) for sites in sublattices]

    def deviations(assignments: IntArray) -> FloatArray:
        total = np.zeros(len(assignments))
        for within, blocks_of_sites in zip(shells, members, strict=True):
            total += pair_deviation(within, assignments[:, blocks_of_sites])
        return total

    found: list[tuple[float, IntArray]] = []
    for start in random_arrangements(problem, count=starts, seed=seed):
        best, value = start, float(deviations(start[None])[0])
        while near := exchanges(problem, best):
            values = deviations(np.array(near, dtype=np.int64))
            lowest = int(np.argmin(values.round(9)))
            if values[lowest] > value - DEVIATION_RESOLUTION:
                break
            best, value = near[lowest], float(values[lowest])
        if all(abs(value - other) > DEVIATION_RESOLUTION for other, _ in found):
            found.append((value, best))
    return sorted(found, key=lambda one: one[0])
