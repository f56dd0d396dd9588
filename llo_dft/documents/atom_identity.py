"""Which atom of the pristine bare slab each atom of a structure is.

Structures of a study carry it as the site property ``bare_site``: the index in the pristine bare
slab, or -1 for an atom of the coating. An atom keeps it while others are removed and while it
moves, so that the host itself says where its O17 is.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from pymatgen.core.structure import Structure

from llo_dft.typing import Moved, Part

#: Name of the site property.
BARE_SITE: Final = "bare_site"

#: Its value for an atom of the coating.
COATING: Final = -1


def with_bare_sites(structure: Structure, bare_sites: Iterable[int]) -> Structure:
    """Return a copy whose atoms have these indices in the pristine bare slab; -1: coating."""
    named = structure.copy()
    named.add_site_property(BARE_SITE, [int(site) for site in bare_sites])
    return named


def bare_sites(structure: Structure) -> list[int]:
    """Return each atom's index in the pristine bare slab; -1: an atom of the coating.

    Raises ``ValueError`` if the structure carries no such indices.
    """
    found = structure.site_properties.get(BARE_SITE)
    if found is None or None in found:
        raise ValueError(
            f"the atoms of {structure.formula} carry no {BARE_SITE}; expected a structure of a "
            "study of this version: run the study in a new folder"
        )
    return [int(site) for site in found]


def places(structure: Structure) -> dict[int, int]:
    """Return where each atom of the pristine bare slab is, missing ones left out."""
    return {site: i for i, site in enumerate(bare_sites(structure)) if site != COATING}


def coating_places(structure: Structure) -> list[int]:
    """Return the indices of the coating's atoms."""
    return [i for i, site in enumerate(bare_sites(structure)) if site == COATING]


def only_part(structure: Structure, part: Part) -> Structure:
    """Return a copy with only the atoms of one part of an interface."""
    left = structure.copy()
    coating = coating_places(structure)
    left.remove_sites(list(places(structure).values()) if part == "coating" else coating)
    return left


def arranged(
    structure: Structure, removed: Collection[int], moved: Mapping[int, Moved] | None = None
) -> Structure:
    """Return a copy with the Li of an ordering: some removed, some moved, angstrom.

    They are meant by their index in the pristine bare slab; in a crystal, by their own.
    """
    named = BARE_SITE in structure.site_properties
    here = places(structure) if named else range(len(structure))
    left = structure.copy()
    for site, step in (moved or {}).items():
        left.translate_sites([here[site]], step, frac_coords=False)
    left.remove_sites([here[site] for site in removed if site in here])
    return left


def without_atoms(structure: Structure, removed: Collection[int]) -> Structure:
    """Return a copy without some atoms of the pristine bare slab, as far as they are there."""
    return arranged(structure, places(structure).keys() & set(removed))
