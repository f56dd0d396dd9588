"""Slabs of any Miller plane, each with its merits and defects.

The atoms of one period along the normal are grouped into planes; a slab is a whole number of
periods that begins with any of them. If it is polar, half of its outermost plane is moved to the
other face, which removes the field from an ionic crystal (Tasker, J. Phys. C 12, 4977 (1979), type
3). For (001) of a layered oxide this plane is the Li layer; that slab is cut by ``slab``, which
keeps the O-TM-O sheets whole.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

import numpy as np
from pymatgen.core.structure import Structure

from llo_dft.builders.cell_checks import formal_charge, formal_dipole, is_stoichiometric
from llo_dft.builders.surface.slab import (
    SlabError,
    SlabModel,
    Stack,
    half_layers,
    kept_atoms,
    place_stack,
    stacks,
)
from llo_dft.builders.surface.surface_lattice import oriented_cell, surface_lattice
from llo_dft.builders.surface.terminations import (
    DIPOLE_TOLERANCE,
    build_termination,
    termination_names,
)
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import formal_charges
from llo_dft.chemistry.heights import cell_height
from llo_dft.chemistry.roles import element_role
from llo_dft.typing import IntArray

#: Atoms whose successive heights differ by less belong to one plane, angstrom.
PLANE_GAP: Final = 0.4


@dataclass(frozen=True)
class SlabCut:
    """One slab of a plane."""

    name: str
    """For (001) of a layered oxide the name of the termination ("half", "full/none", ...), else the
    height of the cut over the period, with "-half-O" if half of an O plane was moved, or
    "-half-LiO" if half of each."""
    model: SlabModel
    """The slab, its template in the oriented bulk, and the operation that turns it over."""
    stoichiometric: bool = True
    """Whether it has the composition of the bulk."""
    charge: float = 0.0
    dipole: float = 0.0
    """charge, dipole: formal charge and its dipole, e and e angstrom per cell."""
    outermost: tuple[str, str] = ("", "")
    """Formula of the plane of atoms at the top and at the bottom; empty for (001) of the layers."""
    moved: float = 0.0
    """Magnitude of the formal charge moved from face to face, e."""
    n_halved: int = 0
    """Number of elements half of which were moved."""
    cure: str = "moving Li of one face to the other"
    """What would remove the dipole of a polar one."""

    @property
    def structure(self) -> Structure:
        """The slab: a along x, c the normal."""
        return self.model.structure

    @property
    def symmetric(self) -> bool:
        """Whether an operation maps its top onto its bottom."""
        return self.model.turn_over is not None

    @property
    def polar(self) -> bool:
        """Whether its formal dipole along the normal is not zero."""
        return abs(self.dipole) > DIPOLE_TOLERANCE

    @property
    def text(self) -> str:
        """Description in words, with its faces and what would cure a polar one."""
        symmetric = f"{'' if self.symmetric else 'not '}symmetric"
        stoichiometric = f"{'' if self.stoichiometric else 'not '}stoichiometric"
        polar = f"polar ({self.dipole:+.2f} e A)" if self.polar else "non-polar"
        text = (
            f"{self.structure.formula}, cut {self.name}, {symmetric}, {stoichiometric}, {polar}, "
        )
        text += f"charge {self.charge:+g} e"
        top, bottom = self.outermost
        if top:
            text += f", top {top}, bottom {bottom}"
        return f"{text} ({self.cure} would cure it)" if self.polar else text


def general_slab(
    bulk: Structure,
    miller_index: Sequence[int],
    *,
    min_slab_size: float,
    min_vacuum_size: float,
    seed: int = 0,
) -> list[SlabCut]:
    """Cut the slabs of a plane in its primitive cell, one for each distinct termination.

    Raises ``SlabError`` if the oxide's Li layer is empty; ``ValueError`` if the index is (0, 0, 0)
    or not three integers, or an element has no formal charge.

    The index is on the axes of the ordered ``bulk``; a common factor is divided out.
    ``min_slab_size`` is the least thickness, angstrom, in whole periods, or for (001) of a layered
    oxide whole sheets; ``min_vacuum_size`` is met exactly, angstrom. ``seed`` is that of the search
    for the atoms of half a layer.

    Returns for (001) of a layered oxide all terminations that its cell allows, the half one first;
    otherwise those of ``plane_cuts``.
    """
    index = surface_lattice(bulk, miller_index).miller_index
    sheets = _sheets_per_cell(bulk) if index in {(0, 0, 1), (0, 0, -1)} else 0
    if sheets:
        return _layered(
            bulk, ceil(min_slab_size / (cell_height(bulk) / sheets)), min_vacuum_size, seed
        )
    primitive = bulk.copy(site_properties={}).get_primitive_structure()
    normal = bulk.lattice.reciprocal_lattice_crystallographic.matrix.T @ index
    # a centring translation gives halves or thirds of an index
    same = np.round(6 * primitive.lattice.matrix @ normal).astype(int).tolist()
    oriented = oriented_cell(primitive, same)
    return plane_cuts(oriented, min_slab_size=min_slab_size, vacuum=min_vacuum_size, seed=seed)


def plane_cuts(bulk: Structure, *, min_slab_size: float, vacuum: float, seed: int) -> list[SlabCut]:
    """Cut the slabs of the plane of a and b, one for each distinct termination.

    ``bulk`` is ordered; its a and b span the plane, and are the in-plane cell of the slabs.
    ``min_slab_size`` is the least thickness and ``vacuum`` the exact width of the vacuum, angstrom,
    ``seed`` that of the search for the atoms of half a plane. Non-polar slabs come first, among
    them symmetric ones first, then by least charge moved.

    Raises ``ValueError`` if an element has no formal charge.
    """
    planes = _planes_of_atoms(bulk)
    n_periods = ceil(min_slab_size / cell_height(bulk))
    n_planes, height = n_periods * len(planes), n_periods * cell_height(bulk)
    charges = formal_charges(symbols_of(bulk))
    found: dict[tuple[tuple[str, float], ...], SlabCut] = {}
    for start, (level, _) in enumerate(planes):
        name = f"{level:.4f}"
        stack = _stack_of(planes, start, n_planes)
        cut = _cut(name, bulk, stack, range(len(stack.bulk_sites)), vacuum)
        half = sum(charges[site] for site, _ in planes[start][1]) / 2
        cures = abs(cut.dipole + half * height) < DIPOLE_TOLERANCE
        what = f"half of the {cut.outermost[1]}" if cures else "ions"
        what += f" of the bottom face, {-cut.dipole / height:+.2g} e,"
        cut = replace(cut, cure=f"moving {what} to the top")
        found.setdefault(_fingerprint(cut.structure), cut)
        symbols = {bulk[i].specie.symbol for i, _ in planes[start][1]}
        if cut.polar:
            longer = _stack_of(planes, start, n_planes + 1)
            halved = _halved(f"{name}-half-{''.join(sorted(symbols))}", bulk, longer, vacuum, seed)
            if halved is not None:
                found.setdefault(_fingerprint(halved.structure), halved)
    return sorted(
        found.values(),
        # half of one element's plane before halves of mixed ones
        key=lambda c: (
            *(c.polar, c.n_halved > 1, not c.symmetric, not c.stoichiometric),
            *(c.moved, c.name),
        ),
    )


def _planes_of_atoms(bulk: Structure) -> list[tuple[float, list[tuple[int, int]]]]:
    """Return the planes of one period from below: height of the cut below each, (site, image)."""
    period = cell_height(bulk)
    heights = bulk.frac_coords[:, 2]
    wrapped = np.mod(heights, 1.0)
    order = np.argsort(wrapped, kind="stable")
    gaps = np.diff(np.append(wrapped[order], wrapped[order[0]] + 1.0)) * period
    gap = PLANE_GAP
    while not (gaps > gap).any():
        gap /= 2
    ends = np.flatnonzero(gaps > gap)
    rolled = np.roll(order, -(int(ends[-1]) + 1))
    cuts = np.cumsum(np.diff(ends, prepend=ends[-1] - len(order)))[:-1]
    planes: list[tuple[float, list[tuple[int, int]]]] = []
    bottom = wrapped[rolled[0]]
    for members, below in zip(np.split(rolled, cuts), np.roll(ends, 1), strict=True):
        turned = np.where(wrapped[members] < bottom - 1e-9, 1.0, 0.0)
        images = np.round(wrapped[members] + turned - heights[members]).astype(int)
        lowest = float((wrapped[members] + turned).min())
        level = np.mod(round(lowest - gaps[below] / period / 2, 4), 1.0)
        planes.append((float(level), list(zip(members.tolist(), images.tolist(), strict=True))))
    return planes


def _stack_of(
    planes: list[tuple[float, list[tuple[int, int]]]], start: int, n_planes: int
) -> Stack:
    """Return the atoms of successive planes, the outermost ones as its faces."""
    sites: list[int] = []
    images: list[list[int]] = []
    ends = [0]
    for at in range(start, start + n_planes):
        turns, place = divmod(at, len(planes))
        sites += [site for site, _ in planes[place][1]]
        images += [[0, 0, image + turns] for _, image in planes[place][1]]
        ends.append(len(sites))
    return Stack(
        np.array(sites),
        np.array(images, dtype=np.int64),
        top=np.arange(ends[-2], ends[-1]),
        bottom=np.arange(ends[1]),
    )


def _cut(
    name: str,
    bulk: Structure,
    stack: Stack,
    keep: Sequence[int],
    vacuum: float,
    turn_over: IntArray | None = None,
) -> SlabCut:
    """Return the slab of some atoms of a stack; ``turn_over`` as for the whole stack."""
    kept = set(keep)

    def formula(face: IntArray) -> str:
        found = Counter(bulk[int(stack.bulk_sites[i])].specie.symbol for i in face if i in kept)
        return "".join(f"{symbol}{n if n > 1 else ''}" for symbol, n in sorted(found.items()))

    return _described(
        SlabCut(
            name=name,
            model=kept_atoms(bulk, stack, keep, vacuum, turn_over=turn_over),
            outermost=(formula(stack.top), formula(stack.bottom)),
        ),
        bulk,
    )


def _described(cut: SlabCut, bulk: Structure) -> SlabCut:
    slab = cut.structure
    return replace(
        cut,
        stoichiometric=is_stoichiometric(slab, bulk),
        charge=round(formal_charge(slab, bulk), 6) + 0.0,
        dipole=round(formal_dipole(slab, bulk), 6) + 0.0,
    )


def _halved(name: str, bulk: Structure, stack: Stack, vacuum: float, seed: int) -> SlabCut | None:
    """Return the slab with half of the same plane on each face; None if it can't be halved."""
    counts = Counter(bulk[int(i)].specie.symbol for i in stack.bulk_sites[stack.top])
    if any(n % 2 for n in counts.values()):
        return None
    full = place_stack(bulk, stack, vacuum)
    best = half_layers(full, bulk, stack, seed)
    if best is None:
        return None
    charges = np.array(formal_charges(symbols_of(full), symbols_of(bulk)))
    cut = _cut(name, bulk, stack, best[0], vacuum, best[1])
    moved = abs(float(charges[stack.top].sum())) / 2
    return replace(cut, moved=moved, n_halved=len(counts))


def _fingerprint(slab: Structure) -> tuple[tuple[str, float], ...]:
    """Return elements and heights in a form that is the same for a slab upside down."""
    heights = slab.cart_coords[:, 2]
    up, down = heights - heights.min(), heights.max() - heights
    symbols = symbols_of(slab)
    return min(
        tuple(sorted(zip(symbols, (np.round(way, 1) + 0.0).tolist(), strict=True)))
        for way in (up, down)
    )


def _sheets_per_cell(bulk: Structure) -> int:
    """Return the number of O-TM-O sheets along c, 0 if (001) is not the plane of the layers."""
    symbols = set(symbols_of(bulk))
    if "O" not in symbols or not any(element_role(one) == "framework" for one in symbols):
        return 0
    try:
        return len(stacks(bulk, 1))
    except SlabError:
        return 0


def _layered(bulk: Structure, tm_layers: int, vacuum: float, seed: int) -> list[SlabCut]:
    cuts = []
    for name in termination_names(bulk, tm_layers=tm_layers, vacuum=vacuum):
        with suppress(SlabError):  # this cell's Li layer can't be halved
            model = build_termination(bulk, name, tm_layers=tm_layers, vacuum=vacuum, seed=seed)
            cuts.append(_described(SlabCut(name, model), bulk))
    return cuts
