"""Atoms, bonds and coordination polyhedra of a structure, as a picture of it needs them."""

from dataclasses import dataclass, field
from itertools import product
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure
from scipy.spatial import ConvexHull, QhullError

from llo_dft.chemistry.bonds import Bond, find_bonds
from llo_dft.chemistry.roles import element_role
from llo_dft.typing import FloatArray

#: An atom nearer to a side face of the cell than this (fractional) is drawn on both sides.
_EDGE: Final = 0.02

#: Fewest corners of a solid.
_FEWEST_CORNERS: Final = 4


@dataclass(frozen=True, eq=False)
class BondedStructure:
    """What is drawn of a structure: its cell, and each polyhedron that begins in it, whole."""

    points: FloatArray
    """Cartesian, angstrom, shape (n, 3): atoms of the cell, doubled at its side faces, and images
    of anions that a bond leads to."""
    owners: list[int]
    """Site in the structure of each point."""
    bonds: list[tuple[int, int]] = field(default_factory=list)
    """Two points each; without those of mobile ions, which would hide the rest."""
    polyhedra: list[tuple[int, list[list[int]]]] = field(default_factory=list)
    """Point at the centre, and triangles of points, shape (n_triangles, 3)."""


def bonded_structure(structure: Structure) -> BondedStructure:
    """Return what to draw of a structure that is periodic along a and b; c leads out of it."""
    lattice = structure.lattice
    points: list[FloatArray] = []
    owners: list[int] = []
    at: dict[tuple[int, int, int, int], int] = {}

    def point(site: int, image: tuple[int, int, int]) -> int:
        """Return the point of an image of a site, which is made if it is not there yet."""
        if (key := (site, *image)) not in at:
            at[key] = len(points)
            owners.append(site)
            points.append(lattice.get_cartesian_coords(structure[site].frac_coords + image))
        return at[key]

    homes = [_images(site.frac_coords) for site in structure]
    for site, images in enumerate(homes):
        for image in images:
            point(site, image)
    around: dict[int, list[Bond]] = {}
    for bond in find_bonds(structure):
        if element_role(structure[bond.cation].specie.symbol) != "mobile":
            around.setdefault(bond.cation, []).append(bond)
    bonds: list[tuple[int, int]] = []
    polyhedra: list[tuple[int, list[list[int]]]] = []
    for cation, found in around.items():
        for image in homes[cation]:
            center = point(cation, image)
            ends = [
                point(one.anion, (image[0] + one.image[0], image[1] + one.image[1], one.image[2]))
                for one in found
            ]
            bonds += [(center, end) for end in ends]
            if faces := _faces(np.array([points[end] for end in ends])):
                polyhedra.append((center, [[ends[i] for i in face] for face in faces]))
    return BondedStructure(np.array(points), owners, bonds, polyhedra)


def _images(place: FloatArray) -> list[tuple[int, int, int]]:
    """Return the translations that bring a site (fractional) into the cell, or onto its faces."""
    inside = -np.floor(place[:2]).astype(int)
    shifts = [
        (0, 1) if one < _EDGE else (0, -1) if one > 1 - _EDGE else (0,)
        for one in np.mod(place[:2], 1.0)
    ]
    return [(int(inside[0]) + i, int(inside[1]) + j, 0) for i, j in product(*shifts)]


def _faces(corners: FloatArray) -> list[list[int]]:
    """Return the triangles of the solid about some corners, anticlockwise from outside."""
    if len(corners) < _FEWEST_CORNERS:
        return []
    try:
        hull = ConvexHull(corners)
    except QhullError:  # all in one plane
        return []
    faces: list[list[int]] = []
    for face, outward in zip(hull.simplices.tolist(), hull.equations[:, :3], strict=True):
        first, second, third = corners[face]
        turns = float(np.cross(second - first, third - first) @ outward) > 0
        faces.append(face if turns else face[::-1])
    return faces
