"""Checks of a structure before anything is computed on it. Nothing is changed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.builders.surface.symmetry import top_bottom_permutations
from llo_dft.chemistry.elements import symbols_of
from llo_dft.chemistry.formal_charges import formal_charges
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray

#: No two atoms of an oxide start closer than this, angstrom (P-O, the shortest bond, is 1.5).
SHORTEST_CONTACT: Final = 1.0


class StructureError(InputError):
    """A structure that nothing can be computed on as it is."""


def check_usable(structure: Structure, name: str) -> None:
    """Refuse partial occupancies and overlapping atoms.

    Raises
    ------
    StructureError
        With the site or pair at fault.
    """
    for index, site in enumerate(structure):
        if not site.is_ordered:
            raise StructureError(
                f"{name}: site {index} holds {site.species_string}; expected one element at "
                "full occupancy on every site. Order the structure first"
            )
    distances = structure.distance_matrix.copy()
    np.fill_diagonal(distances, np.inf)
    if len(structure) > 1 and distances.min() < SHORTEST_CONTACT:
        i, j = np.unravel_index(int(np.argmin(distances)), distances.shape)
        raise StructureError(
            f"{name}: {symbols_of(structure)[i]}{i} and {symbols_of(structure)[j]}{j} are "
            f"{distances[i, j]:.2f} angstrom apart; expected at least {SHORTEST_CONTACT}. "
            "Atoms overlap"
        )


def is_symmetric(slab: Structure) -> bool:
    """Tell whether an operation maps the top of a slab onto its bottom."""
    return bool(top_bottom_permutations(slab))


def is_stoichiometric(slab: Structure, bulk: Structure) -> bool:
    """Tell whether a slab has the composition of its bulk, to the atom."""
    ours, theirs = slab.composition, bulk.composition
    return bool(ours.reduced_composition == theirs.reduced_composition)


def formal_dipole(slab: Structure, bulk: Structure | None = None) -> float:
    """Return the dipole of the formal charges along c, in e angstrom.

    Taken about the middle of the slab, so that a slab that is not neutral by formal charges
    still gives zero if it is symmetric. The slab must not cross the cell's c boundary. The
    charges are those of the ``bulk`` that it was cut from; without, the usual ones.
    """
    charges = np.array(_charges(slab, bulk))
    heights = slab.cart_coords @ _normal(slab)
    middle = 0.5 * (heights.min() + heights.max())
    return float(charges @ (heights - middle))


def formal_charge(structure: Structure, bulk: Structure | None = None) -> float:
    """Return the sum of the formal charges of a cell, in e; ``bulk`` as in ``formal_dipole``."""
    return float(sum(_charges(structure, bulk)))


def _charges(structure: Structure, bulk: Structure | None) -> list[float]:
    return formal_charges(symbols_of(structure), None if bulk is None else symbols_of(bulk))


def _normal(structure: Structure) -> FloatArray:
    a, b, _ = structure.lattice.matrix
    normal: FloatArray = np.cross(a, b)
    normal /= np.linalg.norm(normal)
    return normal
