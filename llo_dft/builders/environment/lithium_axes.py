"""Li-O-Li axes: O between a Li of its own sheet and an opposite one of the Li layer.

The O 2p state along such an axis has no TM to hybridise with and lies highest, so these O
are oxidised first (Seo et al., Nat. Chem. 8, 692 (2016)). When Li of the axis leave, it becomes
Li-O-empty or empty-O-empty.
"""

from collections.abc import Collection
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.environment.oxygen_environment import (
    SHEET_HALF_WIDTH,
    checked_sites,
    tm_planes,
)
from llo_dft.chemistry.bonds import Bond, find_bonds
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.roles import site_roles
from llo_dft.documents.sites import LithiumAxes
from llo_dft.errors import InputError

#: Two cations of one O are opposite each other beyond this angle, degrees. In layered oxides
#: opposite ones are at 171 to 175 and neighbouring ones at 83 to 97, faces may be distorted.
STRAIGHT_ANGLE: Final = 150.0


def li_o_li_axes(
    pristine: Structure, removed: Collection[int] = (), *, tm_layers: int | Collection[int]
) -> dict[int, LithiumAxes]:
    """Return the Li-O-Li axes of each O, and how many Li each has left.

    Raises ``InputError`` if a removed site has no Li; ``ValueError`` if the TMs do not lie in
    ``tm_layers`` planes, or a site is not in the structure.

    ``pristine`` is a slab with all its Li, normal along c; ``removed`` are its sites whose Li has
    left, ``tm_layers`` is as for
    :func:`~llo_dft.builders.environment.oxygen_environment.oxygen_environments`. The axes are by
    site of ``pristine``.
    """
    symbols = symbols_of(pristine)
    gone = set(checked_sites(pristine, removed, "removed"))
    others = sorted(i for i in gone if symbols[i] != "Li")
    if others:
        found = ", ".join(f"{symbols[i]} at {i}" for i in others)
        raise InputError(
            f"removed names {found}; expected sites with Li in the pristine structure. Give the "
            "sites of the pristine structure, not those of the delithiated one"
        )
    heights = pristine.cart_coords[:, 2]
    roles = site_roles(symbols)
    lithium: dict[int, list[Bond]] = {i: [] for i, one in enumerate(symbols) if one == "O"}
    for bond in find_bonds(pristine, pristine.indices_from_symbol("Li"), lithium):
        lithium[bond.anion].append(bond)
    if isinstance(tm_layers, int):
        planes = tm_planes(heights[[role == "framework" for role in roles]], tm_layers)
    result: dict[int, LithiumAxes] = {}
    for i, bonds in lithium.items():
        if isinstance(tm_layers, int):
            plane = planes[int(np.argmin(np.abs(planes - heights[i])))] - heights[i]
            in_sheet = [abs(-bond.vector[2] - plane) < SHEET_HALF_WIDTH for bond in bonds]
        else:
            in_sheet = [bond.cation in tm_layers for bond in bonds]
        left = [sum(end not in gone for end in ends) for ends in _axes(bonds, in_sheet)]
        result[i] = LithiumAxes(
            li_o_li=left.count(2), li_o_empty=left.count(1), empty_o_empty=left.count(0)
        )
    return result


def _axes(bonds: list[Bond], in_sheet: list[bool]) -> list[tuple[int, int]]:
    """Return the Li of the sheet and the Li opposite, for each such axis of an O."""
    limit = np.cos(np.radians(STRAIGHT_ANGLE))
    return [
        (one.cation, other.cation)
        for one, one_in in zip(bonds, in_sheet, strict=True)
        for other, other_in in zip(bonds, in_sheet, strict=True)
        if one_in and not other_in and one.vector @ other.vector < limit * one.length * other.length
    ]
