"""The interface of an oxide slab and a film of a coating: oxide | coating | vacuum.

The oxide part is the bare slab atom for atom: bare and coated share one supercell, and their sites
correspond one to one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from llo_dft.builders.interface.contacts import Contact, short_contacts
from llo_dft.builders.matching.common_cell import CommonCell, InterfaceError, SideStrain, heights_of
from llo_dft.chemistry.bonds import Bond, former_bonds
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.typing import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class InterfaceModel:
    """An interface, and how it was built."""

    structure: Structure
    """Oxide below, coating above; c the normal, centred. Sorted by electronegativity."""
    bare: Structure
    """Its oxide slab alone, in the same in-plane cell."""
    llo_sites: IntArray
    """(n,) index in ``structure`` of every atom of ``bare``, in its order."""
    llo_atoms: IntArray
    """(n,) atom of the given oxide slab that each atom of ``bare`` is a copy of."""
    coating_sites: IntArray
    """Index in ``structure`` of every atom of the coating on the common cell."""
    registry: tuple[float, float]
    """Shift of the coating relative to the oxide slab, fractions of a and b."""
    gap: float
    """Height of the coating's lowest atom above the oxide slab's highest, angstrom: the distance of
    the outermost atomic planes. Negative where the two interlock."""
    llo_strain: SideStrain
    coating_strain: SideStrain
    """llo_strain, coating_strain: strain of each side."""
    bonds: tuple[Bond, ...]
    """From network formers of the coating to anions of the oxide slab, sites of ``structure``."""
    contacts: tuple[Contact, ...]
    """Pairs across the interface that are too close, the worst first; empty if it is usable."""


class Assembly:
    """Two slabs on one cell, ready to be combined at any registry and gap.

    Raises ``InterfaceError`` if the vacuum has no width; in its methods, if registry or gap are not
    numbers, or the coating would pass through the oxide slab.

    The coating's lower face is placed on the oxide slab's upper one, with ``vacuum`` above the
    coating, angstrom. If the match gives all strain to the coating, the oxide part is the given
    slab.
    """

    def __init__(self, cell: CommonCell, vacuum: float) -> None:
        if not (np.isfinite(vacuum) and vacuum > 0):
            raise InterfaceError(f"vacuum must be a positive width in angstrom, got {vacuum}")
        self.cell = cell
        self._vacuum = vacuum
        self._heights = heights_of(cell.llo), heights_of(cell.coating)
        self._in_plane = cell.llo.frac_coords[:, :2], cell.coating.frac_coords[:, :2]
        symbols = symbols_of(cell.llo) + symbols_of(cell.coating)
        self._order = _by_electronegativity(symbols)
        #: Elements of the interface, in its order.
        self.symbols = [symbols[i] for i in self._order]
        places = np.argsort(self._order)
        #: Index in the interface of the oxide slab's and the coating's atoms.
        self.llo_sites: IntArray = places[: len(cell.llo)]
        self.coating_sites: IntArray = places[len(cell.llo) :]

    def build(self, registry: tuple[float, float], gap: float) -> InterfaceModel:
        """Return the interface, even if atoms are too close: see its ``contacts``."""
        structure = self.place(registry, gap)
        return InterfaceModel(
            structure=structure,
            bare=self.cell.llo,
            llo_sites=self.llo_sites,
            llo_atoms=self.cell.llo_atoms,
            coating_sites=self.coating_sites,
            registry=(float(registry[0]), float(registry[1])),
            gap=float(gap),
            llo_strain=self.cell.llo_strain,
            coating_strain=self.cell.coating_strain,
            bonds=tuple(
                former_bonds(structure, self.coating_sites.tolist(), self.llo_sites.tolist())
            ),
            contacts=tuple(self.contacts(registry, gap)),
        )

    def place(self, registry: tuple[float, float], gap: float) -> Structure:
        """Return the atoms of the interface in their cell."""
        matrix, coords = self.coordinates(registry, gap)
        return Structure(Lattice(matrix), self.symbols, coords)

    def contacts(self, registry: tuple[float, float], gap: float) -> list[Contact]:
        """Return the pairs across the interface that are too close, the worst first."""
        sites = self.llo_sites, self.coating_sites
        return short_contacts(*self.coordinates(registry, gap), self.symbols, sites)

    def coordinates(
        self, registry: tuple[float, float], gap: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return the cell, angstrom, and the fractional coordinates of its atoms."""
        cell, (low, high) = self.cell, self._heights
        if np.shape(registry) != (2,) or not np.isfinite(registry).all():
            raise InterfaceError(f"registry must be two fractions of a and b, got {registry}")
        if not np.isfinite(gap):
            raise InterfaceError(f"gap must be a length in angstrom, got {gap}")
        if gap <= -min(np.ptp(low), np.ptp(high)):
            raise InterfaceError(
                f"with a gap of {gap} angstrom one slab would pass through the other "
                f"(they are {np.ptp(low):.2f} and {np.ptp(high):.2f} angstrom thick)"
            )
        shifted = np.mod(np.round(self._in_plane[1] + registry, 12), 1.0)
        above = np.column_stack([shifted, high - high.min() + low.max() + gap])
        below = np.column_stack([self._in_plane[0], low])
        coords = np.vstack([below, above])[self._order]
        c = float(np.ptp(coords[:, 2])) + self._vacuum
        middle = 0.5 * (coords[:, 2].min() + coords[:, 2].max())
        coords[:, 2] = (coords[:, 2] - middle) / c + 0.5
        matrix = cell.llo.lattice.matrix.copy()
        matrix[2] = [0.0, 0.0, c]
        return matrix, coords


def _by_electronegativity(symbols: Sequence[str]) -> IntArray:
    keys = {symbol: (Element(symbol).X, symbol) for symbol in set(symbols)}
    return np.array(sorted(range(len(symbols)), key=lambda i: (*keys[symbols[i]], i)))
