"""Every face that a coating's crystal can end in, and the film between two of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from pymatgen.core.periodic_table import Element

from llo_dft.builders.coating.column import PLANE_WIDTH, CoatingError, Column, Ligand, grouped

#: An atom of a column: its site and its period.
Atom: TypeAlias = tuple[int, int]

#: Which way a face points along the normal.
Outward: TypeAlias = Literal[-1, 1]
BOTTOM: Final = -1
TOP: Final = 1

#: An anion less than this behind its former, seen from outside, can be removed, A.
BEHIND: Final = 0.3


@dataclass(frozen=True)
class CrystalFace:
    """One way to end the crystal."""

    name: str
    """For example "flat-Li2-PO3": all units of the outermost layer are kept ("step": only those
    from the second plane of formers on), 2 Li per cell lie outside the outermost former, and
    each outermost former keeps 3 O. Without loose ions in the crystal the middle part is omitted
    ("flat-AlO3"); where layers differ, later ones are "flatB", "flatC"."""
    plane: int
    """Number of the outermost plane of formers that is kept."""
    loose: float
    """Height beyond which loose ions are removed, angstrom."""
    missing: int
    """Number of anions missing from each former of that plane, not counting those that a former
    further in holds."""


def faces(column: Column, layer: int, outward: Outward, kind: int = 0) -> list[CrystalFace]:
    """Return every face of a layer of whole units, and those with anions removed.

    ``layer`` is the number of the outermost layer, ``outward`` -1 for a bottom face and 1 for a top
    face; ``kind`` is that of its layer, for the name.
    """
    found: list[CrystalFace] = []
    planes = column.layer(layer)[::-outward]
    letter = chr(ord("A") + kind) if kind else ""
    for depth, number in enumerate(planes):
        shape = ("flat" if depth == 0 else "step" if depth == 1 else f"step{depth}") + letter
        for ions, height in _loose_cuts(column, number, outward):
            for missing in range(_removable(column, number, outward) + 1):
                unit = _unit_name(column, number, missing)
                name = "-".join(part for part in (shape, ions, unit) if part)
                found.append(CrystalFace(name, number, height, missing))
    return found


def _formula(column: Column, sites: Iterable[int]) -> str:
    counts = Counter(column.cell[i].specie.symbol for i in sites)
    return "".join(f"{s}{counts[s]}" for s in sorted(counts, key=lambda s: (Element(s).X, s)))


def _unit_name(column: Column, number: int, missing: int) -> str:
    """Return the unit of each former of a plane, such as PO3, different kinds joined."""
    units: dict[str, None] = {}
    for i in column.plane(number).sites:
        held = column.ligands[i]
        anions = "".join(dict.fromkeys(column.cell[one.site].specie.symbol for one in held))
        units[f"{column.cell[i].specie.symbol}{anions}{len(held) - missing}"] = None
    return "".join(sorted(units))


def _loose_cuts(column: Column, number: int, outward: Outward) -> list[tuple[str, float]]:
    """Return which loose ions may stay outside a plane, and the height of each such cut."""
    start, end = column.plane(number).height, column.plane(number + outward).height
    outside: list[tuple[float, int]] = []
    for i in column.loose:
        z = column.cell[i].z
        above = np.mod((z - start) * outward + PLANE_WIDTH, column.period) - PLANE_WIDTH
        if PLANE_WIDTH < above < abs(end - start) - PLANE_WIDTH:
            outside.append((float(above), i))
    outside.sort()
    mobile = next((s for s in ("Li", *_loose_kinds(column)) if s in _loose_kinds(column)), None)
    cuts = [("" if mobile is None else f"{mobile}0", start + outward * PLANE_WIDTH)]
    kept: list[int] = []
    for group in grouped(outside):
        kept += group
        last = max(height for height, i in outside if i in group)
        cuts.append((_formula(column, kept), start + outward * (last + 0.5 * PLANE_WIDTH)))
    return cuts


def _loose_kinds(column: Column) -> list[str]:
    return sorted({column.cell[i].specie.symbol for i in column.loose})


def _dangling(column: Column, site: int, number: int, outward: Outward) -> list[Ligand]:
    """Return the anions of a former of a plane that no former further in holds."""
    period = number // len(column.planes)
    return [
        one
        for one in column.ligands[site]
        if all(
            outward * holder >= outward * number
            for holder in column.holders(one.site, period + one.period)
        )
    ]


def _removable(column: Column, number: int, outward: Outward) -> int:
    """Return how many anions each former of a plane can lose to the outside, keeping one."""
    counts = [
        min(
            sum(
                bool(outward * one.vector[2] > -BEHIND)
                for one in _dangling(column, i, number, outward)
            ),
            len(column.ligands[i]) - 1,
        )
        for i in column.plane(number).sites
    ]
    return min(counts)


def lost_anions(column: Column, site: int, face: CrystalFace, outward: Outward) -> list[Ligand]:
    """Return the anions that a former of the outermost plane loses: the most outward ones.

    Equally high ones are distinguished by their place beside the former, not in the cell.
    """

    def rank(one: Ligand) -> tuple[float, float, float]:
        x, y, z = np.round(one.vector, 2) + 0.0
        return -outward * z, x, y

    return sorted(_dangling(column, site, face.plane, outward), key=rank)[: face.missing]


def _gone(column: Column, face: CrystalFace, outward: Outward) -> list[Atom]:
    period = face.plane // len(column.planes)
    return sorted(
        {
            (one.site, period + one.period)
            for site in column.plane(face.plane).sites
            for one in lost_anions(column, site, face, outward)
        }
    )


def film_atoms(column: Column, pair: tuple[CrystalFace, CrystalFace]) -> list[Atom]:
    """Return the atoms of a film, by electronegativity, then from below.

    Raises ``CoatingError`` if the two faces leave no film, or a former without anions.
    """
    bottom, top = pair
    crowded = CoatingError(
        f"{bottom.name} below and {top.name} above leave nothing between them, or remove the "
        "same anion twice; expected a film with an anion on every former. Use more layers, or a "
        "face that keeps its anions"
    )
    if top.plane < bottom.plane:
        raise crowded
    lost = [*_gone(column, bottom, BOTTOM), *_gone(column, top, TOP)]
    if len(set(lost)) != len(lost):
        raise crowded
    atoms: set[Atom] = set()
    for number in range(bottom.plane, top.plane + 1):
        period = number // len(column.planes)
        for site in column.plane(number).sites:
            held = {(one.site, period + one.period) for one in column.ligands[site]}
            if not held.difference(lost):
                raise crowded
            atoms |= {(site, period), *held.difference(lost)}
    first = bottom.plane // len(column.planes)
    periods = range(first - 1, top.plane // len(column.planes) + 2)
    for site in column.loose:
        atoms |= {
            (site, period)
            for period in periods
            if bottom.loose < column.cell[site].z + period * column.period < top.loose
        }
    species = [site.specie for site in column.cell]
    return sorted(atoms, key=lambda a: (species[a[0]].X, a[1], column.cell[a[0]].z, a[0]))


def cut_valences(column: Column, atoms: list[Atom]) -> tuple[float, float]:
    """Return the bond valence cut by a film's bottom and top face, e per cell."""
    inside = set(atoms)
    heights = [column.cell[i].z + period * column.period for i, period in atoms]
    middle = 0.5 * (min(heights) + max(heights))
    periods = {period for _, period in atoms}
    cut = {BOTTOM: 0.0, TOP: 0.0}
    for bond in column.bonds:
        for period in range(min(periods) - 2, max(periods) + 3):
            ends = (bond.cation, period), (bond.anion, period + bond.period)
            outside = [end for end in ends if end not in inside]
            if len(outside) == 1:
                ((site, there),) = outside
                above = column.cell[site].z + there * column.period > middle
                cut[TOP if above else BOTTOM] += bond.valence
    return cut[BOTTOM], cut[TOP]
