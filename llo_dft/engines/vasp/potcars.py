"""The pseudopotentials that VASP is run with: which, and what must be known before a run.

Titles are those of the licensed set potpaw_PBE.54, as pymatgen's list of POTCARs has them; cutoffs
and valence electrons are those of the VASP wiki, "Available pseudopotentials" (standard PBE).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from llo_dft.engines.base import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Name of the set in pymatgen. PBE_54 holds the kinetic-energy densities that r2SCAN needs; the
#: Materials Project's r2SCAN calculations use it too.
POTCAR_SET: Final = "PBE_54"


@dataclass(frozen=True)
class Potcar:
    """One pseudopotential.

    Attributes
    ----------
    symbol
        Name of its folder: "Li_sv".
    date
        End of its title.
    enmax_ev
        Cutoff below which it is not converged, eV.
    valence
        Electrons that it treats.
    """

    symbol: str
    date: str
    enmax_ev: float
    valence: int

    @property
    def title(self) -> str:
        """The title that VASP prints."""
        return f"PAW_PBE {self.symbol} {self.date}"


#: The choice of the Materials Project for each element (pymatgen's MPRelaxSet), for comparability.
POTCARS: Final[Mapping[str, Potcar]] = {
    # 1s is valence: Li+ has no other electrons, and its size decides Li-O distances. Hardest of all
    # here, it sets the cutoff of every lithiated cell.
    "Li": Potcar("Li_sv", "10Sep2004", 499.034, 3),
    # 3p is valence: it overlaps with the 3d of Mn4+, whose bonds are short (1.9 angstrom)
    "Mn": Potcar("Mn_pv", "02Aug2007", 269.864, 13),
    # likewise for Ni4+; the price is the hardest of the metals here
    "Ni": Potcar("Ni_pv", "06Sep2000", 367.986, 16),
    # 3p in the core: what the U of Co was fitted with
    "Co": Potcar("Co", "02Aug2007", 267.968, 9),
    # the standard one; O_s is too soft for O2 and peroxides, O_h would double the cost
    "O": Potcar("O", "08Apr2002", 400.0, 6),
    # 3s and 3p only: P5+ has no shallow core
    "P": Potcar("P", "06Sep2000", 255.04, 5),
    # dopants
    "Fe": Potcar("Fe_pv", "02Aug2007", 293.238, 14),
    "Ti": Potcar("Ti_pv", "07Sep2000", 222.335, 10),
    "V": Potcar("V_pv", "07Sep2000", 263.673, 11),
    "Cr": Potcar("Cr_pv", "02Aug2007", 265.681, 12),
    "Ru": Potcar("Ru_pv", "28Jan2005", 240.049, 14),
    "Nb": Potcar("Nb_pv", "08Apr2002", 208.608, 11),
    "Mo": Potcar("Mo_pv", "04Feb2005", 224.584, 12),
    "Zr": Potcar("Zr_sv", "04Jan2005", 229.898, 12),
    "Sn": Potcar("Sn_d", "06Sep2000", 241.083, 14),
    "Al": Potcar("Al", "04Jan2001", 240.3, 3),
    "Mg": Potcar("Mg_pv", "13Apr2007", 403.929, 8),
}

#: Elements with a d shell that a U may act on.
D_ELEMENTS: Final = frozenset({"Mn", "Ni", "Co", "Fe", "Ti", "V", "Cr", "Ru", "Nb", "Mo", "Zr"})


def potcar_of(element: str) -> Potcar:
    """Return the pseudopotential of an element.

    Raises
    ------
    EngineError
        If none was chosen for it here.
    """
    if element not in POTCARS:
        raise EngineError(
            f"engine vasp has no pseudopotential chosen for {element}; expected one of "
            f"{', '.join(POTCARS)}"
        )
    return POTCARS[element]


def hardest(elements: Iterable[str]) -> tuple[str, float]:
    """Return the pseudopotential with the highest ENMAX, eV, and that ENMAX.

    Raises
    ------
    EngineError
        If an element has no pseudopotential here.
    """
    chosen = max((potcar_of(element) for element in elements), key=lambda potcar: potcar.enmax_ev)
    return chosen.symbol, chosen.enmax_ev


def n_electrons(symbols: Iterable[str]) -> int:
    """Return the number of electrons that VASP treats, for the element of each atom.

    Raises
    ------
    EngineError
        If an element has no pseudopotential here.
    """
    return sum(potcar_of(symbol).valence for symbol in symbols)
