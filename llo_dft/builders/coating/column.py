"""A coating's crystal along a normal: formers with the anions bonded to them, and loose ions.

Heights are along the normal of the plane, in angstrom; an atom of the column is a site of
its cell and a period, the number of repeats along the normal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil
from typing import Final, NamedTuple

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.surface.surface_lattice import surface_lattice
from llo_dft.builders.surface.symmetry import SYMMETRY_TOLERANCE, symmetry_dataset, translations
from llo_dft.chemistry.bond_valence import bond_valence
from llo_dft.chemistry.bonds import Bond, find_bonds
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import unbalanced_charge
from llo_dft.chemistry.roles import coating_role
from llo_dft.errors import InputError
from llo_dft.typing import FloatArray

#: Formers within this height of each other form one plane, angstrom; planes of P in Li3PO4 are
#: more than 1.2 apart.
PLANE_WIDTH: Final = 0.5

#: A former holds an anion by a bond of at least this valence, e. P-O has 1.25, Nb-O in LiNbO3 0.5
#: and 1.1, Zr-O in monoclinic ZrO2 at least 0.4, In-Cl 0.5, La-O in LLZO 0.3.
STRONG_VALENCE_E: Final = 0.25

#: Least thickness of one layer of a network, angstrom: similar to one of Li3PO4, which has 5.2.
LEAST_LAYER: Final = 4.0

#: How far lattice vectors out of the plane are searched, in cells.
_REACH: Final = 6


class CoatingError(InputError):
    """A film of a coating that can't be cut as requested."""


class Ligand(NamedTuple):
    """An anion that a former holds: its site, the vector to it (angstrom), and its period."""

    site: int
    vector: FloatArray
    period: int


class Cuttable(NamedTuple):
    """A bond: cation, anion, the anion's period relative to the cation's, valence."""

    cation: int
    anion: int
    period: int
    valence: float


@dataclass(frozen=True)
class Plane:
    """Formers at one height: their layer (counted within one period), height, sites."""

    layer: int
    height: float
    sites: tuple[int, ...]


@dataclass(frozen=True)
class Column:
    """The crystal with the plane's normal along z."""

    cell: Structure
    """One period: a and b span the plane (reduced, a along x), coordinates within the cell."""
    period: float
    """Height of the cell, angstrom."""
    ligands: dict[int, list[Ligand]]
    """The anions that each former holds. In a crystal without formers all cations are (LiF)."""
    loose: tuple[int, ...]
    """The other sites: mobile ions, and anions that no former holds."""
    in_plane: FloatArray
    """(2, 3): the vectors of the plane in terms of those of the crystal's cell."""
    planes: tuple[Plane, ...]
    """Planes of formers, from below. Planes whose units overlap in height are one layer: the cuts
    between layers keep every unit whole. Where there is no such cut, as in a three-dimensional
    network, each plane is a layer."""
    bonds: tuple[Cuttable, ...]
    """All bonds, including those of mobile ions."""
    layer_kinds: tuple[int, ...]
    """First of each kind of layers in one period, up to operations that keep the normal; 0
    first."""
    repeat: int
    """Layers in each layer of a film: one of each kind, and in a network enough to be at least
    ``LEAST_LAYER`` thick."""

    @property
    def layers_per_period(self) -> int:
        """Number of layers in one period."""
        return self.planes[-1].layer + 1

    def plane(self, number: int) -> Plane:
        """Return a plane, counted from the lowest of period 0, at its height."""
        period, which = divmod(number, len(self.planes))
        found = self.planes[which]
        return Plane(
            found.layer + period * self.layers_per_period,
            found.height + period * self.period,
            found.sites,
        )

    def holders(self, anion: int, period: int) -> list[int]:
        """Return the number of the plane of each former that holds an anion of a period."""
        number = {site: n for n, plane in enumerate(self.planes) for site in plane.sites}
        return [
            number[former] + (period - ligand.period) * len(self.planes)
            for former, held in self.ligands.items()
            for ligand in held
            if ligand.site == anion
        ]

    def layer(self, number: int) -> list[int]:
        """Return the numbers of the planes of a layer, from below."""
        period, which = divmod(number, self.layers_per_period)
        first = period * len(self.planes)
        return [first + i for i, plane in enumerate(self.planes) if plane.layer == which]


def coating_column(bulk: Structure, miller_index: Sequence[int]) -> Column:
    """Orient a crystal so that the normal of a plane is along z.

    Raises ``CoatingError`` if its formal charges do not balance, it has no anion, or a former holds
    none; ``InputError`` if a bond has no bond valence parameter; ``ValueError`` if the index is not
    three integers, or an element has no formal charge.

    The bulk is ordered; (h, k, l) are on its axes.
    """
    _check_charges(bulk)
    plane = surface_lattice(bulk, miller_index)
    third = _out_of_plane(bulk, plane.normal)
    x, z = plane.vectors[0] / np.linalg.norm(plane.vectors[0]), plane.normal
    turn = np.array([x, np.cross(z, x), z]).T
    lattice = Lattice(np.vstack([plane.vectors, third]) @ turn)
    places = bulk.cart_coords @ turn
    cell = _folded(Structure(lattice, symbols_of(bulk), places, coords_are_cartesian=True), bulk)
    period = float(lattice.matrix[2, 2])
    units = _units(cell)
    origin, whole = _origin(cell, units, period)
    cell.translate_sites(range(len(cell)), [0.0, 0.0, -origin / period])
    cell = Structure(lattice, symbols_of(cell), np.mod(cell.frac_coords, 1.0))
    units = _units(cell)
    held = {ligand.site for ligands in units.values() for ligand in ligands}
    planes = _planes(cell, units, whole=whole)
    kinds = _layer_kinds(cell, planes)
    thickness = period * len(kinds) / (planes[-1].layer + 1)
    return Column(
        cell=cell,
        period=period,
        ligands=units,
        loose=tuple(i for i in range(len(cell)) if i not in held and i not in units),
        in_plane=plane.numerators / plane.denominator,
        planes=planes,
        bonds=tuple(
            Cuttable(bond.cation, bond.anion, bond.image[2], _valence(cell, bond))
            for bond in find_bonds(cell)
        ),
        layer_kinds=kinds,
        repeat=len(kinds) * (1 if whole else ceil(LEAST_LAYER / thickness - 1e-9)),
    )


def _check_charges(bulk: Structure) -> None:
    amounts = bulk.composition.get_el_amt_dict()
    if not any(coating_role(symbol) == "anion" for symbol in amounts):
        raise CoatingError(f"{bulk.formula} has no anion; expected a salt or an oxide as a coating")
    left = unbalanced_charge(amounts)
    if left:
        raise CoatingError(
            f"the formal charges of {bulk.composition.reduced_formula} leave {left:+g} e in its "
            f"cell of {bulk.formula}; expected 0. Complete the crystal, or correct the charge of "
            "an element in llo_dft/chemistry/elements.toml"
        )


def _out_of_plane(bulk: Structure, normal: FloatArray) -> FloatArray:
    """Return the lattice vector of least height above the plane, of several the steepest."""
    steps = np.array(list(product(range(-_REACH, _REACH + 1), repeat=3)))
    found = (steps[:, None] + translations(bulk)[None]).reshape(-1, 3)
    places = found @ bulk.lattice.matrix
    heights = places @ normal
    aside = np.linalg.norm(places - heights[:, None] * normal, axis=1)
    above = heights > SYMMETRY_TOLERANCE
    order = np.lexsort((np.round(aside, 6), np.where(above, np.round(heights, 6), np.inf)))
    best: FloatArray = places[order[0]]
    return best


def _folded(cell: Structure, bulk: Structure) -> Structure:
    """Return the atoms in a cell smaller than the crystal's, each once."""
    times = round(bulk.volume / cell.volume)
    if times == 1:
        return cell
    symbols = np.array(symbols_of(cell))
    same = cell.distance_matrix < 4 * SYMMETRY_TOLERANCE
    same &= symbols[:, None] == symbols[None, :]
    kept = np.flatnonzero(np.argmax(same, axis=1) == np.arange(len(symbols)))
    if len(kept) * times != len(symbols):
        raise CoatingError(
            f"{len(symbols)} atoms do not fold {times} to 1 into the primitive cell of the plane "
            f"({len(kept)} remain); symmetrise the crystal first"
        )
    return Structure.from_sites([cell[int(i)] for i in kept])


def _valence(cell: Structure, bond: Bond) -> float:
    cation, anion = cell[bond.cation].specie.symbol, cell[bond.anion].specie.symbol
    return bond_valence(cation, anion, bond.length)


def _units(cell: Structure) -> dict[int, list[Ligand]]:
    """Return the anions that each former holds."""
    symbols = symbols_of(cell)
    formers = [i for i, symbol in enumerate(symbols) if coating_role(symbol) == "former"]
    strong = STRONG_VALENCE_E
    if not formers:
        formers = [i for i, symbol in enumerate(symbols) if coating_role(symbol) != "anion"]
        strong = 0.0
    units: dict[int, list[Ligand]] = {i: [] for i in formers}
    for bond in find_bonds(cell, formers):
        if _valence(cell, bond) >= strong:
            units[bond.cation].append(Ligand(bond.anion, bond.vector, bond.image[2]))
    bare = [f"{symbols[i]}{i}" for i, held in units.items() if not held]
    if bare:
        raise CoatingError(
            f"{', '.join(bare[:3])} of {cell.formula} hold no anion by a bond of "
            f"{STRONG_VALENCE_E} e or more; expected a coating's formers in their polyhedra. "
            "Check the structure"
        )
    return units


def _origin(cell: Structure, units: dict[int, list[Ligand]], period: float) -> tuple[float, bool]:
    """Return where the cell begins, angstrom, and whether that cuts no unit.

    That is the middle of the widest range of heights that no unit covers, or if there is none, of
    the widest one between two formers.
    """
    spans, points = [], []
    for i, held in units.items():
        offsets = [ligand.vector[2] for ligand in held]
        low = np.mod(cell[i].z + min(offsets), period)
        spans.append((low, low + max(offsets) - min(offsets)))
        points.append((height := float(np.mod(cell[i].z, period)), height))
    widest, origin = _widest_gap(spans, period)
    if widest > 0.0:
        return origin, True
    return _widest_gap(points, period)[1], False


def _widest_gap(spans: list[tuple[float, float]], period: float) -> tuple[float, float]:
    """Return the widest gap between ranges of heights and its middle, angstrom; 0 if none."""
    spans.sort()
    widest, origin = 0.0, 0.0
    reach = max(high for _, high in spans) - period
    for low, high in spans:
        if low - reach > widest + 1e-6:
            widest, origin = low - reach, 0.5 * (low + reach)
        reach = max(reach, high)
    return widest, float(origin)


def _planes(cell: Structure, units: dict[int, list[Ligand]], *, whole: bool) -> tuple[Plane, ...]:
    planes: list[Plane] = []
    reach, layer = -np.inf, -1
    for sites in grouped([(cell[i].z, i) for i in units]):
        height = float(np.mean([cell[i].z for i in sites]))
        ends = [cell[i].z + ligand.vector[2] for i in sites for ligand in units[i]]
        if min(ends) > reach or not whole:
            layer += 1
        reach = max(reach, *ends)
        planes.append(Plane(layer, height, tuple(sorted(sites))))
    return tuple(planes)


def _layer_kinds(cell: Structure, planes: tuple[Plane, ...]) -> tuple[int, ...]:
    """Return the first of each set of layers that operations along the normal make equivalent."""
    dataset = symmetry_dataset(cell)
    upright = (dataset.rotations[:, 2] == [0, 0, 1]).all(axis=1)
    shifts = dataset.translations[upright, 2]
    lowest: dict[int, float] = {}
    for plane in planes:
        lowest.setdefault(plane.layer, plane.height / cell.lattice.matrix[2, 2])
    kinds: list[int] = []
    for layer, height in lowest.items():
        apart = [height - lowest[kind] - shifts for kind in kinds]
        tolerance = 2 * SYMMETRY_TOLERANCE / cell.lattice.matrix[2, 2]
        if not any((np.abs(d - np.round(d)) < tolerance).any() for d in apart):
            kinds.append(layer)
    return tuple(kinds)


def grouped(items: Sequence[tuple[float, int]]) -> list[list[int]]:
    """Group sites into planes by height, from below; a plane ends where a gap begins."""
    groups: list[list[int]] = []
    before = -np.inf
    for height, site in sorted(items):
        if height - before > PLANE_WIDTH:
            groups.append([])
        groups[-1].append(site)
        before = height
    return groups
