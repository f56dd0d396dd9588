"""Distances across an interface: what is too close, and what is a P-O bond."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from llo_dft.builders.environment.oxygen_environment import LONGEST_BOND
from llo_dft.chemistry.valences import symbols_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike
    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray

ContactKind: TypeAlias = Literal["P-O", "Li-O", "metal-O", "O-O", "cation-cation"]

#: Shortest distance of each kind of pair in a starting structure, angstrom. A relaxation from
#: less starts with forces of tens of eV/A and ends in another bond than was asked for.
SHORTEST_CONTACTS: Final[dict[ContactKind, float]] = {
    # a terminal P-O is 1.43 in P4O10; those of a phosphate are 1.50 to 1.60
    "P-O": 1.40,
    # 1.9 to 2.0 for Li with four O in Li3PO4, 2.0 to 2.3 with six in the layered oxides
    "Li-O": 1.70,
    # 1.85 to 2.2; the smallest of these metals (Mn4+, Al3+) keep 1.75 with four O
    "metal-O": 1.70,
    # two O of one PO4 are 2.45 to 2.55 apart, and no O that are not bonded come closer; a
    # peroxide has 1.45 and a superoxide 1.3, so nothing that an interface should start
    # with lies below
    "O-O": 2.20,
    # cations of face-sharing polyhedra, the closest, are 2.3 to 2.5 apart
    "cation-cation": 2.20,
}


@dataclass(frozen=True)
class Contact:
    """Two atoms that are closer than the table allows.

    Attributes
    ----------
    sites
        Their indices.
    symbols
        Their elements.
    distance
        Between them (nearest images), angstrom.
    """

    sites: tuple[int, int]
    symbols: tuple[str, str]
    distance: float

    @property
    def kind(self) -> ContactKind:
        """Which line of the table applies."""
        return contact_kind(*self.symbols)

    @property
    def shortest(self) -> float:
        """What the table allows, angstrom."""
        return SHORTEST_CONTACTS[self.kind]

    def __str__(self) -> str:
        """Say which atoms, how far apart, and what is allowed."""
        one, other = (f"{s}{i}" for s, i in zip(self.symbols, self.sites, strict=True))
        return (
            f"{one}-{other} {self.distance:.2f} angstrom ({self.kind}: at least "
            f"{self.shortest:.2f})"
        )


@dataclass(frozen=True)
class PhosphorusBond:
    """A bond from P of the coating to lattice O of the oxide.

    Attributes
    ----------
    phosphorus, oxygen
        Site indices.
    length
        Angstrom.
    """

    phosphorus: int
    oxygen: int
    length: float


def contact_kind(first: str, second: str) -> ContactKind:
    """Return the kind of a pair of elements; what is not O, Li or P counts as a metal."""
    if first == second == "O":
        return "O-O"
    if "O" not in {first, second}:
        return "cation-cation"
    cation = second if first == "O" else first
    if cation == "P":
        return "P-O"
    return "Li-O" if cation == "Li" else "metal-O"


def short_contacts(structure: Structure, sites_a: ArrayLike, sites_b: ArrayLike) -> list[Contact]:
    """Return the pairs between two sets of sites that are too close.

    Parameters
    ----------
    structure
        Periodic images count.
    sites_a, sites_b
        Site indices; a site in both sets is not its own partner.

    Returns
    -------
    Each pair once, at its shortest image; the worst first, by distance over what is allowed.
    """
    return short_contacts_of(
        structure.lattice.matrix, structure.frac_coords, symbols_of(structure), (sites_a, sites_b)
    )


def short_contacts_of(
    matrix: FloatArray,
    frac_coords: FloatArray,
    symbols: Sequence[str],
    sites: tuple[ArrayLike, ArrayLike],
) -> list[Contact]:
    """Return what ``short_contacts`` does, from the cell (3, 3), coordinates and elements."""
    found = [
        Contact((a, b), (symbols[a], symbols[b]), distance)
        for a, b, distance in _pairs(matrix, frac_coords, sites, max(SHORTEST_CONTACTS.values()))
    ]
    short = [contact for contact in found if contact.distance < contact.shortest]
    return sorted(short, key=lambda c: (round(c.distance / c.shortest, 9), c.sites))


def phosphorus_bonds(
    structure: Structure, llo_sites: ArrayLike, coating_sites: ArrayLike
) -> list[PhosphorusBond]:
    """Return the bonds from P of a coating to O of the oxide, by P and then by length.

    A bond is what ``oxygen_environments`` counts: up to ``LONGEST_BOND["P"]``.
    """
    symbols = symbols_of(structure)
    oxygen = [i for i in np.asarray(llo_sites).tolist() if symbols[i] == "O"]
    phosphorus = [i for i in np.asarray(coating_sites).tolist() if symbols[i] == "P"]
    pairs = _pairs(
        structure.lattice.matrix, structure.frac_coords, (phosphorus, oxygen), LONGEST_BOND["P"]
    )
    bonds = [PhosphorusBond(p, o, length) for p, o, length in pairs]
    return sorted(bonds, key=lambda bond: (bond.phosphorus, round(bond.length, 9), bond.oxygen))


def _pairs(
    matrix: FloatArray, frac_coords: FloatArray, sites: tuple[ArrayLike, ArrayLike], radius: float
) -> list[tuple[int, int, float]]:
    """Return (a, b, distance) of the pairs within a radius, at their shortest image."""
    first, second = (np.asarray(chosen, dtype=np.int64) for chosen in sites)
    apart = frac_coords[second][None] - frac_coords[first][:, None]
    apart -= np.round(apart)
    # within half a cell; further images only where the cell is thin against the radius
    thickness = 1 / np.linalg.norm(np.linalg.inv(matrix), axis=0)
    reach = np.floor(radius / thickness + 0.5).astype(int)
    # so far the planes of the lattice keep them apart at least: most pairs end here
    far = (np.abs(apart) * thickness > radius) & (reach == 0)
    rows, columns = np.nonzero(~far.any(axis=2) & (first[:, None] != second[None]))
    images = np.array(list(product(*(range(-n, n + 1) for n in reach))))
    vectors = (apart[rows, columns][:, None] + images[None]) @ matrix
    distances = np.sqrt((vectors**2).sum(axis=2).min(axis=1))
    near = distances <= radius
    return list(
        zip(
            first[rows[near]].tolist(),
            second[columns[near]].tolist(),
            distances[near].tolist(),
            strict=True,
        )
    )
