"""Li3PO4 (010) slabs: with whole PO4 units, or with P exposed for an oxide's O to complete.

A P-exposed face lacks O, each 2-, so that a film that has one is not neutral by itself. The
interface as a whole is, once as many Li leave (``lithium_imbalance``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from llo_dft.builders.cell_checks import formal_charge, formal_dipole, is_symmetric
from llo_dft.builders.coating.phosphate_column import (
    Column,
    PhosphateError,
    PhosphateSetting,
    phosphate_column,
)
from llo_dft.builders.coating.phosphate_faces import (
    BOTTOM,
    TOP,
    CrystalFace,
    check_units,
    faces,
    film_atoms,
)
from llo_dft.builders.surface.placement import place_slab
from llo_dft.builders.surface.terminations import DIPOLE_TOLERANCE
from llo_dft.chemistry.element_table import symbols_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core.structure import Structure

    from llo_dft.typing import IntArray


@dataclass(frozen=True)
class PhosphateFace:
    """What one face of a film is like, per cell.

    Attributes
    ----------
    name
        See ``CrystalFace``: "flat-Li2-PO4", "step-Li0-PO3".
    exposed
        Sites of the P of its outermost plane.
    missing_oxygen
        O that each of them lacks.
    """

    name: str
    exposed: tuple[int, ...]
    missing_oxygen: int


@dataclass(frozen=True)
class PhosphateSlab:
    """A Li3PO4 film with vacuum.

    Attributes
    ----------
    structure
        a along x, the normal along z, c the normal; sorted by electronegativity.
    bottom, top
        Its faces. The bottom is the one that an oxide beneath it will meet.
    layers
        Number of PO4 layers (a "step" face lacks part of one).
    composition
        Atoms of Li, P and O.
    oxygen_deficit
        O that it lacks against PO4 for each of its P.
    charge, dipole
        Sum of the formal charges per cell, e, and their dipole along the normal about the
        middle of the film, e angstrom; that origin matters where the charge is not zero.
    symmetric, polar
        Whether an operation maps its top onto its bottom; whether the dipole is not zero.
    thickness
        From the lowest to the highest atom, angstrom.
    in_plane
        (2, 3) integers: a and b in the vectors of the crystal's cell.
    """

    structure: Structure
    bottom: PhosphateFace
    top: PhosphateFace
    layers: int
    composition: dict[str, int]
    oxygen_deficit: int
    charge: int
    dipole: float
    symmetric: bool
    polar: bool
    thickness: float
    in_plane: IntArray

    @property
    def stoichiometric(self) -> bool:
        """Whether it is Li3PO4."""
        n_p = self.composition["P"]
        return self.composition == {"Li": 3 * n_p, "P": n_p, "O": 4 * n_p}


def phosphate_terminations(
    bulk: Structure,
    *,
    setting: PhosphateSetting,
    layers: int,
    vacuum: float,
    top: str | None = None,
) -> list[PhosphateSlab]:
    """Build a film for every bottom face: PO4-whole ones, then P-exposed ones.

    Parameters
    ----------
    bulk
        Conventional cell of beta- or gamma-Li3PO4, relaxed or not.
    setting
        In which "(010)" is meant: "Pmn2_1" (beta), "Pnma" or "Pmnb" (gamma; different planes).
    layers
        Number of PO4 layers, at least 1.
    vacuum
        Angstrom.
    top
        Name of the face on the vacuum side. None: as :func:`build_phosphate_slab` chooses.

    Returns
    -------
    By number of missing O, then by distance from neutrality, then by name.

    Raises
    ------
    PhosphateError
        As :func:`build_phosphate_slab`.
    """
    column = _checked_column(bulk, setting, layers)
    bottoms = faces(column, 0, BOTTOM)
    tops = _top_faces(column, layers, bottoms, top)
    found = [_film(column, pair, layers, vacuum) for pair in zip(bottoms, tops, strict=True)]
    return sorted(
        found, key=lambda f: (f.bottom.missing_oxygen, f.polar, abs(f.charge), f.bottom.name)
    )


def build_phosphate_slab(
    bulk: Structure,
    *,
    setting: PhosphateSetting,
    bottom: str,
    layers: int,
    vacuum: float,
    top: str | None = None,
) -> PhosphateSlab:
    """Build one film.

    Parameters
    ----------
    bulk, setting, layers, vacuum
        As for :func:`phosphate_terminations`.
    bottom
        Name of the face towards the oxide, one of those :func:`phosphate_terminations` lists.
    top
        Name of the face towards the vacuum, or towards another oxide. None: the flat PO4-whole
        face of the least polar neutral film (where both ends of a polar crystal have one, the
        other end than the bottom's).

    Raises
    ------
    PhosphateError
        If there is no such face, the setting is not one of this structure, the bulk is no
        Li3PO4, or the film would have a P without O.
    """
    column = _checked_column(bulk, setting, layers)
    chosen = _named(faces(column, 0, BOTTOM), bottom, "bottom")
    (above,) = _top_faces(column, layers, [chosen], top)
    return _film(column, (chosen, above), layers, vacuum)


def lithium_imbalance(
    film: PhosphateSlab, film_cells: int, llo_charge: float, llo_cells: int
) -> int:
    """Return the Li that must leave an interface so that its formal charges add up.

    Parameters
    ----------
    film, film_cells
        The Li3PO4 film, and how many of its cells lie on the common cell.
    llo_charge, llo_cells
        Formal charge of one cell of the oxide slab against one of the bulk's composition, e
        (0 for half a Li layer on both faces; each Li of a face that is not there is -1), and
        its cells in the common cell.

    Returns
    -------
    Number of Li; negative if Li must be added.
    """
    return round(film_cells * film.charge + llo_cells * llo_charge)


def _checked_column(bulk: Structure, setting: PhosphateSetting, layers: int) -> Column:
    if layers < 1:
        raise PhosphateError(f"layers is {layers}; expected at least 1 PO4 layer")
    return phosphate_column(bulk, setting)


def _named(known: Sequence[CrystalFace], name: str, side: str) -> CrystalFace:
    for face in known:
        if face.name == name:
            return face
    raise PhosphateError(
        f"no {side} face is called {name!r}; expected one of {', '.join(f.name for f in known)}"
    )


def _whole_pairs(column: Column, layers: int) -> list[tuple[CrystalFace, CrystalFace]]:
    """Return the flat PO4-whole faces that make the least polar neutral films."""

    def whole(candidates: Sequence[CrystalFace]) -> list[CrystalFace]:
        return [f for f in candidates if f.name.startswith("flat") and not f.missing]

    bottoms, tops = faces(column, 0, BOTTOM), faces(column, layers - 1, TOP)
    films = [
        (_film(column, pair, layers, vacuum=1.0), pair)
        for pair in product(whole(bottoms), whole(tops))
    ]
    neutral = [(film.dipole, pair) for film, pair in films if film.charge == 0]
    if not neutral:
        raise PhosphateError(
            "no two PO4-whole faces of this orientation make a neutral film; name the top face: "
            + ", ".join(face.name for face in tops)
        )
    neutral.sort(key=lambda item: (round(abs(item[0]), 3), item[1][0].name))
    least = abs(neutral[0][0]) + DIPOLE_TOLERANCE
    return [pair for dipole, pair in neutral if abs(dipole) < least]


def _top_faces(
    column: Column, layers: int, bottoms: Sequence[CrystalFace], name: str | None
) -> list[CrystalFace]:
    """Return the top for each bottom: the named one, or the partner in a neutral film."""
    if name is not None:
        return [_named(faces(column, layers - 1, TOP), name, "top")] * len(bottoms)
    pairs = _whole_pairs(column, layers)
    partners = {bottom.name: top for bottom, top in pairs}
    whole_names = [f"{bottom.name[:-1]}4" for bottom in bottoms]
    return [partners.get(whole_name, pairs[0][1]) for whole_name in whole_names]


def _film(
    column: Column, pair: tuple[CrystalFace, CrystalFace], layers: int, vacuum: float
) -> PhosphateSlab:
    atoms = film_atoms(column, pair)
    sites, periods = np.array(atoms).T
    coords = column.cell.frac_coords[sites] + np.outer(periods, [0, 0, 1])
    symbols = [symbols_of(column.cell)[i] for i in sites]
    structure = place_slab(column.cell.lattice, coords, symbols, vacuum)
    described = _describe(column, pair, atoms)
    missing = Counter(i for f in described for i in f.exposed * f.missing_oxygen)
    check_units(structure, {i: 4 - missing[i] for i, s in enumerate(symbols) if s == "P"})
    count = Counter(symbols)
    dipole = formal_dipole(structure)
    return PhosphateSlab(
        structure=structure,
        bottom=described[0],
        top=described[1],
        layers=layers,
        composition={symbol: count[symbol] for symbol in ("Li", "P", "O")},
        oxygen_deficit=4 * count["P"] - count["O"],
        charge=round(formal_charge(structure)),
        dipole=dipole,
        symmetric=is_symmetric(structure),
        polar=abs(dipole) > DIPOLE_TOLERANCE,
        thickness=float(np.ptp(structure.cart_coords[:, 2])),
        in_plane=column.in_plane,
    )


def _describe(
    column: Column, pair: tuple[CrystalFace, CrystalFace], atoms: list[tuple[int, int]]
) -> list[PhosphateFace]:
    described: list[PhosphateFace] = []
    for face in pair:
        period = face.plane // len(column.planes)
        outermost = [(site, period) for site in column.plane(face.plane).sites]
        exposed = tuple(sorted(atoms.index(atom) for atom in outermost))
        described.append(PhosphateFace(face.name, exposed, face.missing))
    return described
