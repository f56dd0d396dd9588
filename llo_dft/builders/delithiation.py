"""Which Li leave a slab at a given lithium fraction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.builders.bulk import tm_layer_sites
from llo_dft.builders.distinct_orderings import (
    DelithiationError,
    DistinctOrdering,
    count_distinct_orderings,
    delithiated,
    distinct_orderings,
    ordering_energies,
    oxygen_share,
)
from llo_dft.builders.ordering import (
    ENERGY_RESOLUTION_EV,
    OrderingProblem,
    ewald_matrix,
    reduce_to_blocks,
    search,
)
from llo_dft.builders.symmetry import orbits
from llo_dft.builders.valences import formal_charges, symbols_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray, IntArray

__all__ = [
    "Delithiation",
    "DelithiationError",
    "DistinctOrdering",
    "count_distinct_orderings",
    "delithiate",
    "delithiated",
    "distinct_orderings",
    "ordering_energies",
]

#: Descents of the search.
DELITHIATION_STARTS: Final = 200

#: Up to this many blocks, comparing all arrangements is faster than the search.
EXACT_BLOCKS: Final = 16


@dataclass(frozen=True)
class Delithiation:
    """The Li that leave at one lithium fraction.

    Attributes
    ----------
    requested
        The fraction that was asked for.
    lithium_fraction
        The nearest one that whole Li atoms allow.
    removed
        Sites of the pristine structure that are emptied, ascending.
    n_li_layer, n_tm_layer
        Li that stay in the Li layers and in the TM layers.
    energy_ev
        Ewald energy with formal charges. The charge of the Li that left is taken up by all O
        evenly (Mn4+ gives none), so that the cell stays neutral: a background of charge
        would also fill the vacuum and drive Li to the faces.
    """

    requested: float
    lithium_fraction: float
    removed: tuple[int, ...]
    n_li_layer: int
    n_tm_layer: int
    energy_ev: float


def delithiate(
    pristine: Structure,
    lithium: Sequence[int],
    fractions: Sequence[float],
    *,
    turn_over: IntArray | None,
    seed: int,
) -> list[Delithiation]:
    """Find, for each fraction, the Li whose removal costs the least Ewald energy.

    All Li compete, those of the Li layers and those of the TM layers. Up to ``EXACT_BLOCKS``
    orbits of ``turn_over`` (or Li, without it) all arrangements are compared; beyond that
    the lowest is searched for from random starts.

    Parameters
    ----------
    pristine
        The slab or bulk with all its Li.
    lithium
        Sites that may be emptied; a coating's Li is left out here.
    fractions
        Li left / Li in ``lithium``, each from 0 to 1.
    turn_over
        Permutation of an operation that the result must keep, or None.
    seed
        Seed of the search; nothing depends on it where all arrangements are compared.

    Raises
    ------
    DelithiationError
        If a fraction is outside 0..1, or there is no Li or no O.
    """
    for fraction in fractions:
        if not 0.0 <= fraction <= 1.0:
            raise DelithiationError(f"lithium fraction {fraction} is outside 0..1")
    if not lithium:
        raise DelithiationError(f"{pristine.formula} has no Li that could leave")
    blocks = orbits(list(lithium), turn_over)
    matrix = ewald_matrix(pristine)
    fixed = np.array(formal_charges(symbols_of(pristine)))
    fixed[list(lithium)] = 0.0
    share = oxygen_share(pristine)
    in_sheet = set(tm_layer_sites(pristine))
    results: list[Delithiation] = []
    for fraction in fractions:
        n_kept = _realisable(fraction, [len(block) for block in blocks])
        neutral = fixed - share * (fixed.sum() + n_kept)
        kept, energy = _keep(matrix, neutral, blocks, n_kept, seed)
        results.append(
            Delithiation(
                requested=fraction,
                lithium_fraction=n_kept / len(lithium),
                removed=tuple(sorted(set(lithium) - kept)),
                n_li_layer=len(kept - in_sheet),
                n_tm_layer=len(kept & in_sheet),
                energy_ev=energy,
            )
        )
    return results


def _realisable(fraction: float, sizes: list[int]) -> int:
    """Return the number of Li nearest to the fraction that whole orbits can make up."""
    possible = {0}
    for size in sizes:
        possible |= {count + size for count in possible}
    wanted = fraction * sum(sizes)
    return min(possible, key=lambda count: (round(abs(count - wanted), 9), -count))


def _keep(
    matrix: FloatArray, fixed: FloatArray, blocks: list[list[int]], n_kept: int, seed: int
) -> tuple[set[int], float]:
    coupling, field, sizes = reduce_to_blocks(matrix, fixed, blocks)
    problem = OrderingProblem(
        coupling=coupling,
        field=field,
        sizes=sizes,
        charges=np.array([1.0, 0.0]),  # Li, empty
        counts=np.array([n_kept, int(sizes.sum()) - n_kept], dtype=np.int64),
        allowed=np.ones((len(blocks), 2), dtype=bool),
    )
    if len(blocks) <= EXACT_BLOCKS:
        assignment = _lowest_of_all(problem)
    else:
        assignment = search(problem, seed=seed, starts=DELITHIATION_STARTS)
    kept = {i for block, s in zip(blocks, assignment, strict=True) if s == 0 for i in block}
    return kept, problem.energy_ev(assignment) + float(fixed @ matrix @ fixed)


def _lowest_of_all(problem: OrderingProblem) -> IntArray:
    """Return the best arrangement of two species, as ``search`` does, but of all there are."""
    n_blocks = len(problem.sizes)
    places = np.arange(n_blocks)[::-1]
    every: IntArray = np.arange(2**n_blocks)[:, None] >> places & 1  # lexicographic order
    every = every[every @ problem.sizes == problem.counts[1]]
    q = problem.charges[every]
    energies = ((q @ problem.coupling + problem.field) * q).sum(axis=1)
    tied = energies <= energies.min() + 10 * ENERGY_RESOLUTION_EV
    best: IntArray = every[int(np.argmax(tied))]
    return best
