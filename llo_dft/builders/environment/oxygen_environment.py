"""The environment of each oxygen: cations bonded to it, depth and side.

In a layered oxide an O has three cations in the TM-layer sheet that it belongs to and up to
three in the Li layer on its other side. The classes of the literature (2 TM + 1 Li, or 3 TM)
count the sheet; the Li layer beside it, which empties on charging, is counted apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.chemistry.valences import LAYER_METALS, symbols_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray, Layer, Side

#: Longest bond from O to each kind of cation, angstrom. Li-O in these oxides is 1.9 to 2.3,
#: TM-O 1.85 to 2.2 and P-O 1.5 to 1.6; the next shell begins beyond 3.
LONGEST_BOND: Final = {"Li": 2.6, "P": 2.0, "metal": 2.6}

#: Cations within this height of a TM plane belong to its sheet, angstrom.
SHEET_HALF_WIDTH: Final = 1.2


@dataclass(frozen=True)
class Environment:
    """Environment of one oxygen. Fields as in the stored document of the same purpose."""

    n_tm: int
    n_li: int
    n_former: int
    n_li_interlayer: int
    layer: Layer
    side: Side

    @property
    def label(self) -> str:
        """Class by the O's own sheet and P, for example '2TM+1Li' or '3TM'."""
        parts = [f"{self.n_tm}TM", f"{self.n_li}Li", f"{self.n_former}P"]
        return "+".join(part for part in parts if not part.startswith("0")) or "free"

    @property
    def n_cations(self) -> int:
        """Number of cations bonded to the O."""
        return self.n_tm + self.n_li + self.n_former + self.n_li_interlayer


def oxygen_environments(
    slab: Structure, tm_layers: int, *, llo_sites: Collection[int] | None = None
) -> dict[int, Environment]:
    """Return the environment of each O of a slab.

    Parameters
    ----------
    slab
        A slab, or an interface, with its normal along c that does not cross the c boundary.
    tm_layers
        Number of its O-TM-O sheets.
    llo_sites
        Sites of the layered oxide where something lies on it: only its O are returned, and
        their layer and side are those in the oxide. The coating's cations still count as
        neighbours. None: all sites.

    Returns
    -------
    Site index -> environment. ``surface`` is the outer O plane of an outermost sheet,
    ``subsurface`` the inner one, ``inner`` everything further in.

    Raises
    ------
    ValueError
        If the TMs do not lie in ``tm_layers`` planes, or a site is not in the structure.
    """
    symbols = symbols_of(slab)
    heights = slab.cart_coords[:, 2]
    ours = checked_sites(slab, llo_sites, "llo_sites")
    planes = tm_planes(heights[[i for i in ours if symbols[i] in LAYER_METALS]], tm_layers)
    result: dict[int, Environment] = {}
    for i in (i for i in ours if symbols[i] == "O"):
        sheet = int(np.argmin(np.abs(planes - heights[i])))
        bonded = [j for j, _ in bonded_cations(slab, symbols, i)]
        in_sheet = [j for j in bonded if abs(heights[j] - planes[sheet]) < SHEET_HALF_WIDTH]
        lithium = [j for j in bonded if symbols[j] == "Li"]
        n_li = sum(j in in_sheet for j in lithium)
        result[i] = Environment(
            n_tm=sum(symbols[j] in LAYER_METALS for j in bonded),
            n_li=n_li,
            n_former=sum(symbols[j] == "P" for j in bonded),
            n_li_interlayer=len(lithium) - n_li,
            layer=_layer(heights[i] > planes[sheet], sheet, tm_layers),
            side=_side(heights[i], planes),
        )
    return result


def checked_sites(slab: Structure, sites: Collection[int] | None, name: str) -> list[int]:
    """Return the given sites in order, or all if None.

    Raises
    ------
    ValueError
        If one is not in the structure; ``name`` says which argument they came in.
    """
    if sites is None:
        return list(range(len(slab)))
    outside = sorted(i for i in sites if not 0 <= i < len(slab))
    if outside:
        raise ValueError(
            f"{name} holds {outside}; expected indices from 0 to {len(slab) - 1}, the sites of "
            "the structure that is given with it. Count them in that structure"
        )
    return sorted(set(sites))


def tm_planes(heights: FloatArray, tm_layers: int) -> FloatArray:
    """Return the heights of the TM planes from the heights of the TMs, angstrom.

    Raises
    ------
    ValueError
        If there are not ``tm_layers`` of them.
    """
    ordered = np.sort(heights)
    cuts = np.flatnonzero(np.diff(ordered) > SHEET_HALF_WIDTH) + 1
    groups = np.split(ordered, cuts)
    if len(groups) != tm_layers:
        raise ValueError(
            f"expected the transition metals in {tm_layers} planes, found {len(groups)}; the "
            "structure is not the layered slab it was taken for"
        )
    return np.array([group.mean() for group in groups])


def bonded_cations(
    slab: Structure, symbols: Sequence[str], site: int
) -> list[tuple[int, FloatArray]]:
    """Return the cations bonded to an O: index, and the vector to it in angstrom (one a bond)."""
    bonded: list[tuple[int, FloatArray]] = []
    for neighbor in slab.get_neighbors(slab[site], max(LONGEST_BOND.values())):
        symbol = symbols[neighbor.index]
        kind = symbol if symbol in LONGEST_BOND else "metal"
        if symbol != "O" and neighbor.nn_distance <= LONGEST_BOND[kind]:
            bonded.append((int(neighbor.index), neighbor.coords - slab[site].coords))
    return bonded


def _layer(above_plane: bool, sheet: int, tm_layers: int) -> Layer:  # noqa: FBT001 (private)
    outermost = sheet in {0, tm_layers - 1}
    outward = (above_plane and sheet == tm_layers - 1) or (not above_plane and sheet == 0)
    if outermost and outward:
        return "surface"
    return "subsurface" if outermost else "inner"


def _side(height: float, planes: FloatArray) -> Side:
    middle = 0.5 * (planes[0] + planes[-1])
    if abs(height - middle) < 0.1:  # noqa: PLR2004 (angstrom: in the middle plane itself)
        return "middle"
    return "top" if height > middle else "bottom"
