"""The environment of each oxygen: cations bonded to it, depth and side.

In a layered oxide an O has three cations in its own TM-layer sheet and up to three in the Li layer
on its other side. The classes of the literature (2 TM + 1 Li, or 3 TM)
count the sheet; the Li layer beside it, which empties on charging, is counted separately.

An O between a Li of its own sheet and an opposite one of the Li layer has a Li-O-Li axis. The O 2p
state along it has no TM to hybridise with and lies highest, so these O are oxidised first (Seo et
al., Nat. Chem. 8, 692 (2016)). When Li of the axis leave, it becomes Li-O-empty or empty-O-empty.
"""

from collections.abc import Collection
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.chemistry.bonds import Bond, find_bonds
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.heights import heights_angstrom
from llo_dft.chemistry.roles import site_roles
from llo_dft.documents.sites import LithiumAxes, OxygenEnvironment
from llo_dft.errors import InputError
from llo_dft.typing import FloatArray, Layer, Side

#: On planes other than (001), O within these depths below the outermost O are surface and
#: subsurface ones, angstrom: planes of (104) are 2.0 apart, those of O within a sheet 2.1.
SURFACE_DEPTH: Final = 1.0
SUBSURFACE_DEPTH: Final = 3.0

#: Cations within this height of a TM plane belong to its sheet, angstrom.
SHEET_HALF_WIDTH: Final = 1.2

#: Two cations of one O are opposite each other beyond this angle, degrees. In layered oxides
#: opposite ones are at 171 to 175 and neighbouring ones at 83 to 97, faces may be distorted.
STRAIGHT_ANGLE: Final = 150.0


def oxygen_environments(
    slab: Structure, tm_layers: int | Collection[int], *, llo_sites: Collection[int] | None = None
) -> dict[int, OxygenEnvironment]:
    """Return the environment of each O of a slab.

    Raises ``ValueError`` if the TMs do not lie in ``tm_layers`` planes, or a site is not in the
    structure.

    The slab, or interface, is parallel to a and b, and may cross the boundary along c.
    ``tm_layers`` is the number of its O-TM-O sheets, if it is a (001) one; otherwise the sites of
    the cations in the metal layers, including Li. ``llo_sites`` are the sites of the layered oxide,
    if it carries a coating: only its O are returned, and their layer and side are those in the
    oxide; the coating's cations still count as neighbours. None: all sites.

    Returns environments by site index. ``surface`` is the outer O plane of an outermost sheet,
    ``subsurface`` the inner one, ``inner`` everything further in; on planes other than (001) the
    depth below the outermost O counts.
    """
    symbols = symbols_of(slab)
    heights = heights_angstrom(slab)
    ours = _checked_sites(slab, llo_sites, "llo_sites")
    roles = site_roles(symbols, ours)
    around: dict[int, list[int]] = {i: [] for i in ours if symbols[i] == "O"}
    for bond in find_bonds(slab, anions=around):
        around[bond.anion].append(bond.cation)
    if isinstance(tm_layers, int):
        planes = _tm_planes(heights[[i for i in ours if roles[i] == "framework"]], tm_layers)
    else:
        of_oxygen = heights[list(around)]
        planes = np.array([of_oxygen.min(), of_oxygen.max()])
    result: dict[int, OxygenEnvironment] = {}
    for i, bonded in around.items():
        lithium = [j for j in bonded if symbols[j] == "Li"]
        if isinstance(tm_layers, int):
            sheet = int(np.argmin(np.abs(planes - heights[i])))
            n_li = sum(bool(abs(heights[j] - planes[sheet]) < SHEET_HALF_WIDTH) for j in lithium)
            layer = _layer(heights[i] > planes[sheet], sheet, tm_layers)
        else:
            n_li = sum(j in tm_layers for j in lithium)
            layer = _layer_by_depth(float(np.abs(planes - heights[i]).min()))
        result[i] = OxygenEnvironment(
            n_tm=sum(roles[j] == "framework" for j in bonded),
            n_li=n_li,
            n_former=sum(roles[j] == "former" for j in bonded),
            n_li_interlayer=len(lithium) - n_li,
            layer=layer,
            side=_side(heights[i], planes),
        )
    return result


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
    gone = set(_checked_sites(pristine, removed, "removed"))
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
        planes = _tm_planes(heights[[role == "framework" for role in roles]], tm_layers)
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


def _checked_sites(slab: Structure, sites: Collection[int] | None, name: str) -> list[int]:
    """Return the given sites in order, or all if None.

    Raises ``ValueError`` if one is not in the structure; ``name`` is the argument that they came
    from.
    """
    if sites is None:
        return list(range(len(slab)))
    outside = sorted(i for i in sites if not 0 <= i < len(slab))
    if outside:
        raise ValueError(
            f"{name} contains {outside}; expected indices from 0 to {len(slab) - 1}, the sites "
            "of the structure given with it"
        )
    return sorted(set(sites))


def _tm_planes(heights: FloatArray, tm_layers: int) -> FloatArray:
    """Return the heights of the TM planes from the heights of the TMs, angstrom.

    Raises ``ValueError`` if their number is not ``tm_layers``.
    """
    ordered = np.sort(heights)
    cuts = np.flatnonzero(np.diff(ordered) > SHEET_HALF_WIDTH) + 1
    groups = np.split(ordered, cuts)
    if len(groups) != tm_layers:
        raise ValueError(
            f"expected the transition metals in {tm_layers} planes, found {len(groups)}; the "
            "structure is not such a layered slab"
        )
    return np.array([group.mean() for group in groups])


def _layer(above_plane: bool, sheet: int, tm_layers: int) -> Layer:  # noqa: FBT001 (private)
    outermost = sheet in {0, tm_layers - 1}
    outward = (above_plane and sheet == tm_layers - 1) or (not above_plane and sheet == 0)
    if outermost and outward:
        return "surface"
    return "subsurface" if outermost else "inner"


def _layer_by_depth(depth: float) -> Layer:
    if depth < SURFACE_DEPTH:
        return "surface"
    return "subsurface" if depth < SUBSURFACE_DEPTH else "inner"


def _side(height: float, planes: FloatArray) -> Side:
    middle = 0.5 * (planes[0] + planes[-1])
    if abs(height - middle) < 0.1:  # noqa: PLR2004 (angstrom: in the middle plane itself)
        return "middle"
    return "top" if height > middle else "bottom"
