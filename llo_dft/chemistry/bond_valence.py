"""Bond valence sums, and how far a structure is from satisfying them."""

from collections.abc import Sequence
from functools import cache, cached_property
from math import exp
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from pymatgen.core.periodic_table import Element
from pymatgen.optimization.neighbors import find_points_in_spheres

from llo_dft.chemistry.bonds import ionic_radius
from llo_dft.chemistry.element_table import ELEMENTS
from llo_dft.chemistry.formal_charges import formal_charges
from llo_dft.chemistry.roles import element_role
from llo_dft.errors import InputError
from llo_dft.typing import FloatArray

#: The constant b of the bond valence exp((R0 - R) / b), angstrom.
SOFTNESS: Final = 0.37

#: Cation-O distances beyond this are no bonds, angstrom; one of 3.0 has a valence of 0.06 at most.
#: For other anions it is longer by what their radius is larger.
LONGEST_BOND_WITH_VALENCE: Final = 3.0


@cache
def bond_valence_r0(cation: str, anion: str) -> float:
    """Return the length of a bond of valence one, angstrom.

    With O the table's, else ``r0_by_sizes``.

    Raises ``InputError`` if neither has the pair; names the table to add it to.
    """
    entry = ELEMENTS.get(cation)
    if anion == "O" and entry is not None and entry.bond_valence is not None:
        return entry.bond_valence.r0_angstrom
    by_sizes = r0_by_sizes(cation, anion)
    if by_sizes is None:
        raise InputError(
            f"no bond valence parameter is known for {cation}-{anion}: add bond_valence of "
            f"{cation} to llo_dft/chemistry/elements.toml, or give a score of your own, such as "
            "an engine's energy"
        )
    return by_sizes


@cache
def r0_by_sizes(one: str, other: str) -> float | None:
    """Return the length of a bond of valence one, angstrom; None for an element without a size.

    From a size r and a number c of each element: r1 + r2 - r1 r2 (c1^1/2 - c2^1/2)^2 /
    (c1 r1 + c2 r2), O'Keeffe and Brese, J. Am. Chem. Soc. 113, 3226 (1991).
    """
    from pymatgen.analysis.bond_valence import BV_PARAMS  # noqa: PLC0415 (half a second to import)

    sizes = [BV_PARAMS[e] for e in (Element(one), Element(other)) if e in BV_PARAMS]
    if len(sizes) < 2:  # noqa: PLR2004 (a pair)
        return None
    (r1, c1), (r2, c2) = ((size["r"], size["c"]) for size in sizes)
    return float(r1 + r2 - r1 * r2 * (c1**0.5 - c2**0.5) ** 2 / (c1 * r1 + c2 * r2))


def bond_valence(cation: str, anion: str, length: float) -> float:
    """Return the valence of a bond of a length in angstrom, e."""
    return exp((bond_valence_r0(cation, anion) - length) / SOFTNESS)


class BondValences:
    """Bond valences of the same atoms in many places; what their elements decide is kept.

    Raises ``InputError`` if a pair has no bond valence parameter, or there are no sites.

    ``symbols`` are the elements of all atoms, ``sites`` those whose sums are made (all by default);
    their bonds to all others count.
    """

    def __init__(self, symbols: Sequence[str], sites: ArrayLike | None = None) -> None:
        everything = np.arange(len(symbols))
        self._sites = everything if sites is None else np.asarray(sites, dtype=np.int64)
        if not len(self._sites):
            raise InputError("the global instability index needs at least one site, got none")
        self._symbols = symbols
        kinds = sorted(set(symbols))
        anions = [s for s in kinds if element_role(s) == "anion"]
        self._number = np.array([kinds.index(symbol) for symbol in symbols])
        self._r0, self._longest = np.zeros((2, len(kinds), len(kinds)))
        for anion in anions:
            reach = LONGEST_BOND_WITH_VALENCE + ionic_radius(anion) - ionic_radius("O")
            for cation in (s for s in kinds if s not in anions):
                i, j = kinds.index(cation), kinds.index(anion)
                self._r0[i, j] = self._r0[j, i] = bond_valence_r0(cation, anion)
                self._longest[i, j] = self._longest[j, i] = reach

    def sums(self, matrix: FloatArray, frac_coords: FloatArray) -> FloatArray:
        """Return the sums of the sites, e, in a cell (3, 3), angstrom, at coordinates (n, 3)."""
        cart_coords = np.ascontiguousarray(frac_coords @ matrix)
        centers, points, _, distances = find_points_in_spheres(
            cart_coords,
            np.ascontiguousarray(cart_coords[self._sites]),
            r=max(LONGEST_BOND_WITH_VALENCE, float(self._longest.max())),
            pbc=np.ones(3, dtype=np.int64),
            lattice=np.ascontiguousarray(matrix),
            tol=1e-8,
        )
        # every pair comes twice, once from each end
        pair = self._number[self._sites[centers]], self._number[points]
        longest = self._longest[pair]  # 0 but of a cation and an anion
        bonds = (longest > 0) & (distances <= longest)
        valences = np.exp((self._r0[pair] - distances) / SOFTNESS)[bonds]
        sums = np.bincount(centers[bonds], weights=valences, minlength=len(self._sites))
        return sums.astype(np.float64)

    def instability(self, matrix: FloatArray, frac_coords: FloatArray) -> float:
        """Return the global instability index of the sites, e."""
        sums = self.sums(matrix, frac_coords)
        return float(np.sqrt(np.mean((sums - self._charges) ** 2)))

    @cached_property
    def _charges(self) -> FloatArray:
        return np.abs(formal_charges(self._symbols, self._symbols))[self._sites]
