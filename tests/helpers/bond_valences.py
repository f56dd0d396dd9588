"""Bond valence sums of a whole structure, and how far they are from its formal charges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.chemistry.bond_valence import BondValences
from llo_dft.chemistry.element_table import symbols_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray


def bond_valence_sums(structure: Structure) -> FloatArray:
    """Return the sum of the bond valences of each site, e."""
    valences = BondValences(symbols_of(structure))
    return valences.sums(structure.lattice.matrix, structure.frac_coords)


def global_instability_index(structure: Structure, sites: ArrayLike | None = None) -> float:
    """Return the root mean square deviation of the sums of some sites, all by default, e.

    Salinas-Sanchez et al., J. Solid State Chem. 100, 201 (1992): below 0.2 e in stable oxides.
    """
    valences = BondValences(symbols_of(structure), sites)
    return valences.instability(structure.lattice.matrix, structure.frac_coords)
