"""Every face that a crystal of PO4 units can end with, and the film between two of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np

from llo_dft.builders.coating.phosphate_column import (
    PLANE_WIDTH,
    Column,
    PhosphateError,
    grouped,
)
from llo_dft.chemistry.bonds import cutoff, find_bonds
from llo_dft.chemistry.element_table import symbols_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray

#: Which way a face looks along the normal.
Outward: TypeAlias = Literal[-1, 1]
BOTTOM: Final = -1
TOP: Final = 1

#: An O that lies less than this behind its P, seen from outside, can be taken away, angstrom.
BEHIND: Final = 0.3


@dataclass(frozen=True)
class CrystalFace:
    """One way to end the crystal.

    Attributes
    ----------
    name
        For example "flat-Li2-PO3": all PO4 units of the outermost layer are there ("step":
        only those from the second P plane on), 2 Li per cell lie outside the outermost P, and
        each outermost P has 3 O left.
    plane
        Number of the outermost P plane that is kept.
    lithium
        Height beyond which Li is cut away, angstrom.
    missing
        Number of O that each P of that plane lacks.
    """

    name: str
    plane: int
    lithium: float
    missing: int


def faces(column: Column, layer: int, outward: Outward) -> list[CrystalFace]:
    """Return every face of a layer of whole PO4 units, and those with O taken away.

    Parameters
    ----------
    column
        The crystal.
    layer
        Number of the outermost layer.
    outward
        -1 for a bottom face, 1 for a top face.
    """
    found: list[CrystalFace] = []
    planes = column.layer(layer)[::-outward]
    for depth, number in enumerate(planes):
        shape = "flat" if depth == 0 else "step" if depth == 1 else f"step{depth}"
        for n_li, height in _lithium_cuts(column, number, outward):
            for missing in range(_removable(column, number, outward) + 1):
                name = f"{shape}-Li{n_li}-PO{4 - missing}"
                found.append(CrystalFace(name, number, height, missing))
    return found


def _lithium_cuts(column: Column, number: int, outward: Outward) -> list[tuple[int, float]]:
    """Return how many Li may stay outside a P plane, and the height of each such cut."""
    start, end = column.plane(number).height, column.plane(number + outward).height
    outside: list[float] = []
    for site in (s for s in column.cell if s.specie.symbol == "Li"):
        above = np.mod((site.z - start) * outward + PLANE_WIDTH, column.period) - PLANE_WIDTH
        if PLANE_WIDTH < above < abs(end - start) - PLANE_WIDTH:
            outside.append(float(above))
    outside.sort()
    cuts = [(0, start + outward * PLANE_WIDTH)]
    for group in grouped([(height, i) for i, height in enumerate(outside)]):
        last = outside[group[-1]]
        cuts.append((group[-1] + 1, start + outward * (last + 0.5 * PLANE_WIDTH)))
    return cuts


def _removable(column: Column, number: int, outward: Outward) -> int:
    """Return how many O each P of a plane can lose to the outside; one O at least stays."""
    counts = [
        sum(bool(outward * vector[2] > -BEHIND) for _, vector in column.oxygen[i])
        for i in column.plane(number).sites
    ]
    return min(*counts, 3)


def lost_oxygen(column: Column, site: int, face: CrystalFace, outward: Outward) -> list[int]:
    """Return the O that a P of the outermost plane loses: those that point outward most.

    Equally high ones are told apart by where they lie beside their P, not in the cell.
    """

    def rank(bond: tuple[int, FloatArray]) -> tuple[float, float, float]:
        x, y, z = np.round(bond[1], 2) + 0.0
        return -outward * z, x, y

    return [j for j, _ in sorted(column.oxygen[site], key=rank)[: face.missing]]


def film_atoms(column: Column, pair: tuple[CrystalFace, CrystalFace]) -> list[tuple[int, int]]:
    """Return (site, period) of each atom of a film, by electronegativity, then from below.

    Raises
    ------
    PhosphateError
        If the two faces leave no film, or a P without O.
    """
    bottom, top = pair
    crowded = PhosphateError(
        f"{bottom.name} below and {top.name} above leave nothing between them, or take the same O "
        "twice; expected a film with an O on every P. Take more layers, or let one face keep its O"
    )
    if top.plane < bottom.plane:
        raise crowded
    atoms: list[tuple[int, int]] = []
    for number in range(bottom.plane, top.plane + 1):
        period = number // len(column.planes)
        for site in column.plane(number).sites:
            lost: list[int] = []
            if number == bottom.plane:
                lost += lost_oxygen(column, site, bottom, BOTTOM)
            if number == top.plane:
                lost += lost_oxygen(column, site, top, TOP)
            left = [j for j, _ in column.oxygen[site] if j not in lost]
            if len(left) + len(lost) != len(column.oxygen[site]) or not left:
                raise crowded
            atoms += [(j, period) for j in (site, *left)]
    periods = range(-1, top.plane // len(column.planes) + 2)
    for site in (i for i, s in enumerate(symbols_of(column.cell)) if s == "Li"):
        heights = [column.cell[site].z + period * column.period for period in periods]
        atoms += [
            (site, period)
            for period, height in zip(periods, heights, strict=True)
            if bottom.lithium < height < top.lithium
        ]
    species = [site.specie for site in column.cell]
    return sorted(atoms, key=lambda a: (species[a[0]].X, a[1], column.cell[a[0]].z, a[0]))


def check_units(film: Structure, expected: Mapping[int, int]) -> None:
    """Refuse a film whose P (by site) do not have the expected number of O.

    Raises
    ------
    PhosphateError
        With the P at fault.
    """
    found = Counter(bond.cation for bond in find_bonds(film, expected))
    for i, count in expected.items():
        if found[i] != count:
            raise PhosphateError(
                f"P at site {i} has {found[i]} O within {cutoff('P', 'O'):.2f} angstrom; expected "
                f"{count}. The crystal is too distorted to be taken apart into PO4 units"
            )
