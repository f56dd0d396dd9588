"""The interface of an LLO (001) slab and a Li3PO4 slab: LLO | coating | vacuum or LLO again.

The LLO part is the bare slab atom for atom: bare and coated share one supercell, and their
sites pair one to one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.periodic_table import Element
from pymatgen.core.structure import Structure

from llo_dft.builders.interface.contacts import Contact, short_contacts_of
from llo_dft.builders.matching.common_cell import (
    CommonCell,
    InterfaceError,
    SideStrain,
    heights_of,
    share_cell,
)
from llo_dft.builders.surface.turn_over import find_turn_over
from llo_dft.chemistry.bonds import Bond, former_bonds
from llo_dft.chemistry.element_table import symbols_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.builders.matching.lattice_match import LatticeMatch
    from llo_dft.typing import FloatArray, IntArray


@dataclass(frozen=True)
class Stacking:
    """What follows the coating along the normal.

    Attributes
    ----------
    vacuum
        Width of the vacuum above the coating, angstrom; None for a sandwich.
    sandwich_gap
        Height from the outermost atom of the coating's far side to the next LLO slab's,
        angstrom; None with vacuum.
    both_faces
        Whether the LLO slab is coated below too, by the image of the coating above.
    turn_over
        (n,) the site of the given LLO slab that each of its sites goes to under the operation
        that turns it over (``SlabModel.turn_over``). None: any that the common cell keeps.
    """

    vacuum: float | None
    sandwich_gap: float | None
    both_faces: bool
    turn_over: IntArray | None

    def __post_init__(self) -> None:
        """Refuse what can't be stacked."""
        if (self.vacuum is None) == (self.sandwich_gap is None):
            raise InterfaceError(
                f"give either vacuum or sandwich_gap, got vacuum = {self.vacuum} and "
                f"sandwich_gap = {self.sandwich_gap}"
            )
        if self.vacuum is not None and not (np.isfinite(self.vacuum) and self.vacuum > 0):
            raise InterfaceError(f"vacuum must be a positive width in angstrom, got {self.vacuum}")
        if not np.isfinite(self.space):
            raise InterfaceError(f"sandwich_gap must be a length in angstrom, got {self.space}")
        if self.both_faces and self.sandwich_gap is not None:
            raise InterfaceError("both_faces needs vacuum: in a sandwich both faces are coated")

    @property
    def space(self) -> float:
        """From the highest atom to the image of the lowest, angstrom."""
        return float(sum(w for w in (self.vacuum, self.sandwich_gap) if w is not None))


@dataclass(frozen=True, eq=False)
class InterfaceModel:
    """An interface, and how it was put together.

    Attributes
    ----------
    structure
        LLO below, coating above; c the normal, centred. Sorted by electronegativity.
    bare
        The LLO slab alone that belongs to it: in the same cell in the plane.
    llo_sites
        (n,) index in ``structure`` of every atom of ``bare``, in its order.
    llo_atoms
        (n,) atom of the given LLO slab that each of ``bare`` is a copy of.
    coating_sites
        Index in ``structure`` of every atom of the coating on the common cell; with both
        faces those above, then those below in the same order.
    termination
        Name of the coating's termination.
    registry
        Shift of the coating against the LLO slab, fractions of a and b.
    gap
        Height of the coating's lowest atom above the LLO slab's highest, angstrom: the
        distance of the outermost atom planes. Negative where the two interlock.
    llo_strain, coating_strain
        Strain of each side.
    bonds
        From network formers of the coating to anions of the LLO slab, sites of ``structure``.
    contacts
        Pairs across the interface that are too close, the worst first; none in a usable one.
    turn_over
        (N,) where each site of ``structure`` goes under the operation that turns it over;
        None unless both faces are coated.
    """

    structure: Structure
    bare: Structure
    llo_sites: IntArray
    llo_atoms: IntArray
    coating_sites: IntArray
    termination: str
    registry: tuple[float, float]
    gap: float
    llo_strain: SideStrain
    coating_strain: SideStrain
    bonds: tuple[Bond, ...]
    contacts: tuple[Contact, ...]
    turn_over: IntArray | None


def build_interface(  # noqa: PLR0913 (each is a fact of its own)
    llo: Structure,
    coating: Structure,
    match: LatticeMatch,
    *,
    gap: float,
    registry: tuple[float, float] = (0.0, 0.0),
    vacuum: float | None = None,
    sandwich_gap: float | None = None,
    both_faces: bool = False,
    turn_over: IntArray | None = None,
    termination: str = "",
) -> InterfaceModel:
    """Put a coating slab on an LLO slab.

    Parameters
    ----------
    llo, coating, match
        As for ``share_cell``. The coating's lower face comes to lie on the LLO slab's upper
        one. Where the match leaves all strain to the coating, the LLO part is the given slab.
    gap, registry
        See ``InterfaceModel``.
    vacuum, sandwich_gap, both_faces, turn_over
        See ``Stacking``. Exactly one of the first two is given.
    termination
        Name of the coating's termination, kept in the result.

    Returns
    -------
    The interface, also where atoms are too close: see its ``contacts``.

    Raises
    ------
    InterfaceError
        If the slabs do not belong to the match, the coating would reach through the LLO slab,
        or no operation turns the slab over in this cell.
    """
    stacking = Stacking(vacuum, sandwich_gap, both_faces, turn_over)
    return Assembly(share_cell(llo, coating, match), stacking, termination).build(registry, gap)


class Assembly:
    """Two slabs on one cell, ready to be put together at any registry and gap.

    Parameters
    ----------
    cell
        The slabs.
    stacking
        What follows the coating.
    termination
        Name of the coating's termination.

    Raises
    ------
    InterfaceError
        If both faces are to be coated and no operation turns the slab over.
    """

    def __init__(self, cell: CommonCell, stacking: Stacking, termination: str = "") -> None:
        self.cell = cell
        self.termination = termination
        self._stacking = stacking
        self._heights = heights_of(cell.llo), heights_of(cell.coating)
        self._operation = find_turn_over(cell, stacking.turn_over) if stacking.both_faces else None
        faces = 2 if stacking.both_faces else 1
        symbols = symbols_of(cell.llo) + faces * symbols_of(cell.coating)
        self._order = _by_electronegativity(symbols)
        self._symbols = [symbols[i] for i in self._order]
        places = np.argsort(self._order)
        #: Index in the interface of the LLO slab's and of the coating's atoms.
        self.llo_sites: IntArray = places[: len(cell.llo)]
        self.coating_sites: IntArray = places[len(cell.llo) :]

    def build(self, registry: tuple[float, float], gap: float) -> InterfaceModel:
        """Return the interface with a registry and a gap; see ``build_interface``."""
        structure = self.place(registry, gap)
        return InterfaceModel(
            structure=structure,
            bare=self.cell.llo,
            llo_sites=self.llo_sites,
            llo_atoms=self.cell.llo_atoms,
            coating_sites=self.coating_sites,
            termination=self.termination,
            registry=(float(registry[0]), float(registry[1])),
            gap=float(gap),
            llo_strain=self.cell.llo_strain,
            coating_strain=self.cell.coating_strain,
            bonds=tuple(
                former_bonds(structure, self.coating_sites.tolist(), self.llo_sites.tolist())
            ),
            contacts=tuple(self.contacts(registry, gap)),
            turn_over=self._permutation(),
        )

    def place(self, registry: tuple[float, float], gap: float) -> Structure:
        """Return the atoms of the interface in their cell."""
        matrix, coords = self._coordinates(registry, gap)
        return Structure(Lattice(matrix), self._symbols, coords)

    def contacts(self, registry: tuple[float, float], gap: float) -> list[Contact]:
        """Return the pairs across the interface that are too close, the worst first."""
        sites = self.llo_sites, self.coating_sites
        return short_contacts_of(*self._coordinates(registry, gap), self._symbols, sites)

    def _coordinates(
        self, registry: tuple[float, float], gap: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return the cell and the fractional coordinates."""
        cell, (low, high) = self.cell, self._heights
        if np.shape(registry) != (2,) or not np.isfinite(registry).all():
            raise InterfaceError(f"registry must be two fractions of a and b, got {registry}")
        if not np.isfinite(gap):
            raise InterfaceError(f"gap must be a length in angstrom, got {gap}")
        if gap <= -min(np.ptp(low), np.ptp(high)):
            raise InterfaceError(
                f"with a gap of {gap} angstrom one slab would reach through the other "
                f"(they are {np.ptp(low):.2f} and {np.ptp(high):.2f} thick)"
            )
        above = np.column_stack(
            [cell.coating.frac_coords[:, :2] + registry, high - high.min() + low.max() + gap]
        )
        parts = [np.column_stack([cell.llo.frac_coords[:, :2], low]), _wrapped(above)]
        if self._operation is not None:
            parts.append(_wrapped(self._operation.image(above)))
        coords = np.vstack(parts)[self._order]
        c = float(np.ptp(coords[:, 2])) + self._stacking.space
        middle = 0.5 * (coords[:, 2].min() + coords[:, 2].max())
        coords[:, 2] = (coords[:, 2] - middle) / c + 0.5
        matrix = cell.llo.lattice.matrix.copy()
        matrix[2] = [0.0, 0.0, c]
        return matrix, coords

    def _permutation(self) -> IntArray | None:
        if self._operation is None:
            return None
        above, below = np.split(self.coating_sites, 2)
        result = np.empty(len(self._order), dtype=np.int64)
        result[self.llo_sites] = self.llo_sites[self._operation.permutation]
        result[above], result[below] = below, above
        return result


def _wrapped(coords: FloatArray) -> FloatArray:
    """Return coordinates with the fractions of a and b in [0, 1)."""
    return np.column_stack([np.mod(np.round(coords[:, :2], 12), 1.0), coords[:, 2]])


def _by_electronegativity(symbols: Sequence[str]) -> IntArray:
    keys = {symbol: (Element(symbol).X, symbol) for symbol in set(symbols)}
    return np.array(sorted(range(len(symbols)), key=lambda i: (*keys[symbols[i]], i)))
