"""Interfaces of an oxide slab and a film of a coating, and the search for the best.

An interface is oxide | coating | vacuum. The oxide part is the bare slab atom for atom: bare and
coated share one supercell, and their sites correspond one to one. Of every distinct registry and
gap, those with atoms too close are rejected; the rest are scored by how well the bonds near the
interface satisfy every atom's valence.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Final, NoReturn

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from llo_dft.builders.interface.contacts import Contact, short_contacts
from llo_dft.builders.interface.registries import registry_grid
from llo_dft.builders.matching.common_cell import (
    CommonCell,
    InterfaceError,
    heights_of,
    share_cell,
)
from llo_dft.builders.matching.find_matches import LatticeMatch
from llo_dft.chemistry.bond_valence import BondValences
from llo_dft.chemistry.bonds import Bond, former_bonds
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.typing import FloatArray, IntArray

#: Atoms of the oxide slab and of the coating within this depth of their outermost one count in the
#: score, angstrom: the outer O-TM-O half sheet with its Li, and one PO4 layer.
SCORED_DEPTH: Final = 3.0

#: Scores that differ by less count as equal; then the earlier registry and gap comes first.
SCORE_DECIMALS: Final = 8


class Assembly:
    """Two slabs on one cell, ready to be combined at any registry and gap.

    The coating's lower face is placed on the oxide slab's upper one, with ``vacuum`` above the
    coating, angstrom. Atoms are sorted by electronegativity.
    """

    def __init__(self, cell: CommonCell, vacuum: float) -> None:
        self.cell = cell
        self._vacuum = vacuum
        self._heights = heights_of(cell.llo), heights_of(cell.coating)
        self._in_plane = cell.llo.frac_coords[:, :2], cell.coating.frac_coords[:, :2]
        symbols = symbols_of(cell.llo) + symbols_of(cell.coating)
        self._order = _by_electronegativity(symbols)
        #: Elements of the interface, in its order.
        self.symbols = [symbols[i] for i in self._order]
        places = np.argsort(self._order)
        #: Index in the interface of the oxide slab's and the coating's atoms.
        self.llo_sites: IntArray = places[: len(cell.llo)]
        self.coating_sites: IntArray = places[len(cell.llo) :]

    def contacts(self, registry: tuple[float, float], gap: float) -> list[Contact]:
        """Return the pairs across the interface that are too close, the worst first."""
        sites = self.llo_sites, self.coating_sites
        return short_contacts(*self.coordinates(registry, gap), self.symbols, sites)

    def coordinates(
        self, registry: tuple[float, float], gap: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return the cell, angstrom, and the fractional coordinates of its atoms.

        Raises ``InterfaceError`` if the coating would pass through the oxide slab.
        """
        cell, (low, high) = self.cell, self._heights
        if gap <= -min(np.ptp(low), np.ptp(high)):
            raise InterfaceError(
                f"with a gap of {gap} angstrom one slab would pass through the other "
                f"(they are {np.ptp(low):.2f} and {np.ptp(high):.2f} angstrom thick)"
            )
        shifted = np.mod(np.round(self._in_plane[1] + registry, 12), 1.0)
        above = np.column_stack([shifted, high - high.min() + low.max() + gap])
        below = np.column_stack([self._in_plane[0], low])
        coords = np.vstack([below, above])[self._order]
        c = float(np.ptp(coords[:, 2])) + self._vacuum
        middle = 0.5 * (coords[:, 2].min() + coords[:, 2].max())
        coords[:, 2] = (coords[:, 2] - middle) / c + 0.5
        matrix = cell.llo.lattice.matrix.copy()
        matrix[2] = [0.0, 0.0, c]
        return matrix, coords

    def near_interface(self) -> IntArray:
        """Return the sites that the score counts."""
        low = self.cell.llo.cart_coords[:, 2]
        high = self.cell.coating.cart_coords[:, 2]
        llo = self.llo_sites[low > low.max() - SCORED_DEPTH]
        coating = self.coating_sites[high < high.min() + SCORED_DEPTH]
        return np.concatenate([llo, coating])


@dataclass(frozen=True, eq=False)
class RankedInterface:
    """One interface and its score."""

    assembly: Assembly
    """Its two slabs, and where their atoms are in it."""
    registry: tuple[float, float]
    """Shift of the coating relative to the oxide slab, fractions of a and b."""
    gap: float
    """Height of the coating's lowest atom above the oxide slab's highest, angstrom: the distance of
    the outermost atomic planes. Negative where the two interlock."""
    score: float
    """Global instability index near the interface, e."""

    @cached_property
    def structure(self) -> Structure:
        """Oxide below, coating above; c the normal, centred. Sorted by electronegativity."""
        matrix, coords = self.assembly.coordinates(self.registry, self.gap)
        return Structure(Lattice(matrix), self.assembly.symbols, coords)

    @cached_property
    def bonds(self) -> list[Bond]:
        """From network formers of the coating to anions of the oxide slab."""
        coating, llo = self.assembly.coating_sites, self.assembly.llo_sites
        return former_bonds(self.structure, coating.tolist(), llo.tolist())


def search_interfaces(
    llo: Structure,
    coating: Structure,
    match: LatticeMatch,
    *,
    spacing: float,
    gaps: Sequence[float],
    vacuum: float,
    termination: str,
) -> list[RankedInterface]:
    """Rank the usable interfaces of a grid of registries and gaps, best first.

    Raises ``InterfaceError`` if there is nothing to try, the coating would pass through the oxide,
    or everything is left out; then the least bad contact is named.

    ``spacing`` is that of the registries, angstrom (see ``registry_grid``), ``gaps`` are those to
    try and ``vacuum`` the width above the coating, angstrom (see ``RankedInterface``),
    ``termination`` is the coating's, for the message. Other arguments are as for ``share_cell``.
    """
    if not len(gaps) or not np.isfinite(gaps).all():
        raise InterfaceError(f"gaps must be at least one number in angstrom, got {list(gaps)}")
    assembly = Assembly(share_cell(llo, coating, match), vacuum)
    valences = BondValences(assembly.symbols, assembly.near_interface())
    grid = registry_grid(assembly.cell.llo, assembly.cell.coating, spacing)
    ranked: list[RankedInterface] = []
    rejected: list[tuple[Contact, tuple[float, float], float]] = []
    for (registry, *_), gap in product(grid, map(float, gaps)):
        if contacts := assembly.contacts(registry, gap):
            rejected.append((contacts[0], registry, gap))
            continue
        score = valences.instability(*assembly.coordinates(registry, gap))
        ranked.append(RankedInterface(assembly, registry, gap, score))
    if not ranked:
        _raise_all_rejected(rejected, termination)
    return sorted(ranked, key=lambda item: round(item.score, SCORE_DECIMALS))


def _by_electronegativity(symbols: Sequence[str]) -> IntArray:
    keys = {symbol: (Element(symbol).X, symbol) for symbol in set(symbols)}
    return np.array(sorted(range(len(symbols)), key=lambda i: (*keys[symbols[i]], i)))


def _raise_all_rejected(
    rejected: Sequence[tuple[Contact, tuple[float, float], float]], termination: str
) -> NoReturn:
    """Name the least bad of the interfaces: its worst contact, registry and gap."""
    counts = Counter(contact.kind for contact, *_ in rejected)
    summary = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))
    contact, registry, gap = max(rejected, key=lambda one: one[0].distance / one[0].shortest)
    raise InterfaceError(
        f"all {len(rejected)} interfaces have atoms too close ({summary}); the least bad, "
        f"termination {termination!r} at registry ({registry[0]:.3f}, {registry[1]:.3f}) and gap "
        f"{gap:g}, has {contact}. Try larger gaps, a finer grid of registries, or another "
        "termination"
    )
