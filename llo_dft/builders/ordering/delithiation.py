"""Which Li leave a slab at a given lithium fraction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.builders.cathode.bulk import tm_layer_sites
from llo_dft.builders.ordering.arrangement_search import (
    OrderingProblem,
    distinct_by_energy,
    ewald_matrix,
    filling,
    minima,
)
from llo_dft.builders.ordering.distinct_orderings import DelithiationError
from llo_dft.builders.surface.symmetry import orbits
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import formal_charges, hole_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray, IntArray

#: Descents of the search.
DELITHIATION_STARTS: Final = 200

#: Up to this many blocks, comparing all arrangements is faster than the search.
EXACT_BLOCKS: Final = 16


@dataclass(frozen=True)
class LithiumRemoval:
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
        Ewald energy with formal charges. The electrons of the Li that left come from the metals
        and O of the oxide along the redox ladder (``hole_shares``), so that the cell stays
        neutral: a background of charge would also fill the vacuum and drive Li to the faces.
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
) -> list[LithiumRemoval]:
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
        If a fraction is outside 0..1, or there is no Li.
    InputError
        If the oxide can't give so many electrons.
    """
    _check(pristine, lithium, fractions)
    electrostatics = _electrostatics(pristine, lithium, turn_over)
    return [_candidates(electrostatics, fraction, 1, seed)[0] for fraction in fractions]


def delithiate_to(
    pristine: Structure,
    lithium: Sequence[int],
    n_removed: int,
    *,
    gone: Sequence[int] = (),
    oxide_sites: Sequence[int] | None = None,
    seed: int,
) -> list[int]:
    """Return the Li whose removal costs the least Ewald energy, for a given number of them.

    Parameters
    ----------
    pristine
        The slab, or interface, with all its Li.
    lithium
        Sites that may be emptied; a coating's Li is left out here.
    n_removed
        Number of them that are empty in the end.
    gone
        Those among them that have left already.
    oxide_sites
        Sites of the oxide, whose O take up the charge of the Li that left; None: all sites.
    seed
        As of ``delithiate``.

    Returns
    -------
    All sites that are empty in the end, ascending.

    Raises
    ------
    DelithiationError
        If fewer are to be empty than are so already, or more than there are.
    """
    left = sorted(set(lithium) - set(gone))
    if not len(gone) <= n_removed <= len(gone) + len(left):
        raise DelithiationError(
            f"expected {len(gone)} to {len(gone) + len(left)} Li to leave, got {n_removed}"
        )
    if n_removed == len(gone):
        return sorted(gone)
    electrostatics = _electrostatics(pristine, left, None, gone, oxide_sites)
    fraction = 1 - (n_removed - len(gone)) / len(left)
    return sorted([*gone, *_candidates(electrostatics, fraction, 1, seed)[0].removed])


def delithiation_candidates(
    pristine: Structure,
    lithium: Sequence[int],
    fraction: float,
    *,
    n_candidates: int,
    turn_over: IntArray | None,
    seed: int,
) -> list[LithiumRemoval]:
    """Return the ways to reach one lithium fraction that cost least Ewald energy, best first.

    Parameters and errors as in :func:`delithiate`. Of arrangements with the same energy (most
    often images of each other) one is returned. Beyond ``EXACT_BLOCKS`` orbits they are the
    minima that the search ended in.
    """
    _check(pristine, lithium, [fraction])
    if n_candidates < 1:
        raise DelithiationError(f"expected at least one candidate, got {n_candidates}")
    electrostatics = _electrostatics(pristine, lithium, turn_over)
    return _candidates(electrostatics, fraction, n_candidates, seed)


def _check(pristine: Structure, lithium: Sequence[int], fractions: Sequence[float]) -> None:
    for fraction in fractions:
        if not 0.0 <= fraction <= 1.0:
            raise DelithiationError(f"lithium fraction {fraction} is outside 0..1")
    if not lithium:
        raise DelithiationError(f"{pristine.formula} has no Li that could leave")


@dataclass(frozen=True)
class _Electrostatics:
    """What the energy of any filling of the same sites is made from."""

    pristine: Structure
    matrix: FloatArray
    fixed: FloatArray
    n_gone: int
    oxide_sites: Sequence[int] | None
    blocks: list[list[int]]
    in_sheet: set[int]


def _electrostatics(
    pristine: Structure,
    lithium: Sequence[int],
    turn_over: IntArray | None,
    gone: Sequence[int] = (),
    oxide_sites: Sequence[int] | None = None,
) -> _Electrostatics:
    symbols = symbols_of(pristine)
    fixed = np.array(formal_charges(symbols, symbols))
    fixed[[*lithium, *gone]] = 0.0
    return _Electrostatics(
        pristine=pristine,
        matrix=ewald_matrix(pristine),
        fixed=fixed,
        n_gone=len(gone),
        oxide_sites=oxide_sites,
        blocks=orbits(list(lithium), turn_over),
        in_sheet=set(tm_layer_sites(pristine)),
    )


def _candidates(
    electrostatics: _Electrostatics, fraction: float, count: int, seed: int
) -> list[LithiumRemoval]:
    e = electrostatics
    lithium = {site for block in e.blocks for site in block}
    n_kept = _realisable(fraction, [len(block) for block in e.blocks])
    n_holes = e.n_gone + len(lithium) - n_kept
    fixed = e.fixed + hole_shares(e.pristine, n_holes, e.oxide_sites)
    problem = filling(e.matrix, fixed, e.blocks, n_kept)
    constant = float(fixed @ e.matrix @ fixed)
    found: list[LithiumRemoval] = []
    for assignment in _lowest(problem, seed)[:count]:
        kept = {i for block, s in zip(e.blocks, assignment, strict=True) if s == 0 for i in block}
        found.append(
            LithiumRemoval(
                requested=fraction,
                lithium_fraction=n_kept / len(lithium),
                removed=tuple(sorted(lithium - kept)),
                n_li_layer=len(kept - e.in_sheet),
                n_tm_layer=len(kept & e.in_sheet),
                energy_ev=problem.energy_ev(assignment) + constant,
            )
        )
    return found


def _realisable(fraction: float, sizes: list[int]) -> int:
    """Return the number of Li nearest to the fraction that whole orbits can make up."""
    possible = {0}
    for size in sizes:
        possible |= {count + size for count in possible}
    wanted = fraction * sum(sizes)
    return min(possible, key=lambda count: (round(abs(count - wanted), 9), -count))


def _lowest(problem: OrderingProblem, seed: int) -> list[IntArray]:
    """Return arrangements from the lowest energy on: all there are, or those searched for."""
    n_blocks = len(problem.sizes)
    if n_blocks > EXACT_BLOCKS:
        return minima(problem, seed=seed, starts=DELITHIATION_STARTS)
    places = np.arange(n_blocks)[::-1]
    every: IntArray = np.arange(2**n_blocks)[:, None] >> places & 1  # lexicographic order
    return distinct_by_energy(problem, every[every @ problem.sizes == problem.counts[1]])
