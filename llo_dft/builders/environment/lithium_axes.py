"""Li-O-Li axes: O between a Li of its own sheet and one of the Li layer opposite.

The O 2p state along such an axis has no TM to hybridise with and lies highest, so these O
are the ones that are oxidised first (Seo et al., Nat. Chem. 8, 692 (2016)). When a Li of the
axis leaves, what remains is Li-O-empty, or empty-O-empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.builders.environment.oxygen_environment import (
    SHEET_HALF_WIDTH,
    bonded_cations,
    checked_sites,
    tm_planes,
)
from llo_dft.chemistry.valences import LAYER_METALS, symbols_of
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection

    from pymatgen.core.structure import Structure

#: Two cations of one O are opposite each other beyond this angle, degrees. In layered oxides
#: opposite ones make 171 to 175 and neighbouring ones 83 to 97, so faces may bend a good deal.
STRAIGHT_ANGLE: Final = 150.0


@dataclass(frozen=True)
class LithiumAxes:
    """The axes of one O that had Li at both ends in the pristine structure.

    Attributes
    ----------
    li_o_li, li_o_empty, empty_o_empty
        How many of them still have both Li, one, or none. There are at most three.
    """

    li_o_li: int
    li_o_empty: int
    empty_o_empty: int

    @property
    def n_axes(self) -> int:
        """Number of Li-O-Li axes in the pristine structure."""
        return self.li_o_li + self.li_o_empty + self.empty_o_empty


def li_o_li_axes(
    pristine: Structure,
    removed: Collection[int] = (),
    *,
    tm_layers: int,
    llo_sites: Collection[int] | None = None,
) -> dict[int, LithiumAxes]:
    """Return the Li-O-Li axes of each O, and what delithiation has left of them.

    Parameters
    ----------
    pristine
        Slab or interface with all its Li, normal along c.
    removed
        Sites of ``pristine`` whose Li has left.
    tm_layers
        Number of its O-TM-O sheets.
    llo_sites
        Sites of the layered oxide, where something lies on it (see
        :func:`~llo_dft.builders.environment.oxygen_environment.oxygen_environments`);
        both ends of an axis are among them. None: all sites.

    Returns
    -------
    Site of ``pristine`` -> axes.

    Raises
    ------
    InputError
        If a removed site holds no Li.
    ValueError
        If the TMs do not lie in ``tm_layers`` planes, or a site is not in the structure.
    """
    symbols = symbols_of(pristine)
    ours = checked_sites(pristine, llo_sites, "llo_sites")
    gone = set(checked_sites(pristine, removed, "removed"))
    others = sorted(i for i in gone if symbols[i] != "Li")
    if others:
        found = ", ".join(f"{symbols[i]} at {i}" for i in others)
        raise InputError(
            f"removed names {found}; expected sites that hold Li in the pristine structure. Give "
            "the sites of the pristine structure, not those of the delithiated one"
        )
    heights = pristine.cart_coords[:, 2]
    planes = tm_planes(heights[[i for i in ours if symbols[i] in LAYER_METALS]], tm_layers)
    inside = set(ours)
    result: dict[int, LithiumAxes] = {}
    for i in (i for i in ours if symbols[i] == "O"):
        plane = planes[int(np.argmin(np.abs(planes - heights[i])))]
        left = [
            sum(end not in gone for end in ends)
            for ends in _axes(pristine, symbols, i, plane)
            if inside.issuperset(ends)
        ]
        result[i] = LithiumAxes(left.count(2), left.count(1), left.count(0))
    return result


def _axes(
    structure: Structure, symbols: list[str], oxygen: int, plane: float
) -> list[tuple[int, int]]:
    """Return the Li of the sheet and the Li opposite, for each such axis of an O."""
    height = structure[oxygen].z
    lithium = [
        (j, vector)
        for j, vector in bonded_cations(structure, symbols, oxygen)
        if symbols[j] == "Li"
    ]
    in_sheet = [abs(height + vector[2] - plane) < SHEET_HALF_WIDTH for _, vector in lithium]
    limit = np.cos(np.radians(STRAIGHT_ANGLE))
    return [
        (first, second)
        for (first, u), first_in in zip(lithium, in_sheet, strict=True)
        for (second, v), second_in in zip(lithium, in_sheet, strict=True)
        if first_in and not second_in and u @ v < limit * np.linalg.norm(u) * np.linalg.norm(v)
    ]
