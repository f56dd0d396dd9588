"""Distances across an interface, and which are too short."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, TypeAlias

from numpy.typing import ArrayLike

from llo_dft.chemistry.bonds import ionic_radius, neighbours
from llo_dft.chemistry.roles import element_role
from llo_dft.typing import FloatArray

ContactKind: TypeAlias = Literal[
    "former-anion", "mobile-anion", "metal-anion", "anion-anion", "cation-cation"
]

#: Shortest distance of each kind of pair in a starting structure, angstrom, with O as the anion; an
#: anion of another size shifts it by the difference of the ionic radii. A relaxation from a
#: shorter distance starts with forces of tens of eV/A and ends in a bond other than the intended
#: one.
SHORTEST_CONTACTS: Final[dict[ContactKind, float]] = {
    # a terminal P-O is 1.43 in P4O10; in a phosphate P-O is 1.50 to 1.60
    "former-anion": 1.40,
    # 1.9 to 2.0 for Li with four O in Li3PO4, 2.0 to 2.3 with six in the layered oxides
    "mobile-anion": 1.70,
    # 1.85 to 2.2; the smallest of these metals (Mn4+, Al3+) have 1.75 with four O
    "metal-anion": 1.70,
    # two O of one PO4 are 2.45 to 2.55 apart, and no unbonded O come closer; a peroxide has 1.45
    # and a superoxide 1.3, so no sensible start of an interface has less
    "anion-anion": 2.20,
    # cations of face-sharing polyhedra, the closest, are 2.3 to 2.5 apart
    "cation-cation": 2.20,
}


@dataclass(frozen=True)
class Contact:
    """Two atoms that are closer than the table allows."""

    sites: tuple[int, int]
    """Their indices."""
    symbols: tuple[str, str]
    """Their elements."""
    distance: float
    """Between them (nearest images), angstrom."""

    @property
    def kind(self) -> ContactKind:
        """Which line of the table applies."""
        return contact_kind(*self.symbols)

    @property
    def shortest(self) -> float:
        """The allowed distance, angstrom."""
        return shortest_contact(*self.symbols)

    def __str__(self) -> str:
        """Say which atoms, their distance, and what is allowed."""
        one, other = (f"{s}{i}" for s, i in zip(self.symbols, self.sites, strict=True))
        return (
            f"{one}-{other} {self.distance:.2f} angstrom ({self.kind}: at least "
            f"{self.shortest:.2f})"
        )


def contact_kind(first: str, second: str) -> ContactKind:
    """Return the kind of a pair of elements, by their roles in an oxide."""
    roles = {element_role(first), element_role(second)}
    if roles == {"anion"}:
        return "anion-anion"
    if "anion" not in roles:
        return "cation-cation"
    if "former" in roles:
        return "former-anion"
    return "mobile-anion" if "mobile" in roles else "metal-anion"


@cache
def shortest_contact(first: str, second: str) -> float:
    """Return the shortest distance of two elements in a starting structure, angstrom."""
    anions = [symbol for symbol in (first, second) if element_role(symbol) == "anion"]
    larger = sum(ionic_radius(symbol) - ionic_radius("O") for symbol in anions)
    return SHORTEST_CONTACTS[contact_kind(first, second)] + larger


def short_contacts(
    matrix: FloatArray,
    frac_coords: FloatArray,
    symbols: Sequence[str],
    sites: tuple[ArrayLike, ArrayLike],
) -> list[Contact]:
    """Return the pairs between two sets of sites that are too close.

    ``matrix``, ``frac_coords`` and ``symbols`` are cell, shape (3, 3), coordinates and elements;
    periodic images count. ``sites`` are the indices of the two sets; a site in both is not its own
    partner. Each pair is returned once, at its shortest image, the worst first, by the ratio to the
    allowed distance.
    """
    kinds = sorted(set(symbols))
    reach = max(shortest_contact(one, other) for one in kinds for other in kinds)
    found = neighbours(matrix, frac_coords @ matrix, sites, reach)
    nearest: dict[tuple[int, int], float] = {}
    for a, b, _, distance in zip(*found, strict=True):
        nearest[a, b] = min(distance, nearest.get((a, b), distance))
    pairs = [
        Contact((a, b), (symbols[a], symbols[b]), d) for (a, b), d in nearest.items() if a != b
    ]
    short = [contact for contact in pairs if contact.distance < contact.shortest]
    return sorted(short, key=lambda c: (round(c.distance / c.shortest, 9), c.sites))
