"""Bonds between cations and anions: one cutoff for each pair of elements, one neighbour search."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure
from pymatgen.optimization.neighbors import find_points_in_spheres

from llo_dft.chemistry.element_table import ELEMENTS, symbols_of
from llo_dft.chemistry.roles import coating_role, element_role
from llo_dft.typing import FloatArray, IntArray

#: A bond is at most this times the sum of the two ionic radii. 1.88 angstrom for P-O (1.53-1.57
#: in Li3PO4, 1.8 for the longest known, axial in PO5; the next P lies beyond 2.8), 2.59 for Li-O
#: (1.9-2.3, 2.5 beside a vacancy; next 3.4), 2.3 to 2.7 for metals (1.85-2.2, Mn3+ 2.3; next 3.4).
BOND_STRETCH: Final = 1.2


@dataclass(frozen=True, eq=False)
class Bond:
    """A cation and the image of an anion that is bonded to it."""

    cation: int
    anion: int
    """cation, anion: sites."""
    vector: FloatArray
    """(3,) from the cation to that image of the anion, angstrom."""
    image: tuple[int, int, int]
    """Its lattice translation."""
    length: float
    """Angstrom."""


def cutoff(first: str, second: str) -> float:
    """Return the longest bond of two elements, angstrom; 0 unless one is an anion."""
    if _is_anion(first) == _is_anion(second):
        return 0.0
    return BOND_STRETCH * (ionic_radius(first) + ionic_radius(second))


def ionic_radius(symbol: str) -> float:
    """Return the ionic radius, angstrom; pymatgen's mean one where the table has none."""
    if symbol in ELEMENTS:
        return ELEMENTS[symbol].radius_angstrom
    return float(Element(symbol).average_ionic_radius)


def find_bonds(
    structure: Structure, cations: Iterable[int] | None = None, anions: Iterable[int] | None = None
) -> list[Bond]:
    """Return all bonds between cations and anions.

    An anion with two images in reach of a cation has two bonds to it. Only ``cations`` and
    ``anions`` among these sites count; None: all. Bonds are sorted by cation, then by length, then
    by anion.
    """
    symbols = symbols_of(structure)
    first = [i for i in _sites(cations, structure) if not _is_anion(symbols[i])]
    second = [i for i in _sites(anions, structure) if _is_anion(symbols[i])]
    pairs = {(symbols[i], symbols[j]) for i in first for j in second}
    longest = {pair: cutoff(*pair) for pair in pairs}
    if not longest:
        return []
    matrix, coords = structure.lattice.matrix, structure.cart_coords
    found = neighbours(matrix, coords, (first, second), max(longest.values()))
    bonds = [
        Bond(a, b, coords[b] + image @ matrix - coords[a], tuple(image.tolist()), distance)
        for a, b, image, distance in zip(*found, strict=True)
        if distance <= longest[symbols[a], symbols[b]]
    ]
    return sorted(bonds, key=lambda bond: (bond.cation, round(bond.length, 9), bond.anion))


def former_bonds(
    structure: Structure, coating_sites: Iterable[int], oxide_sites: Iterable[int]
) -> list[Bond]:
    """Return the bonds from the network formers of a coating to the anions of the oxide."""
    formers = [i for i in coating_sites if coating_role(structure[i].specie.symbol) == "former"]
    return find_bonds(structure, formers, oxide_sites)


def neighbours(
    matrix: FloatArray, cart_coords: FloatArray, sites: tuple[ArrayLike, ArrayLike], radius: float
) -> tuple[list[int], list[int], IntArray, list[float]]:
    """Return every image of the second sites within a radius of the first ones.

    Lattice (3, 3), places (n, 3) and radius (included) are in angstrom; ``sites`` are the indices
    of those whose neighbours are sought, and of those that may be neighbours.

    Returns site, its neighbour, the neighbour's lattice translation (n, 3) and the distance in
    angstrom. A site is its own neighbour only by an image.
    """
    first, second = (np.asarray(chosen, dtype=np.int64) for chosen in sites)
    centers, points, images, distances = find_points_in_spheres(
        np.ascontiguousarray(cart_coords[second], dtype=float),
        np.ascontiguousarray(cart_coords[first], dtype=float),
        r=radius,
        pbc=np.ones(3, dtype=np.int64),
        lattice=np.ascontiguousarray(matrix, dtype=float),
        tol=1e-8,
    )
    a, b = first[centers], second[points]
    other = (a != b) | images.any(axis=1)
    translations: IntArray = np.rint(images[other]).astype(np.int64)
    return a[other].tolist(), b[other].tolist(), translations, distances[other].tolist()


def _sites(chosen: Iterable[int] | None, structure: Structure) -> Iterable[int]:
    return range(len(structure)) if chosen is None else chosen


def _is_anion(symbol: str) -> bool:
    return element_role(symbol) == "anion"
