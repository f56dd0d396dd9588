"""Operations that map the top of a slab onto its bottom, as permutations of its sites."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import spglib
from pymatgen.core.structure import Structure

from llo_dft.typing import FloatArray, IntArray

#: Distance (angstrom) within which two sites count as the same under an operation.
SYMMETRY_TOLERANCE: Final = 0.05

#: Smallest label of a site that several elements share.
_BEYOND_ELEMENTS: Final = 1000


def _cell(structure: Structure) -> tuple[FloatArray, FloatArray, list[int]]:
    # spglib needs labels: that of a site shared by elements is beyond all elements
    mixed = sorted({site.species_string for site in structure if not site.is_ordered})
    numbers = [
        site.specie.Z if site.is_ordered else _BEYOND_ELEMENTS + mixed.index(site.species_string)
        for site in structure
    ]
    return structure.lattice.matrix, structure.frac_coords, numbers


def symmetry_dataset(
    structure: Structure, tolerance: float = SYMMETRY_TOLERANCE
) -> spglib.SpglibDataset:
    """Return spglib's dataset; shared sites are equal if their occupancies are.

    Raises ``ValueError`` if spglib finds no symmetry, not even the identity (overlapping sites).
    """
    dataset = spglib.get_symmetry_dataset(_cell(structure), symprec=tolerance)
    if dataset is None:
        raise ValueError(f"no symmetry could be found for {structure.formula}: atoms may overlap")
    return dataset


def translations(structure: Structure) -> FloatArray:
    """Return the (n, 3) translations within a cell that leave the crystal as it is, fractions."""
    dataset = symmetry_dataset(structure)
    identity = (dataset.rotations == np.eye(3)).all(axis=(1, 2))
    found: FloatArray = dataset.translations[identity]
    return found


def primitive_cell(crystal: Structure, tolerance: float = SYMMETRY_TOLERANCE) -> Structure:
    """Return a crystal on its primitive cell, not turned; sites that fall together are averaged.

    Sites of one element whose site properties differ are not alike; others fall together within
    ``tolerance``, angstrom.
    """
    kinds = [(site.specie, tuple(sorted(site.properties.items()))) for site in crystal]
    distinct = list(dict.fromkeys(kinds))
    lattice, coords, numbers = spglib.standardize_cell(
        (crystal.lattice.matrix, crystal.frac_coords, [distinct.index(k) + 1 for k in kinds]),
        to_primitive=True,
        no_idealize=True,
        symprec=tolerance,
    )
    found = [distinct[number - 1] for number in numbers]
    properties = {name: [dict(of)[name] for _, of in found] for name in crystal.site_properties}
    return Structure(lattice, [species for species, _ in found], coords, site_properties=properties)


def top_bottom_permutations(
    structure: Structure, tolerance: float = SYMMETRY_TOLERANCE, *, inversion: bool = False
) -> list[IntArray]:
    """Return the distinct site permutations by operations that turn the c axis over.

    Only those that are their own inverse are returned (inversion, mirror, two-fold axis in the
    plane, and the like): applied twice, they return every site to itself.

    The structure is a slab, or a bulk whose a and b lie in the plane of the layers; ``tolerance``
    is in angstrom. With ``inversion`` only inversions are returned, which turn every plane over. In
    each array, shape (n_sites,), entry i is the image of site i. They are sorted, so that the order
    does not depend on spglib's.
    """
    dataset = symmetry_dataset(structure, tolerance)
    found: set[tuple[int, ...]] = set()
    for rotation, translation in zip(dataset.rotations, dataset.translations, strict=True):
        if rotation[2, 2] != -1 or (inversion and (rotation != -np.eye(3)).any()):
            continue
        permutation = _permutation(structure, rotation, translation, 4 * tolerance)
        if permutation is None or any(permutation[permutation] != np.arange(len(structure))):
            continue
        found.add(tuple(permutation.tolist()))
    return [np.array(item, dtype=np.int64) for item in sorted(found)]


def _permutation(
    structure: Structure, rotation: IntArray, translation: FloatArray, tolerance: float
) -> IntArray | None:
    """Return the image of each site, or None if some site has none."""
    moved = structure.frac_coords @ rotation.T + translation
    distances = structure.lattice.get_all_distances(moved, structure.frac_coords)
    permutation: IntArray = np.argmin(distances, axis=1).astype(np.int64)
    close = distances[np.arange(len(structure)), permutation] < tolerance
    if not close.all() or len(set(permutation.tolist())) != len(structure):
        return None
    return permutation


def orbits(sites: Sequence[int], permutation: IntArray | None) -> list[list[int]]:
    """Group sites into the orbits of a permutation (single sites if it is None).

    Raises ``ValueError`` if the permutation maps a site to one that is not given.
    """
    if permutation is None:
        return [[site] for site in sites]
    inside = set(sites)
    groups: list[list[int]] = []
    seen: set[int] = set()
    for site in sites:
        if site in seen:
            continue
        image = int(permutation[site])
        if image not in inside:
            raise ValueError(f"the operation takes site {site} to {image}, not one of the given")
        group = sorted({site, image})
        seen.update(group)
        groups.append(group)
    return groups


def distinct_sites(structure: Structure, sites: Sequence[int]) -> dict[int, int]:
    """Return, for each given site, the first of them that is equivalent by symmetry."""
    equivalent = symmetry_dataset(structure).equivalent_atoms
    first: dict[int, int] = {}
    return {site: first.setdefault(int(equivalent[site]), site) for site in sites}
