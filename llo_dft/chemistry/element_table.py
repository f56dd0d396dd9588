"""The table of elements, ``elements.toml``, which says what each of its entries means."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict
from pymatgen.core.structure import Structure

#: What an element is in an oxide; see ``elements.toml``.
ElementRole: TypeAlias = Literal["framework", "mobile", "anion", "former"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class BondValence(_Entry):
    """The bond valence parameter of a cation of ``charge`` (e) with O."""

    charge: int
    r0_angstrom: float
    source: Literal["brown1985", "brese1991"]


class MomentRange(_Entry):
    """Sizes of the moment that mean one oxidation state, Bohr magnetons, ends included.

    ``state`` None: more than one state or spin has such a moment; ``name`` says which.
    """

    low: float
    high: float
    state: int | None = None
    name: str


class Potcar(_Entry):
    """A pseudopotential: its folder ("Li_sv"), end of its title, ENMAX in eV, electrons."""

    symbol: str
    date: str
    enmax_ev: float
    valence: int

    @property
    def title(self) -> str:
        """The title that VASP prints."""
        return f"PAW_PBE {self.symbol} {self.date}"


class ElementData(_Entry):
    """One element; ``elements.toml`` says what its fields mean and where they are from."""

    role: ElementRole
    charge: int
    radius_angstrom: float
    bond_valence: BondValence | None = None
    unpaired_electrons: dict[int, float] = {}
    empty_shell_charge: int | None = None
    moment_ranges: tuple[MomentRange, ...] = ()
    has_d_shell: bool = False
    u_ev: float | None = None
    potcar: Potcar | None = None
    color: str = "#9e9e9e"


class _Ladders(_Entry):
    oxidised: tuple[tuple[str, int], ...]
    reduced: tuple[tuple[str, int], ...]


class _Table(_Entry):
    redox: _Ladders
    elements: dict[str, ElementData]


_TABLE: Final = _Table.model_validate(
    tomllib.loads(Path(__file__).with_name("elements.toml").read_text(encoding="utf-8"))
)

#: By symbol.
ELEMENTS: Final[Mapping[str, ElementData]] = _TABLE.elements

#: What gives electrons, in this order, and up to which charge; what takes them, likewise.
OXIDISED: Final = _TABLE.redox.oxidised
REDUCED: Final = _TABLE.redox.reduced

#: Least moment to start an ion of a partly filled d shell from, Bohr magnetons. One that starts
#: from zero stays there; 0.6 is what pymatgen's MPRelaxSet starts low-spin Co3+ from.
LOW_SPIN_START: Final = 0.6

#: Hubbard U - J by element, eV, on d: the values of the Materials Project.
MATERIALS_PROJECT_U_EV: Final[Mapping[str, float]] = {
    symbol: entry.u_ev for symbol, entry in ELEMENTS.items() if entry.u_ev is not None
}


def symbols_of(structure: Structure) -> list[str]:
    """Return the element symbol of each site, in order."""
    return [site.specie.symbol for site in structure]
