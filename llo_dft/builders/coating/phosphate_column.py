"""Li3PO4 along a normal: whole PO4 units, and the layers that they form.

Heights are along the normal of the plane, in angstrom; an atom of the column is a site of
its cell and a period, the number of repeats along the normal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.surface.surface_lattice import surface_lattice
from llo_dft.builders.surface.symmetry import symmetry_dataset
from llo_dft.chemistry.bonds import cutoff, find_bonds
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.typing import FloatArray, IntArray

#: In which setting "(010)" is meant: beta has one, gamma two whose (010) are different planes.
PhosphateSetting: TypeAlias = Literal["Pmn2_1", "Pnma", "Pmnb"]

#: Space-group number, and which axis of its standard setting is the normal of "(010)".
#: Pmnb has the axes (b, a, -c) of Pnma, so its b is Pnma's a.
NORMAL_AXIS: Final[dict[PhosphateSetting, tuple[int, int]]] = {
    "Pmn2_1": (31, 1),
    "Pnma": (62, 1),
    "Pmnb": (62, 0),
}

#: Cations within this height of each other form one plane, angstrom; planes are over 1.2 apart.
PLANE_WIDTH: Final = 0.5


class PhosphateError(InputError):
    """A Li3PO4 slab that can't be cut as asked."""


@dataclass(frozen=True)
class Plane:
    """P at one height: layer that they belong to (counted in one period), height, sites."""

    layer: int
    height: float
    sites: tuple[int, ...]


@dataclass(frozen=True)
class Column:
    """The crystal with the plane's normal along z; no PO4 crosses the cell's lower boundary.

    Attributes
    ----------
    cell
        One period: a and b span the plane (reduced, a along x), coordinates within the cell.
    period
        Height of the cell, angstrom.
    oxygen
        Site and vector (angstrom, from P) of the four O of each P.
    in_plane
        (2, 3) integers: the vectors of the plane in those of the crystal's cell.
    planes
        Of P, from below. Planes whose PO4 overlap in height are one layer: between layers lie
        the cuts that keep every PO4 whole.
    """

    cell: Structure
    period: float
    oxygen: dict[int, list[tuple[int, FloatArray]]]
    in_plane: IntArray
    planes: tuple[Plane, ...]

    @property
    def layers_per_period(self) -> int:
        """Number of PO4 layers in one period."""
        return self.planes[-1].layer + 1

    def plane(self, number: int) -> Plane:
        """Return a plane, counted from the lowest of period 0 on; the height follows."""
        period, which = divmod(number, len(self.planes))
        found = self.planes[which]
        return Plane(
            found.layer + period * self.layers_per_period,
            found.height + period * self.period,
            found.sites,
        )

    def owner(self, oxygen: int) -> int:
        """Return the P that an O is bonded to."""
        return next(i for i, bonds in self.oxygen.items() if oxygen in {j for j, _ in bonds})

    def layer(self, number: int) -> list[int]:
        """Return the numbers of the planes of a layer, from below."""
        period, which = divmod(number, self.layers_per_period)
        first = period * len(self.planes)
        return [first + i for i, plane in enumerate(self.planes) if plane.layer == which]


def phosphate_column(bulk: Structure, setting: PhosphateSetting) -> Column:
    """Turn Li3PO4 so that the normal of its (010) plane is along z.

    Parameters
    ----------
    bulk
        Conventional cell of beta- or gamma-Li3PO4, axes in any order.
    setting
        In which "(010)" is meant; the axes of ``bulk`` need not be in it.

    Raises
    ------
    PhosphateError
        If the bulk has another space group, is no conventional cell, has P without four O, or
        no cut keeps its PO4 whole.
    """
    index = _miller_index(bulk, setting)
    plane = surface_lattice(bulk, index)
    third = np.array(index) @ bulk.lattice.matrix
    x, z = plane.vectors[0] / np.linalg.norm(plane.vectors[0]), plane.normal
    turn = np.array([x, np.cross(z, x), z]).T
    lattice = Lattice(np.vstack([plane.vectors, third]) @ turn)
    cell = Structure(lattice, symbols_of(bulk), bulk.cart_coords @ turn, coords_are_cartesian=True)
    units = _units(cell)
    period = float(lattice.matrix[2, 2])
    cell.translate_sites(range(len(cell)), [0.0, 0.0, -_origin(cell, units, period) / period])
    cell = Structure(lattice, symbols_of(cell), np.mod(cell.frac_coords, 1.0))
    in_plane = np.round(plane.vectors @ np.linalg.inv(bulk.lattice.matrix)).astype(np.int64)
    return Column(cell, period, units, in_plane, _p_planes(cell, units))


def _miller_index(bulk: Structure, setting: PhosphateSetting) -> tuple[int, int, int]:
    if setting not in get_args(PhosphateSetting):
        raise PhosphateError(
            f"setting {setting!r} is unknown; expected Pmn2_1 for beta-Li3PO4, and Pnma or Pmnb "
            "for gamma-Li3PO4, whose (010) planes differ"
        )
    dataset = symmetry_dataset(bulk)
    number, axis = NORMAL_AXIS[setting]
    if dataset.number != number:
        raise PhosphateError(
            f"setting {setting} needs space group No. {number}, but this structure is "
            f"{dataset.international} (No. {dataset.number}); take Pmn2_1 for beta-Li3PO4 (No. 31),"
            " Pnma or Pmnb for gamma-Li3PO4 (No. 62)"
        )
    matrix = np.round(dataset.transformation_matrix).astype(int)
    conventional = np.allclose(matrix, dataset.transformation_matrix, atol=1e-3)
    if not conventional or (np.abs(matrix).sum(axis=0) != 1).any():
        raise PhosphateError(
            "the axes of the Li3PO4 cell are not those of its orthorhombic conventional cell; "
            "expected one cell of 16 (beta) or 32 (gamma) atoms, with its axes in any order"
        )
    h, k, l = (abs(int(i)) for i in matrix[axis])  # noqa: E741 (Miller)
    return h, k, l


def _units(cell: Structure) -> dict[int, list[tuple[int, FloatArray]]]:
    """Return the four O of each P."""
    symbols = symbols_of(cell)
    units: dict[int, list[tuple[int, FloatArray]]] = {
        i: [] for i, symbol in enumerate(symbols) if symbol == "P"
    }
    for bond in find_bonds(cell, units):
        units[bond.cation].append((bond.anion, bond.vector))
    owned = sorted(j for bonded in units.values() for j, _ in bonded)
    if owned != [i for i, symbol in enumerate(symbols) if symbol == "O"]:
        counts = sorted({len(bonded) for bonded in units.values()})
        raise PhosphateError(
            f"P has {counts} O within {cutoff('P', 'O'):.2f} angstrom; expected 4, and each O "
            "bonded to one "
            "P, as in Li3PO4. Check the structure"
        )
    return units


def _origin(
    cell: Structure, units: dict[int, list[tuple[int, FloatArray]]], period: float
) -> float:
    """Return the middle of the widest range of heights that no PO4 covers, angstrom."""
    spans = []
    for i, bonded in units.items():
        offsets = [vector[2] for _, vector in bonded]
        low = np.mod(cell[i].z + min(offsets), period)
        spans.append((low, low + max(offsets) - min(offsets)))
    spans.sort()
    widest, origin = 0.0, 0.0
    reach = max(high for _, high in spans) - period
    for low, high in spans:
        if low - reach > widest + 1e-6:
            widest, origin = low - reach, 0.5 * (low + reach)
        reach = max(reach, high)
    if widest == 0.0:
        raise PhosphateError(
            "no plane of this orientation passes between the PO4 units; choose another one"
        )
    return float(origin)


def _p_planes(cell: Structure, units: dict[int, list[tuple[int, FloatArray]]]) -> tuple[Plane, ...]:
    planes: list[Plane] = []
    reach, layer = -np.inf, -1
    for sites in grouped([(cell[i].z, i) for i in units]):
        height = float(np.mean([cell[i].z for i in sites]))
        ends = [cell[i].z + vector[2] for i in sites for _, vector in units[i]]
        if min(ends) > reach:
            layer += 1
        reach = max(reach, *ends)
        planes.append(Plane(layer, height, tuple(sorted(sites))))
    return tuple(planes)


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
