"""Search for the electrostatically best way to put species on sites.

All orderings in this package are one problem: N sites in blocks, each block takes one species,
every species a given number of sites, and the energy is quadratic in the charges. The transition
metals in their layer, the half layer of Li on a face and the Li that stay after delithiation
differ only in sites and species. Blocks are the orbits of a symmetry operation that the result
must keep (or single sites).
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Final

import numpy as np
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.core.structure import Structure
from scipy.optimize import Bounds, LinearConstraint, milp

from llo_dft.errors import InputError
from llo_dft.typing import FloatArray, IntArray

#: Energy differences below this (eV) are rounding; a swap must gain more.
ENERGY_RESOLUTION_EV: Final = 1e-7

#: Descents from random starts; on 48 sites with 24 filled, 200 reach the best known energy.
DEFAULT_STARTS: Final = 200

#: Up to this many blocks of two species, comparing all arrangements is faster than the search.
EXACT_BLOCKS: Final = 16

#: Attempts to fill the blocks at random before an integer program is used; one usually suffices.
RANDOM_FILLS: Final = 20


class OrderingError(InputError):
    """The species can't be put on the blocks as required."""


@dataclass(frozen=True)
class OrderingProblem:
    """Species to be put on blocks of sites, with an energy quadratic in the charges."""

    coupling: FloatArray
    """(n_blocks, n_blocks) energy of unit charges on the blocks' sites, eV/e^2."""
    field: FloatArray
    """(n_blocks,) energy of a unit charge on each block in the potential of all else, eV/e."""
    sizes: IntArray
    """(n_blocks,) number of sites in each block."""
    charges: FloatArray
    """(n_species,) formal charge of each species, e."""
    counts: IntArray
    """(n_species,) number of sites that each species takes; sums to the number of sites."""
    allowed: np.ndarray
    """(n_blocks, n_species) whether a block may take a species."""

    @cached_property
    def curvature(self) -> FloatArray:
        """(n_blocks, n_blocks) energy of a unit charge moved from one block to another, eV/e^2."""
        diagonal = np.diag(self.coupling)
        found: FloatArray = diagonal[:, None] + diagonal[None, :] - 2.0 * self.coupling
        return found

    @cached_property
    def alike(self) -> np.ndarray:
        """(n_blocks, n_blocks) whether two blocks have the same number of sites."""
        same: np.ndarray = self.sizes[:, None] == self.sizes[None, :]
        return same

    def energy_ev(self, assignment: IntArray) -> float:
        """Return the energy of an assignment (n_blocks,) of species to blocks, in eV."""
        q = self.charges[assignment]
        return float(q @ self.coupling @ q + self.field @ q)


def ewald_matrix(structure: Structure) -> FloatArray:
    """Return the (n, n) energies of unit point charges on the sites, in eV/e^2.

    E = q M q for charges q; if they do not sum to zero, in a uniform neutralising background.
    Method: Ewald summation as in pymatgen, whose matrix leaves the background out.
    """
    unit = structure.copy(site_properties={})
    unit.unset_charge()  # a stored structure has its own charge, 0
    unit.add_oxidation_state_by_site([1.0] * len(unit))
    summation = EwaldSummation(unit)
    matrix: FloatArray = np.array(summation.total_energy_matrix, dtype=np.float64)
    background = (summation.total_energy - matrix.sum()) / matrix.size  # the same for all pairs
    symmetric: FloatArray = 0.5 * (matrix + matrix.T) + background
    return symmetric


def reduce_to_blocks(
    matrix: FloatArray, fixed_charges: FloatArray, blocks: Sequence[Sequence[int]]
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Fold a site matrix (n, n), as of :func:`ewald_matrix`, onto blocks of equal charge.

    ``blocks`` are the site indices of each block, ``fixed_charges`` (n,) the charges of the sites
    that are in none; zero on those that are. Returns coupling, field and sizes as in
    :class:`OrderingProblem`.
    """
    indicator = np.zeros((len(blocks), len(matrix)))
    for row, block in enumerate(blocks):
        indicator[row, list(block)] = 1.0
    coupling = indicator @ matrix @ indicator.T
    field = 2.0 * indicator @ (matrix @ fixed_charges)
    return coupling, field, np.array([len(block) for block in blocks], dtype=np.int64)


def filling(
    matrix: FloatArray, fixed_charges: FloatArray, blocks: Sequence[Sequence[int]], n_filled: int
) -> OrderingProblem:
    """Return the problem of which blocks have Li (species 0, 1 e) and which are empty (1).

    ``n_filled`` sites have Li; the other parameters are those of :func:`reduce_to_blocks`.
    """
    coupling, field, sizes = reduce_to_blocks(matrix, fixed_charges, blocks)
    return OrderingProblem(
        coupling=coupling,
        field=field,
        sizes=sizes,
        charges=np.array([1.0, 0.0]),
        counts=np.array([n_filled, int(sizes.sum()) - n_filled], dtype=np.int64),
        allowed=np.ones((len(blocks), 2), dtype=bool),
    )


def search(problem: OrderingProblem, *, seed: int, starts: int = DEFAULT_STARTS) -> IntArray:
    """Return the lowest of ``minima``, (n_blocks,); raises as that."""
    return minima(problem, seed=seed, starts=starts)[0]


def minima(problem: OrderingProblem, *, seed: int, starts: int = DEFAULT_STARTS) -> list[IntArray]:
    """Return the arrangements that steepest swap descents end in, the lowest first.

    Each is the species index of each block, (n_blocks,). They are the ends of ``starts`` descents
    from random arrangements; the same ``seed`` gives the same ones. Of those whose energies agree
    to ``ENERGY_RESOLUTION_EV`` (usually images of each other) only the lexicographically first is
    returned.

    Raises ``OrderingError`` if no assignment satisfies the counts.
    """
    begun = random_arrangements(problem, count=starts, seed=seed)
    found = [_descend(problem, one) for one in begun]
    return distinct_by_energy(problem, np.array(found, dtype=np.int64))


def low_lying(
    problem: OrderingProblem, *, seed: int, starts: int = DEFAULT_STARTS
) -> list[IntArray]:
    """Return the arrangements of ``minima`` and those one exchange away, lowest first.

    For replicas: equally plausible orderings of a disordered crystal. One for each energy, if
    possible one that the search ended in; the first is that of ``search``. Raises as ``minima``.
    """
    found = minima(problem, seed=seed, starts=starts)
    energies = [problem.energy_ev(one) for one in found]
    near = [other for one in found for other in exchanges(problem, one)]
    for one in distinct_by_energy(problem, np.array(near, dtype=np.int64)) if near else []:
        energy = problem.energy_ev(one)
        if np.abs(np.array(energies) - energy).min() > 10 * ENERGY_RESOLUTION_EV:
            found.append(one)
            energies.append(energy)
    return [found[i] for i in np.argsort(energies, kind="stable")]


def lowest_arrangements(problem: OrderingProblem, *, count: int, seed: int) -> list[IntArray]:
    """Return the lowest arrangements of two species, the lowest first, as far as there are any.

    Up to ``EXACT_BLOCKS`` blocks all are compared; beyond that, the ``minima`` of a search.
    """
    n_blocks = len(problem.sizes)
    if n_blocks > EXACT_BLOCKS:
        return minima(problem, seed=seed)[:count]
    places = np.arange(n_blocks)[::-1]
    every: IntArray = np.arange(2**n_blocks)[:, None] >> places & 1  # lexicographic order
    fitting = every[every @ problem.sizes == problem.counts[1]]
    return distinct_by_energy(problem, fitting)[:count]


def random_arrangements(problem: OrderingProblem, *, count: int, seed: int) -> list[IntArray]:
    """Return arrangements drawn at random, possibly the same one twice."""
    rng = np.random.default_rng(seed)
    return [_random_assignment(problem, rng) for _ in range(count)]


def distinct_by_energy(problem: OrderingProblem, assignments: IntArray) -> list[IntArray]:
    """Return one of the (n, n_blocks) assignments for each energy, the lowest first."""
    q = problem.charges[assignments]
    energies = ((q @ problem.coupling + problem.field) * q).sum(axis=1)
    chosen: list[IntArray] = []
    at = -np.inf
    for i in np.argsort(energies, kind="stable"):
        if energies[i] > at + 10 * ENERGY_RESOLUTION_EV:
            chosen.append(assignments[i])
            at = energies[i]
        elif tuple(assignments[i]) < tuple(chosen[-1]):
            chosen[-1] = assignments[i]
    return chosen


def _random_assignment(problem: OrderingProblem, rng: np.random.Generator) -> IntArray:
    """Fill large blocks first, at random; if that keeps failing, solve exactly."""
    for _ in range(RANDOM_FILLS):
        assignment = _random_fill(problem, rng)
        if assignment is not None:
            return assignment
    return _solved_assignment(problem, rng)


def _random_fill(problem: OrderingProblem, rng: np.random.Generator) -> IntArray | None:
    """Return blocks filled at random, or None if no species fits some block."""
    # plain Python numbers, because arrays of a few species cost more than they save; the draw
    # equals rng.choice(fits, p=share / share.sum()) to the bit
    allowed, sizes = problem.allowed.tolist(), problem.sizes.tolist()
    left, room = problem.counts.tolist(), (problem.sizes @ problem.allowed).tolist()
    assignment = np.full(len(sizes), -1, dtype=np.int64)
    order = rng.permutation(len(sizes))
    for block in order[np.argsort(-problem.sizes[order], kind="stable")].tolist():
        size, may = sizes[block], allowed[block]
        fits = [s for s, n in enumerate(left) if n >= size and may[s]]
        if not fits:
            return None
        share = [left[s] / room[s] for s in fits]
        if max(share) >= 1.0:  # a species that needs all its remaining room
            share = [one if one >= 1.0 else 0.0 for one in share]
        total = sum(share)
        ends = list(accumulate(one / total for one in share))
        species = fits[bisect_right([end / ends[-1] for end in ends], rng.random())]
        assignment[block] = species
        left[species] -= size
        room = [n - size * fit for n, fit in zip(room, may, strict=True)]
    return assignment


def _solved_assignment(problem: OrderingProblem, rng: np.random.Generator) -> IntArray:
    """Return an assignment found by an integer program, with random costs to vary it.

    Raises ``OrderingError`` if there is no assignment.
    """
    n_blocks, n_species = problem.allowed.shape
    one_species = np.kron(np.eye(n_blocks), np.ones(n_species))
    sites = np.kron(problem.sizes, np.eye(n_species))
    result = milp(
        rng.random(n_blocks * n_species),
        integrality=np.ones(n_blocks * n_species),
        bounds=Bounds(0, problem.allowed.ravel().astype(float)),
        constraints=[
            LinearConstraint(one_species, 1, 1),
            LinearConstraint(sites, problem.counts, problem.counts),
        ],
    )
    if result.x is None:
        raise OrderingError(
            f"species counts {problem.counts.tolist()} can't be put on blocks of "
            f"{np.unique(problem.sizes).tolist()} sites ({n_blocks} blocks); "
            "use another supercell or another symmetry operation"
        )
    assignment: IntArray = np.argmax(result.x.reshape(n_blocks, n_species), axis=1)
    return assignment


def _descend(problem: OrderingProblem, assignment: IntArray) -> IntArray:
    """Swap two blocks, or a block against two of half its size, while that gains most."""
    assignment = assignment.copy()
    while True:
        moved = _best_swap(problem, assignment)
        if moved is None:
            moved = _best_split_swap(problem, assignment)
        if moved is None:
            return assignment
        assignment = moved


def _best_swap(problem: OrderingProblem, assignment: IntArray) -> IntArray | None:
    """Return the assignment after the best exchange of two equally large blocks."""
    q = problem.charges[assignment]
    gradient = 2.0 * problem.coupling @ q + problem.field
    difference = q[None, :] - q[:, None]  # what block i gains when i and j exchange
    change = (
        difference * (gradient[:, None] - gradient[None, :]) + difference**2 * problem.curvature
    )
    change = np.where(_exchangeable(problem, assignment), change, 0.0).round(8)
    i, j = np.unravel_index(int(np.argmin(change)), change.shape)
    if change[i, j] > -ENERGY_RESOLUTION_EV:
        return None
    swapped = assignment.copy()
    swapped[[i, j]] = assignment[[j, i]]
    return swapped


def _exchangeable(problem: OrderingProblem, assignment: IntArray) -> np.ndarray:
    """Return (n_blocks, n_blocks) whether two equally large blocks may exchange their species."""
    fits = problem.allowed[:, assignment]  # fits[i, j]: block i may take the species of j
    possible: np.ndarray = (
        problem.alike & (assignment[:, None] != assignment[None, :]) & fits & fits.T
    )
    return possible


def exchanges(problem: OrderingProblem, assignment: IntArray) -> list[IntArray]:
    """Return every assignment one exchange of two equally large blocks away from this one."""
    pairs = np.argwhere(np.triu(_exchangeable(problem, assignment)))
    made = np.repeat(assignment[None, :], len(pairs), axis=0)
    rows = np.arange(len(pairs))
    made[rows, pairs[:, 0]] = assignment[pairs[:, 1]]
    made[rows, pairs[:, 1]] = assignment[pairs[:, 0]]
    return list(made)


def _best_split_swap(problem: OrderingProblem, assignment: IntArray) -> IntArray | None:
    """Return the assignment after the best exchange of one block with two of half its size."""
    if not np.isin(2 * problem.sizes, problem.sizes).any():
        return None
    base = problem.energy_ev(assignment)
    best, best_energy = None, base - ENERGY_RESOLUTION_EV
    for whole in np.flatnonzero(problem.sizes > 1):
        halves = np.flatnonzero(2 * problem.sizes == problem.sizes[whole])
        for position, first in enumerate(halves):
            species = assignment[first]
            if species == assignment[whole] or not problem.allowed[whole, species]:
                continue
            for second in halves[position + 1 :]:
                pair = [first, second]
                if assignment[second] != species or not all(
                    problem.allowed[pair, assignment[whole]]
                ):
                    continue
                moved = assignment.copy()
                moved[whole], moved[pair] = species, assignment[whole]
                energy = round(problem.energy_ev(moved), 8)
                if energy < best_energy:
                    best, best_energy = moved, energy
    return best
