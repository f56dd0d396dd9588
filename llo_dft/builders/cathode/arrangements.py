"""Ways to put elements on shared sites: by electrostatics, or as in a random alloy."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.composition import CompositionError
from llo_dft.builders.ordering.arrangement_search import (
    OrderingError,
    OrderingProblem,
    ewald_matrix,
    low_lying,
    reduce_to_blocks,
)
from llo_dft.builders.ordering.quasirandom import quasirandom
from llo_dft.builders.surface.symmetry import orbits, top_bottom_permutations
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import element_charges
from llo_dft.typing import IntArray, KeptOperation

#: How elements are distributed over their sites.
SiteOrdering: TypeAlias = Literal["honeycomb", "ewald", "sqs"]

#: Number of descents of the search; one TM layer has at most a few dozen blocks.
ORDERING_STARTS: Final = 50

#: Number of descents towards a random alloy; each compares the pairs after every exchange.
RANDOM_STARTS: Final = 10

#: Arrangements whose energies agree within this (eV per cell) count as images of each other.
SAME_ENERGY_EV: Final = 1e-6

#: Name of an empty site among the elements.
EMPTY: Final = ""


@dataclass(frozen=True)
class Sublattice:
    """Sites that share elements."""

    sites: list[int]
    """Their indices."""
    counts: dict[str, int]
    """How many of them each element takes; ``EMPTY`` sites have no atom."""
    lithium: frozenset[int] | None = None
    """Those that Li may take; None: all."""


@dataclass(frozen=True)
class Arrangement:
    """The element of each shared site, and the Ewald energy with formal charges, eV per cell."""

    energy_ev: float
    elements: dict[int, str]


def arrangements(
    stand_in: Structure,
    sublattices: Sequence[Sublattice],
    *,
    ordering: SiteOrdering,
    kept: KeptOperation,
    seed: int,
    labelled: Structure | None = None,
) -> list[Arrangement]:
    """Return ways to put elements on their sites, the best first, one for each energy.

    Raises ``CompositionError`` if no arrangement keeps such an operation.

    ``stand_in`` is the crystal with any element on the shared sites, ``sublattices`` those sites
    with the counts. ``ordering`` is ``sqs``: pairs as in a random alloy (``quasirandom``);
    otherwise the lowest Ewald energy. ``kept`` is the operation that they keep, so that a slab cut
    from them is symmetric; ``labelled`` the crystal whose operations count, if ``stand_in`` has
    more.
    """
    sites = [site for sub in sublattices for site in sub.sites]
    matrix = ewald_matrix(stand_in)
    shared = set(sites)
    others = {i: s for i, s in enumerate(symbols_of(stand_in)) if i not in shared}
    wanted: Counter[str] = sum((Counter(sub.counts) for sub in sublattices), Counter())
    atoms = Counter(others.values()) + wanted
    del atoms[EMPTY]
    by_element = element_charges(atoms) | {EMPTY: 0.0}
    fixed = np.array([by_element[others[i]] if i in others else 0.0 for i in range(len(stand_in))])
    constant = float(fixed @ matrix @ fixed)
    species = [(sub, name) for sub in sublattices for name in sorted(sub.counts)]
    charges = np.array([by_element[name] for _, name in species])
    numbers = np.array([sub.counts[name] for sub, name in species], dtype=np.int64)
    found: list[tuple[float, Arrangement]] = []
    crystal = stand_in if labelled is None else labelled
    for permutation in _permutations(crystal, sites, kept):
        blocks = orbits(sites, permutation)
        allowed = np.array(
            [[_may_take(block, *one) for one in species] for block in blocks], dtype=bool
        )
        problem = OrderingProblem(
            *reduce_to_blocks(matrix, fixed, blocks), charges, numbers, allowed
        )
        try:
            if ordering == "sqs":
                ranked = quasirandom(
                    problem,
                    blocks,
                    stand_in,
                    [sub.sites for sub in sublattices],
                    seed=seed,
                    starts=RANDOM_STARTS,
                )
            else:
                lowest = low_lying(problem, seed=seed, starts=ORDERING_STARTS)
                ranked = [(problem.energy_ev(one) + constant, one) for one in lowest]
        except OrderingError:
            continue
        for score, assignment in ranked:
            elements = {
                site: species[s][1]
                for block, s in zip(blocks, assignment, strict=True)
                for site in block
            }
            if all(abs(score - other) > SAME_ENERGY_EV for other, _ in found):
                energy = problem.energy_ev(assignment) + constant
                found.append((score, Arrangement(energy, elements)))
    if not found:
        counts = ", ".join(f"{n} {one}" for sub in sublattices for one, n in sub.counts.items())
        turned = "layer" if kept == "turn" else "plane"
        raise CompositionError(
            f"no arrangement of {counts} on {len(sites)} sites keeps an operation that turns the "
            f"{turned} over, so no symmetric slab can be cut; use another supercell, or "
            "slab.symmetric = false"
        )
    return [arrangement for _, arrangement in sorted(found, key=lambda one: one[0])]


def chosen(found: Sequence[Arrangement], replica: int, name: str) -> Arrangement:
    """Return the arrangement of a given number; ``name`` is used in the message.

    Raises ``CompositionError`` if there are fewer arrangements.
    """
    if replica >= len(found):
        raise CompositionError(
            f"the search finds {len(found)} distinct arrangements of the metals of {name}, "
            f"expected at least {replica + 1}: use fewer replicas, or a larger supercell"
        )
    return found[replica]


def _permutations(
    crystal: Structure, sites: list[int], kept: KeptOperation
) -> list[IntArray] | list[None]:
    """Return one operation for each way to pair up the sites."""
    if kept == "nothing":
        return [None]
    pairings: dict[tuple[int, ...], IntArray] = {}
    for permutation in top_bottom_permutations(crystal, inversion=kept == "inversion"):
        pairings.setdefault(tuple(permutation[sites].tolist()), permutation)
    return list(pairings.values())


def _may_take(block: list[int], sublattice: Sublattice, element: str) -> bool:
    inside = set(block) <= set(sublattice.sites)
    free = element != "Li" or sublattice.lithium is None
    return inside and (free or set(block) <= (sublattice.lithium or set()))
