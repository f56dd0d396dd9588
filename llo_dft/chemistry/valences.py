"""Formal charges, and which elements count as what in a layered oxide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymatgen.core.structure import Structure

#: Usual oxidation state of each element in a lithiated layered oxide or its coating.
#: Ni is 2+ and Co 3+ (low spin) beside Mn4+, as in Li1.2Mn0.54Ni0.13Co0.13O2.
FORMAL_CHARGES: Final[dict[str, int]] = {
    "Li": 1,
    "O": -2,
    "P": 5,
    "Mn": 4,
    "Ni": 2,
    "Co": 3,
    "Fe": 3,
    "Ti": 4,
    "V": 3,
    "Cr": 3,
    "Ru": 4,
    "Nb": 5,
    "Mo": 4,
    "Zr": 4,
    "Sn": 4,
    "Al": 3,
    "Mg": 2,
}

#: Metals that sit in the transition-metal layer (dopants such as Al and Mg count too).
LAYER_METALS: Final = frozenset(FORMAL_CHARGES) - {"Li", "O", "P"}


def formal_charges(symbols: Iterable[str]) -> list[float]:
    """Return the formal charge of each element symbol, in units of e.

    Raises
    ------
    ValueError
        If an element has no formal charge here.
    """
    charges: list[float] = []
    for symbol in symbols:
        if symbol not in FORMAL_CHARGES:
            known = ", ".join(FORMAL_CHARGES)
            raise ValueError(
                f"no formal charge is known for {symbol}: expected one of {known}; "
                "add it to llo_dft.chemistry.valences.FORMAL_CHARGES"
            )
        charges.append(float(FORMAL_CHARGES[symbol]))
    return charges


def symbols_of(structure: Structure) -> list[str]:
    """Return the element symbol of each site, in order."""
    return [site.specie.symbol for site in structure]
