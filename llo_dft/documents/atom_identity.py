"""Which atom of the pristine bare slab each atom of a structure is.

Structures of a study carry it as the site property ``bare_site``: the index in the pristine bare
slab, or -1 for an atom of the coating. It stays with an atom while others are removed and while it
moves, so that "where is O17 in this host" is asked of the host itself.
"""

from collections.abc import Collection, Iterable
from typing import Final

from pymatgen.core.structure import Structure

from llo_dft.typing import Part

#: Name of the site property.
BARE_SITE: Final = "bare_site"

#: What it is of an atom of the coating.
COATING: Final = -1


def with_bare_sites(structure: Structure, bare_sites: Iterable[int]) -> Structure:
    """Return a copy whose atoms are these of the pristine bare slab; -1: of the coating."""
    named = structure.copy()
    named.add_site_property(BARE_SITE, [int(site) for site in bare_sites])
    return named


def bare_sites(structure: Structure) -> list[int]:
    """Return the index in the pristine bare slab of each atom; -1: of the coating.

    Raises
    ------
    ValueError
        If the structure does not say so.
    """
    found = structure.site_properties.get(BARE_SITE)
    if found is None or None in found:
        raise ValueError(
            f"the atoms of {structure.formula} carry no {BARE_SITE}; expected a structure of a "
            "study of this version: run the study in a new folder"
        )
    return [int(site) for site in found]


def places(structure: Structure) -> dict[int, int]:
    """Return where each atom of the pristine bare slab is, of those that are there."""
    return {site: i for i, site in enumerate(bare_sites(structure)) if site != COATING}


def coating_places(structure: Structure) -> list[int]:
    """Return where the atoms of the coating are."""
    return [i for i, site in enumerate(bare_sites(structure)) if site == COATING]


def only_part(structure: Structure, part: Part) -> Structure:
    """Return a copy with the atoms of one part of an interface alone."""
    left = structure.copy()
    coating = coating_places(structure)
    left.remove_sites(list(places(structure).values()) if part == "coating" else coating)
    return left


def without_atoms(structure: Structure, removed: Collection[int]) -> Structure:
    """Return a copy without some atoms of the pristine bare slab; what is not there is no fault."""
    here = places(structure)
    left = structure.copy()
    left.remove_sites([here[site] for site in removed if site in here])
    return left
