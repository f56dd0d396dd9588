"""Checks of a structure before any calculation; they change nothing."""

from typing import Final

import numpy as np
from pymatgen.analysis.molecule_structure_comparator import CovalentRadius
from pymatgen.core.structure import Structure

from llo_dft.builders.surface.symmetry import top_bottom_permutations
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import formal_charges
from llo_dft.chemistry.heights import heights_angstrom
from llo_dft.errors import InputError

#: Two atoms closer than this fraction of the sum of their covalent radii overlap. The shortest
#: bonds are longer than 0.75 of it: H2 0.74 for 0.62 angstrom, C-O 1.13 for 1.42, O2 1.21 for
#: 1.32, P-O 1.45 for 1.73, Li-O 1.6 for 1.94 (radii: Cordero et al., Dalton Trans. 2832 (2008)).
OVERLAP_SHARE: Final = 0.6

#: Radius of hydrogen, angstrom, for elements without a radius in the table.
_LEAST_RADIUS: Final = 0.31


def check_usable(structure: Structure, name: str) -> None:
    """Refuse partial occupancies and overlapping atoms.

    Raises ``InputError``, naming the site or pair at fault.
    """
    for index, site in enumerate(structure):
        if not site.is_ordered:
            raise InputError(
                f"{name}: site {index} has {site.species_string}; expected one element at "
                "full occupancy on every site. Order the structure first"
            )
    distances = structure.distance_matrix.copy()
    np.fill_diagonal(distances, np.inf)
    symbols = symbols_of(structure)
    radii = np.array([CovalentRadius.radius.get(symbol, _LEAST_RADIUS) for symbol in symbols])
    least = OVERLAP_SHARE * (radii[:, None] + radii)
    if (distances < least).any():
        i, j = np.unravel_index(int(np.argmin(distances - least)), distances.shape)
        raise InputError(
            f"{name}: {symbols[i]}{i} and {symbols[j]}{j} are {distances[i, j]:.2f} angstrom "
            f"apart; expected at least {least[i, j]:.2f}. Atoms overlap"
        )


def is_symmetric(slab: Structure) -> bool:
    """Tell whether an operation maps the top of a slab onto its bottom."""
    return bool(top_bottom_permutations(slab))


def is_stoichiometric(slab: Structure, bulk: Structure) -> bool:
    """Tell whether a slab has exactly the composition of its bulk."""
    ours, theirs = slab.composition, bulk.composition
    return bool(ours.reduced_composition == theirs.reduced_composition)


def formal_dipole(slab: Structure, bulk: Structure | None = None) -> float:
    """Return the dipole of the formal charges along c, in e angstrom.

    It is about the middle of the slab, so that a symmetric slab gives zero even if its formal
    charges don't balance. The charges are those of
    the ``bulk`` that it was cut from, otherwise the usual ones.
    """
    charges = np.array(_charges(slab, bulk))
    heights = heights_angstrom(slab)
    middle = 0.5 * (heights.min() + heights.max())
    return float(charges @ (heights - middle))


def formal_charge(structure: Structure, bulk: Structure | None = None) -> float:
    """Return the sum of the formal charges of a cell, in e; ``bulk`` as in ``formal_dipole``."""
    return float(sum(_charges(structure, bulk)))


def _charges(structure: Structure, bulk: Structure | None) -> list[float]:
    return formal_charges(symbols_of(structure), None if bulk is None else symbols_of(bulk))
