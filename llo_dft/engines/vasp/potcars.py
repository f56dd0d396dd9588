"""The pseudopotentials that VASP is run with: which, and what must be known before a run."""

from collections.abc import Iterable, Mapping
from typing import Final

from llo_dft.chemistry.element_table import ELEMENTS, Potcar
from llo_dft.engines.base import EngineError

#: Name of the set in pymatgen. PBE_54 holds the kinetic-energy densities that r2SCAN needs; the
#: Materials Project's r2SCAN calculations use it too.
POTCAR_SET: Final = "PBE_54"


#: By element; ``chemistry/elements.toml`` says where they come from and why these.
POTCARS: Final[Mapping[str, Potcar]] = {
    element: entry.potcar for element, entry in ELEMENTS.items() if entry.potcar is not None
}


def potcar_of(element: str) -> Potcar:
    """Return the pseudopotential of an element.

    Raises ``EngineError`` if none was chosen for it here.
    """
    if element not in POTCARS:
        raise EngineError(
            f"engine vasp has no pseudopotential chosen for {element}; expected one of "
            f"{', '.join(POTCARS)}, or a potcar in [elements.{element}] of chemistry/elements.toml"
        )
    return POTCARS[element]


def hardest(elements: Iterable[str]) -> tuple[str, float]:
    """Return the pseudopotential with the highest ENMAX, eV, and that ENMAX.

    Raises ``EngineError`` if an element has no pseudopotential here.
    """
    chosen = max((potcar_of(element) for element in elements), key=lambda potcar: potcar.enmax_ev)
    return chosen.symbol, chosen.enmax_ev


def n_electrons(symbols: Iterable[str]) -> int:
    """Return the number of electrons that VASP treats, for the element of each atom.

    Raises ``EngineError`` if an element has no pseudopotential here.
    """
    return sum(potcar_of(symbol).valence for symbol in symbols)
