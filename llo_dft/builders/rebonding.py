"""A network former of the coating that lost an O of the oxide, moved to the next free one."""

from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.chemistry.bonds import find_bonds, former_bonds, neighbours
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.heights import heights_angstrom
from llo_dft.chemistry.roles import element_role
from llo_dft.documents.atom_identity import BARE_SITE, bare_sites, coating_places, places
from llo_dft.typing import FloatArray, IntArray

#: A former reaches no O further away than this, angstrom: the next ones lie 3.2 to 3.4 from P.
REACH_ANGSTROM: Final = 4.5

#: O of one face of a layer are within this of each other in height, angstrom; the layer's other
#: face is 2 below, and a former that went there through the gap of the lost O ended 7 eV higher.
SAME_FACE_ANGSTROM: Final = 1.0

#: How far a former begins from its new O, times the bond it lost. Nine vacancies under P, CHGNet
#: r2SCAN: at 1 and 1.12 its group comes to 0.7 angstrom from Li and every third relaxation ends 7
#: to 9 eV higher, at 1.35 every second former goes back; at 1.22 all end from 1.4 eV below to 0.4
#: above the O removed alone or moved at 1; the other three find places up to 0.3 eV lower.
APPROACH: Final = 1.22

#: Where an O of the group comes this near to a Li, angstrom, the potential pulls them together: of
#: 56 starts five of the six below it ended 8 to 10 eV higher with Li 0.6 from O, of the others one.
LITHIUM_TOO_NEAR: Final = 0.77

#: How far Li is pushed from other atoms, angstrom, where the group that moves crowds it. So three
#: of 30 vacancies under P ended 0.5 to 0.8 eV lower, others up to 1.4 above: a second way, not a
#: better one, but for the six starts where an O came on a Li, of which none was lower otherwise.
ROOM_FOR_LITHIUM: Final = {"O": 1.75, "F": 1.75, "P": 2.4}
ROOM_BESIDE_OTHERS: Final = 2.3

#: Li that is nearer than its room by more than this is crowded, angstrom.
CROWDED: Final = 0.15

#: Steps of a push, each half of all overlaps.
PUSHES: Final = 100

#: Two ways in which no Li lies further apart along an axis count as one, angstrom.
ALIKE_ANGSTROM: Final = 0.2

#: How many O are tried, the nearest first: P has two at nearly the same distance.
MOST_TRIES: Final = 2


def rebonded(
    structure: Structure, host: Structure, *, both_ways: bool = True
) -> list[tuple[str, Structure]]:
    """Return a vacancy with formers that moved on to another O of the oxide, and what they did.

    ``structure`` is ``host`` without some O, its other atoms where they are there. Each former of
    the coating that was bonded to one of these O goes, with the anions of the coating bonded to it,
    straight towards an O of the same face of the oxide that is bonded to no former, until it is
    ``APPROACH`` times as far from it as from the O it lost: to the nearest, and in a second
    structure to the next. Li that it crowds is pushed away; with ``both_ways`` there is also each
    with Li left there unless an O came on it, for an engine to which a start costs little.

    There are none if no former lost an O or none is free within ``REACH_ANGSTROM``, if atoms carry
    no identities, or more than O is lacking.
    """
    if any(BARE_SITE not in one.site_properties for one in (structure, host)):
        return []
    there = places(host)
    lost = [there[site] for site in there.keys() - places(structure).keys()]
    if not lost or any(not _is_anion(host, i) for i in lost):
        return []
    kept = [i for i in range(len(host)) if i not in lost]
    heights = heights_angstrom(host)
    ways = []
    for bond in former_bonds(host, coating_places(host), lost):
        aside = np.abs(heights[kept] - heights[bond.anion]) < SAME_FACE_ANGSTROM
        ways.append(_ways(structure, kept.index(bond.cation), bond.length, np.flatnonzero(aside)))
    made = []
    for rank in range(MOST_TRIES if ways else 0):
        moved, pushed = structure.copy(), structure.copy()
        done, taken, met = [], set[int](), not both_ways
        for those in ways:
            left = [way for way in those if way[0] not in taken]
            if rank >= len(left):
                break
            to, group, step = left[rank]
            taken.add(to)
            for one in (moved, pushed):
                one.translate_sites(group, step, frac_coords=False, to_unit_cell=False)
            met |= _meets_lithium(moved, group)
            _push_lithium(pushed, group)
            names = moved[group[0]].specie.symbol, moved[to].specie.symbol
            done.append(f"{names[0]} moved to {names[1]}{bare_sites(moved)[to]}")
        else:
            name = ", ".join(done)
            alike = np.abs(pushed.cart_coords - moved.cart_coords).max() < ALIKE_ANGSTROM
            if alike or not met:
                made.append((name, moved))
            if not alike:
                made.append((f"{name} with Li pushed away", pushed))
    return made


def _ways(
    structure: Structure, former: int, length: float, face: IntArray
) -> list[tuple[int, list[int], FloatArray]]:
    """Return where a former may go, the nearest first: O of a face, atoms that move, their step.

    It ends near a length from that O; lengths and steps in angstrom.
    """
    coating = coating_places(structure)
    oxide = [i for i in places(structure).values() if _is_anion(structure, i)]
    taken = {bond.anion for bond in former_bonds(structure, coating, oxide)}
    free = [i for i in oxide if i in face and i not in taken]
    if not free:
        return []
    lattice, coords = structure.lattice.matrix, structure.cart_coords
    _, found, images, distances = neighbours(lattice, coords, ([former], free), REACH_ANGSTROM)
    group = [former, *{one.anion for one in find_bonds(structure, [former], coating)}]
    ways: list[tuple[int, list[int], FloatArray]] = []
    for k in np.argsort(distances, kind="stable"):
        if found[k] in [to for to, *_ in ways]:
            continue  # an image, further away
        way = coords[found[k]] + images[k] @ lattice - coords[former]
        ways.append((found[k], group, way * (1 - APPROACH * length / distances[k])))
    return ways


def _meets_lithium(structure: Structure, group: list[int]) -> bool:
    lattice, coords = structure.lattice.matrix, structure.cart_coords
    _, others, *_ = neighbours(lattice, coords, (group, range(len(coords))), LITHIUM_TOO_NEAR)
    return any(structure[other].specie.symbol == "Li" for other in others)


def _push_lithium(structure: Structure, group: list[int]) -> None:
    """Move Li that a group crowds to where it overlaps least with all atoms, in place."""
    lattice, coords = structure.lattice.matrix, structure.cart_coords.copy()
    symbols = symbols_of(structure)
    room = np.array([ROOM_FOR_LITHIUM.get(symbol, ROOM_BESIDE_OTHERS) for symbol in symbols])
    near = neighbours(lattice, coords, (group, range(len(coords))), room.max())
    crowded = sorted(
        {
            other
            for atom, other, _, far in zip(*near, strict=True)
            if symbols[other] == "Li" and far < room[atom] - CROWDED
        }
    )
    # off the line of two atoms, where nothing pushes aside
    coords[crowded] += np.random.default_rng(0).normal(0.0, 0.05, (len(crowded), 3))
    for _ in range(PUSHES if crowded else 0):
        near = neighbours(lattice, coords, (crowded, range(len(coords))), room.max())
        steps = np.zeros_like(coords)
        for atom, other, image, far in zip(*near, strict=True):
            way = coords[atom] - coords[other] - image @ lattice
            steps[atom] += way * max(room[other] / far - 1, 0.0) / 2
        coords += steps
    for i in crowded:
        step = coords[i] - structure[i].coords
        structure.translate_sites([i], step, frac_coords=False, to_unit_cell=False)


def _is_anion(structure: Structure, site: int) -> bool:
    return element_role(structure[site].specie.symbol) == "anion"
