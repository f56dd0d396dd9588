"""What each site of a structure is, by the part that it belongs to and not by its element alone."""

from collections.abc import Collection, Sequence
from typing import Literal, TypeAlias

from pymatgen.core.periodic_table import Element

from llo_dft.chemistry.element_table import ELEMENTS, ElementRole

#: Framework metal, mobile ion and anion of the oxide or its coating; network former, mobile ion
#: of the coating.
SiteRole: TypeAlias = Literal["framework", "mobile", "anion", "former", "coating_mobile"]


def element_role(symbol: str) -> ElementRole:
    """Return what an element is in an oxide; by pymatgen's classes if the table lacks it."""
    if symbol in ELEMENTS:
        return ELEMENTS[symbol].role
    element = Element(symbol)
    if element.is_halogen or element.is_chalcogen:
        return "anion"
    return "framework" if element.is_metal else "former"


def site_roles(
    symbols: Sequence[str], oxide_sites: Collection[int] | None = None
) -> list[SiteRole]:
    """Return the role of each site.

    ``oxide_sites`` are those of the layered oxide; the others are its coating, where Al or Nb makes
    the network as P does. None: all sites are the oxide's.
    """
    oxide = range(len(symbols)) if oxide_sites is None else set(oxide_sites)
    return [
        element_role(symbol) if i in oxide else coating_role(symbol)
        for i, symbol in enumerate(symbols)
    ]


def coating_role(symbol: str) -> SiteRole:
    """Return what an element is in a coating: any cation that is not mobile makes its network."""
    role = element_role(symbol)
    if role == "framework":
        return "former"
    return "coating_mobile" if role == "mobile" else role
