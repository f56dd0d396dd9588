"""Bond valence sums of oxides, and how far a structure is from satisfying them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.chemistry.element_table import ELEMENTS, symbols_of
from llo_dft.chemistry.formal_charges import formal_charges
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray

#: The constant b of the bond valence exp((R0 - R) / b), angstrom.
SOFTNESS: Final = 0.37

#: Cation-O distances beyond this are no bonds, angstrom; one of 3.0 has a valence of 0.06 at most.
LONGEST_BOND_WITH_VALENCE: Final = 3.0


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
    known = {s: e.bond_valence.r0_angstrom for s, e in ELEMENTS.items() if e.bond_valence}
    unknown = sorted(set(symbols) - set(known) - {"O"})
    if unknown:
        raise InputError(
            f"no bond valence parameter is known for {', '.join(unknown)} with O; expected "
            f"{', '.join(known)}. Give a score of your own, such as an engine's energy"
        )
    oxygen = np.array([symbol == "O" for symbol in symbols])
    r0 = np.array([known.get(symbol, 0.0) for symbol in symbols])
    centers, points, _, distances = structure.get_neighbor_list(LONGEST_BOND_WITH_VALENCE)
    # every pair comes twice, once from each end
    bonds = oxygen[centers] != oxygen[points]
    valences = np.exp((r0[centers] + r0[points] - distances) / SOFTNESS)[bonds]
    sums = np.bincount(centers[bonds], weights=valences, minlength=len(symbols))
    return sums.astype(np.float64)


def global_instability_index(structure: Structure, sites: ArrayLike | None = None) -> float:
    """Return the root mean square deviation of bond valence sums from the composition's charges.

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
    symbols = symbols_of(structure)
    charges = np.abs(formal_charges(symbols, symbols))
    return float(np.sqrt(np.mean((sums[chosen] - charges[chosen]) ** 2)))
