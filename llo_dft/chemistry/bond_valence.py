"""Bond valence sums of oxides, and how far a structure is from satisfying them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.chemistry.valences import formal_charges, symbols_of
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray

#: The constant b of the bond valence exp((R0 - R) / b), angstrom.
SOFTNESS: Final = 0.37

#: Cation-O distances beyond this are no bonds, angstrom; one of 3.0 has a valence of 0.06 at most.
LONGEST_BOND_WITH_VALENCE: Final = 3.0

_BROWN: Final = "Brown and Altermatt, Acta Cryst. B41, 244 (1985)"
_BRESE: Final = "Brese and O'Keeffe, Acta Cryst. B47, 192 (1991)"


@dataclass(frozen=True)
class BondValence:
    """The bond valence parameter of a cation with O.

    Attributes
    ----------
    charge
        Oxidation state that it holds for, e.
    r0
        Length of a bond of valence 1, angstrom.
    source
        Where it is published.
    """

    charge: int
    r0: float
    source: str


#: By element, for the oxidation states of ``valences.FORMAL_CHARGES``. Brese and O'Keeffe
#: list 1.604 for P5+; Brown and Altermatt's, fitted to phosphates, is the better in Li3PO4
#: (its sum is 4.9 there, not 4.7). Mo4+ is in neither paper, so it is missing here.
BOND_VALENCES: Final[dict[str, BondValence]] = {
    "Li": BondValence(1, 1.466, _BROWN),
    "P": BondValence(5, 1.617, _BROWN),
    "Mn": BondValence(4, 1.753, _BROWN),
    "Ni": BondValence(2, 1.654, _BROWN),
    "Co": BondValence(3, 1.70, _BRESE),
    "Fe": BondValence(3, 1.759, _BROWN),
    "Ti": BondValence(4, 1.815, _BROWN),
    "V": BondValence(3, 1.743, _BROWN),
    "Cr": BondValence(3, 1.724, _BROWN),
    "Ru": BondValence(4, 1.834, _BRESE),
    "Nb": BondValence(5, 1.911, _BROWN),
    "Zr": BondValence(4, 1.928, _BROWN),
    "Sn": BondValence(4, 1.905, _BROWN),
    "Al": BondValence(3, 1.651, _BROWN),
    "Mg": BondValence(2, 1.693, _BROWN),
}


def bond_valence_sums(structure: Structure) -> FloatArray:
    """Return the sum of the bond valences of each site, of cations and O alike.

    Parameters
    ----------
    structure
        (n sites) an oxide; only cation-O pairs are bonds.

    Returns
    -------
    (n,) in e, positive; to be compared with the absolute formal charges.

    Raises
    ------
    InputError
        If a cation has no bond valence parameter here; names it.
    """
    symbols = symbols_of(structure)
    unknown = sorted(set(symbols) - set(BOND_VALENCES) - {"O"})
    if unknown:
        raise InputError(
            f"no bond valence parameter is known for {', '.join(unknown)} with O; expected "
            f"{', '.join(BOND_VALENCES)}. Give a score of your own, such as an engine's energy"
        )
    oxygen = np.array([symbol == "O" for symbol in symbols])
    r0 = np.array([0.0 if s == "O" else BOND_VALENCES[s].r0 for s in symbols])
    centers, points, _, distances = structure.get_neighbor_list(LONGEST_BOND_WITH_VALENCE)
    # every pair comes twice, once from each end
    bonds = oxygen[centers] != oxygen[points]
    valences = np.exp((r0[centers] + r0[points] - distances) / SOFTNESS)[bonds]
    sums = np.bincount(centers[bonds], weights=valences, minlength=len(symbols))
    return sums.astype(np.float64)


def global_instability_index(structure: Structure, sites: ArrayLike | None = None) -> float:
    """Return the root mean square deviation of bond valence sums from the formal charges.

    Salinas-Sanchez et al., J. Solid State Chem. 100, 201 (1992). Stable oxides have less than
    0.2 e.

    Parameters
    ----------
    structure
        An oxide.
    sites
        Only these are averaged (all by default); their bonds to all others count.

    Raises
    ------
    InputError
        If a cation has no bond valence parameter, or there are no sites.
    """
    chosen = np.arange(len(structure)) if sites is None else np.asarray(sites, dtype=np.int64)
    if not len(chosen):
        raise InputError("the global instability index needs at least one site, got none")
    sums = bond_valence_sums(structure)
    charges = np.abs(formal_charges(symbols_of(structure)))
    return float(np.sqrt(np.mean((sums[chosen] - charges[chosen]) ** 2)))
