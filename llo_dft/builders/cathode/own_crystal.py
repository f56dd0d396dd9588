"""A user's crystal as a layered oxide: a and b turned into its layers, shared sites ordered.

The plane of the layers is found from the metals alone: they lie in planes far apart.
"""

from collections import Counter
from itertools import product
from math import gcd
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.arrangements import (
    EMPTY,
    Arrangement,
    SiteOrdering,
    Sublattice,
    arrangements,
    chosen,
)
from llo_dft.builders.cathode.bulk import on_supercell
from llo_dft.builders.cathode.composition import CompositionError
from llo_dft.builders.surface.slab import CLOSEST_TM_PLANES, PLANE_WIDTH, SlabError, stacks
from llo_dft.builders.surface.surface_lattice import oriented_cell
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.roles import element_role
from llo_dft.typing import KeptOperation, Supercell

#: Largest Miller index of the planes tried as layers.
LARGEST_INDEX: Final = 3

#: Deviations of an occupancy from full below this are rounding.
FULL: Final = 1e-3


def layered_cell(crystal: Structure) -> Structure:
    """Return a crystal on a cell whose a and b span its layers; unchanged if they already do.

    It may be given in any cell. If elements share sites, its primitive cell is used.

    Raises ``SlabError`` if its metals do not lie in planes that are far apart.
    """
    if not crystal.is_ordered:
        crystal = crystal.get_primitive_structure()
    main = by_main_element(crystal)
    try:
        stacks(main, 1)
    except SlabError:
        return oriented_cell(crystal, layer_index(main))
    return crystal


def n_sheets(crystal: Structure) -> int:
    """Return the number of O-TM-O sheets in one period along c; a and b span the layers.

    Raises ``SlabError`` if a and b do not span the layers.
    """
    return len(stacks(by_main_element(crystal), 1))


def layer_index(crystal: Structure) -> tuple[int, int, int]:
    """Return the Miller index of the layers, on the crystal's axes.

    Raises ``SlabError`` if its metals do not lie in planes that are far apart.
    """
    metals = [i for i, s in enumerate(symbols_of(crystal)) if element_role(s) == "framework"]
    best: tuple[float, tuple[int, int, int]] | None = None
    steps = range(-LARGEST_INDEX, LARGEST_INDEX + 1)
    for index in product(range(LARGEST_INDEX + 1), steps, steps):
        if index < (0, 0, 0) or gcd(*index) != 1 or not metals:
            continue
        spacing = crystal.lattice.d_hkl(index)
        heights = np.sort(np.mod(crystal.frac_coords[metals] @ index, 1.0)) * spacing
        steps_up = np.diff([*heights, heights[0] + spacing])
        between = steps_up[steps_up > PLANE_WIDTH]
        if not between.size or between.min() < CLOSEST_TM_PLANES:
            continue
        if best is None or between.min() > best[0] + PLANE_WIDTH / 10:
            best = float(between.min()), index
    if best is None:
        raise SlabError(
            f"the metals of {crystal.formula} do not lie in planes at least {CLOSEST_TM_PLANES} "
            "angstrom apart; expected a layered oxide with its metals in every other layer of "
            "cations. Move the metals out of the Li layers"
        )
    return best[1]


def ordered_crystal(
    crystal: Structure,
    supercell: Supercell,
    *,
    ordering: SiteOrdering,
    kept: KeptOperation,
    seed: int,
    tolerance: float,
    replica: int = 0,
) -> tuple[Structure, float]:
    """Return a crystal with shared sites, ordered, and its deviation per O2.

    Raises ``CompositionError`` if the supercell can't realise the composition within the tolerance,
    or has fewer arrangements.

    The crystal's a and b span the layers. Sites that share the same elements in the same amounts
    are one set, which gets the nearest whole numbers of each; occupancy below full becomes empty
    sites. ``supercell`` repeats along a and b, or is two vectors on them; ``ordering``, ``kept``
    and ``seed`` are as for :func:`~llo_dft.builders.cathode.arrangements.arrangements`.
    ``tolerance`` is the largest deviation of any element per O2 that is accepted, ``replica`` which
    arrangement, counted from the best, 0.
    """
    cell = on_supercell(crystal, supercell)
    shared: dict[str, list[int]] = {}
    for i, site in enumerate(cell):
        if not site.is_ordered:
            shared.setdefault(site.species_string, []).append(i)
    sublattices = [
        Sublattice(sites, _whole_numbers(_shares(cell, sites[0]), len(sites)))
        for sites in shared.values()
    ]
    deviation = _deviation(cell, sublattices)
    name = f"supercell {list(supercell)} of {cell.composition.reduced_formula}"
    if deviation > tolerance:
        counts = ", ".join(str(sub.counts) for sub in sublattices)
        raise CompositionError(
            f"{name}: the nearest whole numbers on its shared sites, {counts}, are off by "
            f"{deviation:.3f} per O2 (allowed {tolerance})"
        )
    found = arrangements(
        by_main_element(cell),
        sublattices,
        ordering=ordering,
        kept=kept,
        seed=seed,
        labelled=cell,
    )
    return _with_elements(cell, chosen(found, replica, name)), deviation


def by_main_element(crystal: Structure) -> Structure:
    """Return a crystal with the most abundant element of each site on it."""
    if crystal.is_ordered:
        return crystal
    main = [max(site.species.items(), key=lambda item: item[1])[0].symbol for site in crystal]
    return type(crystal)(crystal.lattice, main, crystal.frac_coords)


def _shares(crystal: Structure, site: int) -> dict[str, float]:
    shares = {e.symbol: float(n) for e, n in crystal[site].species.items()}
    empty = 1.0 - sum(shares.values())
    return shares | ({EMPTY: empty} if empty > FULL else {})


def _whole_numbers(shares: dict[str, float], n_sites: int) -> dict[str, int]:
    """Return integers that fill the sites: rounded down, then up where most was cut off."""
    exact = {name: share * n_sites for name, share in shares.items()}
    counts = {name: int(number + FULL) for name, number in exact.items()}
    by_rest = sorted(exact, key=lambda name: (counts[name] - exact[name], name))
    for name in by_rest[: n_sites - sum(counts.values())]:
        counts[name] += 1
    return {name: count for name, count in counts.items() if count}


def _deviation(cell: Structure, sublattices: list[Sublattice]) -> float:
    """Return the largest difference of an element's amount from the requested one, per O2."""
    off: Counter[str] = Counter()
    for sub in sublattices:
        for name, share in _shares(cell, sub.sites[0]).items():
            off[name] += sub.counts.get(name, 0) - share * len(sub.sites)  # type: ignore[assignment]
    del off[EMPTY]
    return max(map(abs, off.values()), default=0.0) * 2 / cell.composition["O"]


def _with_elements(cell: Structure, arrangement: Arrangement) -> Structure:
    """Return the ordered crystal, empty sites left out."""
    kept = [i for i in range(len(cell)) if arrangement.elements.get(i) != EMPTY]
    symbols = [arrangement.elements.get(i) or cell[i].specie.symbol for i in kept]
    ordered = type(cell)(cell.lattice, symbols, cell.frac_coords[kept])
    return ordered.get_sorted_structure()
