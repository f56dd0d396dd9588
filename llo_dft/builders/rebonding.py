"""A network former of the coating that lost an O of the oxide, moved to the next free one."""

from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.chemistry.bonds import find_bonds, former_bonds, neighbours
from llo_dft.chemistry.roles import element_role
from llo_dft.documents.atom_identity import BARE_SITE, bare_sites, coating_places, places

#: A former reaches no O further away than this, angstrom: the next one lies 3.2 to 3.4 from P.
REACH_ANGSTROM: Final = 4.5


def rebonded(structure: Structure, host: Structure) -> tuple[str, Structure] | None:
    """Return a vacancy whose formers have moved on to another O of the oxide, and what they did.

    ``structure`` is ``host`` without some O, its other atoms where they are there. Each former of
    the coating that was bonded to one of these O goes, with the anions of the coating bonded to it,
    straight towards the nearest O of the oxide that is bonded to no former, until it is as far from
    it as from the O it lost.

    Structures without the identities of their atoms, or that lack more than O, have none.

    It is None if no former lost an O, or none is free within ``REACH_ANGSTROM``.
    """
    if any(BARE_SITE not in one.site_properties for one in (structure, host)):
        return None
    there = places(host)
    lost = [there[site] for site in there.keys() - places(structure).keys()]
    if not lost or any(not _is_anion(host, i) for i in lost):
        return None
    kept = [i for i in range(len(host)) if i not in lost]
    coating = coating_places(structure)
    oxide = [i for i in places(structure).values() if _is_anion(structure, i)]
    taken = {bond.anion for bond in former_bonds(structure, coating, oxide)}
    free = [i for i in oxide if i not in taken]
    moved, done = structure.copy(), []
    for bond in former_bonds(host, coating_places(host), lost):
        former = kept.index(bond.cation)
        _, found, images, distances = neighbours(
            structure.lattice.matrix, structure.cart_coords, ([former], free), REACH_ANGSTROM
        )
        if not found:
            return None
        nearest = int(np.argmin(distances))
        to, distance = found[nearest], distances[nearest]
        end = structure.cart_coords[to] + images[nearest] @ structure.lattice.matrix
        step = (end - structure.cart_coords[former]) * (1 - bond.length / distance)
        group = [former, *{one.anion for one in find_bonds(structure, [former], coating)}]
        moved.translate_sites(group, step, frac_coords=False, to_unit_cell=False)
        free.remove(to)
        names = structure[former].specie.symbol, structure[to].specie.symbol
        done.append(f"{names[0]} moved to {names[1]}{bare_sites(structure)[to]}")
    return (", ".join(done), moved) if done else None


def _is_anion(structure: Structure, site: int) -> bool:
    return element_role(structure[site].specie.symbol) == "anion"
