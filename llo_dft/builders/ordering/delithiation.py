"""Which Li leave a slab at a given lithium fraction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.ordering.arrangement_search import (
    OrderingProblem,
    ewald_matrix,
    filling,
    lowest_arrangements,
    reduce_to_blocks,
)
from llo_dft.builders.ordering.dumbbells import (
    TetrahedralSite,
    movers,
    tetrahedral_sites,
    too_near,
    turned_over,
    with_tetrahedra,
)
from llo_dft.builders.surface.symmetry import orbits
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import formal_charges, hole_shares
from llo_dft.errors import InputError
from llo_dft.typing import FloatArray, IntArray

#: Energy of two Li that are too near to each other, far above any other of an arrangement.
REPULSION_EV: Final = 1000.0


@dataclass(frozen=True)
class LithiumRemoval:
    """The Li that leave at one lithium fraction."""

    requested: float
    """The requested fraction."""
    lithium_fraction: float
    """The nearest fraction possible with whole Li atoms."""
    removed: tuple[int, ...]
    """Sites of the pristine structure that are emptied, ascending."""
    energy_ev: float
    """Ewald energy with formal charges. The electrons of the Li that left come from the metals and
    O of the oxide along the redox ladder (``hole_shares``), so that the cell stays neutral: a
    background of charge would also fill the vacuum and drive Li to the faces."""


def delithiate(
    pristine: Structure,
    lithium: Sequence[int],
    fractions: Sequence[float],
    *,
    turn_over: IntArray | None,
    seed: int,
    n_candidates: int = 1,
) -> list[list[LithiumRemoval]]:
    """Find, for each fraction, the Li whose removal costs the least Ewald energy.

    All Li compete, those of the Li layers and those of the TM layers. Up to ``EXACT_BLOCKS``
    orbits of ``turn_over`` (or Li, without it) all arrangements are compared; beyond that
    the lowest is sought from random starts.

    Raises ``InputError`` if there is no Li, or the oxide can't give that many electrons.

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
    n_candidates
        Number of ways to return for each fraction, at most.

    Returns
    -------
    For each fraction the ways to reach it, as of ``lowest_arrangements``.
    """
    if not lithium:
        raise InputError(f"{pristine.formula} has no Li that could leave")
    sites = lithium_sites(pristine, lithium, turn_over)
    return [_candidates(sites, fraction, n_candidates, seed) for fraction in fractions]


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

    Raises ``InputError`` if fewer are to be empty than already are, or more than there are.

    Of the sites ``lithium``, ``gone`` have already left and ``n_removed`` are empty at the end; all
    of these are returned, ascending. ``oxide_sites`` are those of the oxide, which gives the
    electrons of the Li that left; None: all. Others are as for ``delithiate``.
    """
    left = sorted(set(lithium) - set(gone))
    if not len(gone) <= n_removed <= len(gone) + len(left):
        raise InputError(
            f"expected {len(gone)} to {len(gone) + len(left)} Li to leave, got {n_removed}"
        )
    if n_removed == len(gone):
        return sorted(gone)
    sites = lithium_sites(pristine, left, None, gone, oxide_sites)
    problem, _ = sites.problem(n_removed - len(gone))
    (lowest,) = lowest_arrangements(problem, count=1, seed=seed)
    return sorted([*gone, *sites.removed(lowest)])


@dataclass(frozen=True)
class LithiumSites:
    """Sites that Li may leave, in blocks that are emptied together, and their electrostatics."""

    pristine: Structure
    """The slab or interface with all its Li."""
    matrix: FloatArray
    """(n, n) of ``ewald_matrix``."""
    charges: FloatArray
    """(n,) formal charges while pristine, e; 0 on the sites of ``blocks`` and on those that are
    empty in any case."""
    blocks: list[list[int]]
    """Sites of each block."""
    n_gone: int
    """Number of Li that left from other sites."""
    oxide_sites: Sequence[int] | None
    """Sites that the electrons come from; None: all."""
    tetrahedra: Sequence[TetrahedralSite]
    """Sites beside the metal layers that Li may move to; they come after the structure's own."""
    repulsion_ev: FloatArray | None
    """(n_blocks, n_blocks) energy that keeps Li apart which can't be so near, eV; None without
    tetrahedra."""

    @property
    def n_lithium(self) -> int:
        """Number of Li that may leave."""
        return sum(map(len, self.blocks)) - len(self.tetrahedra)

    def problem(self, n_removed: int) -> tuple[OrderingProblem, float]:
        """Return the problem of which blocks hold Li (0) or not (1), and a constant energy, eV."""
        holes = hole_shares(self.pristine, self.n_gone + n_removed, self.oxide_sites)
        fixed = self.charges + np.pad(holes, (0, len(self.tetrahedra)))
        constant = float(fixed @ self.matrix @ fixed)
        return filling(self.matrix, fixed, self.blocks, self.n_lithium - n_removed), constant

    def removed(self, arrangement: IntArray) -> tuple[int, ...]:
        """Return the sites whose Li leave in an arrangement, ascending."""
        return tuple(sorted(set(self._empty(arrangement)) - self.moved(arrangement).keys()))

    def moved(self, arrangement: IntArray) -> dict[int, TetrahedralSite]:
        """Return the Li that an arrangement has in tetrahedral sites."""
        first = len(self.pristine)
        held = self._sites(arrangement, 0)
        filled = [site - first for site in held if site >= first]
        moving = movers(self.pristine, self.tetrahedra, filled, self._empty(arrangement))
        return {site: self.tetrahedra[i] for site, i in moving.items()}

    def _empty(self, arrangement: IntArray) -> list[int]:
        return [site for site in self._sites(arrangement, 1) if site < len(self.pristine)]

    def _sites(self, arrangement: IntArray, species: int) -> list[int]:
        pairs = zip(self.blocks, arrangement, strict=True)
        return sorted(site for block, of_block in pairs if of_block == species for site in block)

    def arrangement(self, removed: Collection[int]) -> IntArray | None:
        """Return the arrangement that leaves these sites empty; None if that would split blocks.

        Sites outside all blocks are ignored; no Li has moved.
        """
        empty = {*removed, *range(len(self.pristine), len(self.charges))}
        gone = [sum(site in empty for site in block) for block in self.blocks]
        if any(0 < n < len(block) for n, block in zip(gone, self.blocks, strict=True)):
            return None
        return np.array([int(n > 0) for n in gone], dtype=np.int64)


def lithium_sites(
    pristine: Structure,
    lithium: Sequence[int],
    turn_over: IntArray | None,
    gone: Sequence[int] = (),
    oxide_sites: Sequence[int] | None = None,
    sheet: Collection[int] = (),
) -> LithiumSites:
    """Return the sites ``lithium`` of a structure, whose Li ``gone`` have left, as blocks.

    With the sites of the metal layers, ``sheet``, also those beside them that Li may move to.
    """
    symbols = symbols_of(pristine)
    charges = np.array(formal_charges(symbols, symbols))
    charges[[*lithium, *gone]] = 0.0
    blocks = orbits(list(lithium), turn_over)
    tetrahedra = tetrahedral_sites(pristine, lithium, sheet)
    filled = with_tetrahedra(pristine, tetrahedra)
    repulsion = None
    if tetrahedra:
        turned = None if turn_over is None else turned_over(tetrahedra, turn_over)
        beside = orbits(range(len(tetrahedra)), turned)
        blocks += [[len(pristine) + i for i in block] for block in beside]
        charges = np.pad(charges, (0, len(tetrahedra)))
        repulsion = (
            REPULSION_EV * reduce_to_blocks(too_near(filled, tetrahedra), charges, blocks)[0]
        )
    return LithiumSites(
        pristine,
        ewald_matrix(filled),
        charges,
        blocks,
        len(gone),
        oxide_sites,
        tetrahedra,
        repulsion,
    )


def _candidates(
    sites: LithiumSites, fraction: float, count: int, seed: int
) -> list[LithiumRemoval]:
    n_kept = _realisable(fraction, [len(block) for block in sites.blocks])
    problem, constant = sites.problem(sites.n_lithium - n_kept)
    return [
        LithiumRemoval(
            requested=fraction,
            lithium_fraction=n_kept / sites.n_lithium,
            removed=sites.removed(arrangement),
            energy_ev=problem.energy_ev(arrangement) + constant,
        )
        for arrangement in lowest_arrangements(problem, count=count, seed=seed)
    ]


def _realisable(fraction: float, sizes: list[int]) -> int:
    """Return the number of Li nearest to the fraction that whole orbits allow."""
    possible = {0}
    for size in sizes:
        possible |= {count + size for count in possible}
    wanted = fraction * sum(sizes)
    return min(possible, key=lambda count: (round(abs(count - wanted), 9), -count))
