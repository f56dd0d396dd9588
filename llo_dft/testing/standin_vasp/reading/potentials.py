"""POTCAR, or POTCAR.spec in its place: how many electrons each kind of atom brings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llo_dft.testing.standin_vasp.stops import InputRefused

if TYPE_CHECKING:
    from pathlib import Path

#: Symbol: valence electrons, ENMAX in eV, date. The PBE.54 set, as VASP's manual lists it
#: (https://www.vasp.at/wiki/index.php/Available_pseudopotentials).
_KNOWN = {
    "Al": (3.0, 240.300, "04Jan2001"),
    "C": (4.0, 400.000, "08Apr2002"),
    "Co": (9.0, 267.968, "02Aug2007"),
    "Co_pv": (15.0, 271.042, "23Apr2009"),
    "Cr_pv": (12.0, 265.681, "02Aug2007"),
    "F": (7.0, 400.000, "08Apr2002"),
    "Fe": (8.0, 267.882, "06Sep2000"),
    "Fe_pv": (14.0, 293.238, "02Aug2007"),
    "H": (1.0, 250.000, "15Jun2001"),
    "Li": (1.0, 140.000, "17Jan2003"),
    "Li_sv": (3.0, 499.034, "10Sep2004"),
    "Mg": (2.0, 200.000, "13Apr2007"),
    "Mg_pv": (8.0, 403.929, "13Apr2007"),
    "Mn": (7.0, 269.864, "06Sep2000"),
    "Mn_pv": (13.0, 269.864, "02Aug2007"),
    "Mn_sv": (15.0, 387.187, "23Jul2007"),
    "Mo_pv": (12.0, 224.584, "04Feb2005"),
    "N": (5.0, 400.000, "08Apr2002"),
    "Na_pv": (7.0, 259.561, "19Sep2006"),
    "Nb_pv": (11.0, 208.608, "08Apr2002"),
    "Ni": (10.0, 269.532, "02Aug2007"),
    "Ni_pv": (16.0, 367.986, "06Sep2000"),
    "O": (6.0, 400.000, "08Apr2002"),
    "O_s": (6.0, 282.853, "07Sep2000"),
    "P": (5.0, 255.040, "06Sep2000"),
    "Ru_pv": (14.0, 240.049, "28Jan2005"),
    "S": (6.0, 258.689, "06Sep2000"),
    "Si": (4.0, 245.345, "05Jan2001"),
    "Sn_d": (14.0, 241.083, "06Sep2000"),
    "Ti_pv": (10.0, 222.335, "07Sep2000"),
    "V_pv": (11.0, 263.673, "07Sep2000"),
    "Zr_sv": (12.0, 229.898, "04Jan2005"),
}

_TITLE = re.compile(r"TITEL\s*=\s*(.+)")
_VALENCE = re.compile(r"ZVAL\s*=\s*([\d.]+)")
_CUTOFF = re.compile(r"ENMAX\s*=\s*([\d.]+)")
_MASS = re.compile(r"POMASS\s*=\s*([\d.]+)")


@dataclass(frozen=True)
class PotcarEntry:
    """A pseudopotential: its title, element, valence electrons, cutoff in eV and mass."""

    title: str
    element: str
    n_valence: float
    cutoff_ev: float
    mass: float = 16.0


def read_potentials(folder: Path) -> list[PotcarEntry]:
    """Read POTCAR; without one POTCAR.spec, a list of symbols, which VASP itself has no use for.

    Raises
    ------
    VaspStop
        If there is neither, or one of the potentials is not known and doesn't say what it is.
    """
    potcar, names = folder / "POTCAR", folder / "POTCAR.spec"
    if potcar.is_file():
        text = potcar.read_text(encoding="latin-1")
        parts = [part for part in text.split("End of Dataset") if part.strip()]
        return [_parse(part) for part in parts]
    if names.is_file():
        symbols = names.read_text(encoding="latin-1").split()
        return [_from_symbol(symbol) for symbol in symbols]
    raise InputRefused("No POTCAR found, STOPPING")


def _parse(part: str) -> PotcarEntry:
    """Read one potential; what a mere stub leaves out is taken from the table."""
    lines = part.strip().splitlines()
    found = _TITLE.search(part)
    title = (found[1] if found else lines[0]).strip()
    words = title.split()
    if len(words) < 2:
        raise InputRefused("Error reading POTCAR file.", f"No title in {lines[0]!r}")
    symbol = words[1]
    valence, cutoff, mass = _VALENCE.search(part), _CUTOFF.search(part), _MASS.search(part)
    known = _KNOWN.get(symbol)
    if known is None and (valence is None or cutoff is None):
        raise InputRefused(f"The potential {symbol} says nothing of its electrons or its cutoff.")
    return PotcarEntry(
        title=title,
        element=symbol.split("_")[0],
        n_valence=float(valence[1]) if valence else known[0],  # type: ignore[index]
        cutoff_ev=float(cutoff[1]) if cutoff else known[1],  # type: ignore[index]
        mass=float(mass[1]) if mass else PotcarEntry.mass,
    )


def _from_symbol(symbol: str) -> PotcarEntry:
    if symbol not in _KNOWN:
        raise InputRefused(
            f"The potential {symbol} of POTCAR.spec is not known to this stand-in for VASP."
        )
    n_valence, cutoff, date = _KNOWN[symbol]
    return PotcarEntry(
        f"PAW_PBE {symbol} {date}", symbol.split("_", maxsplit=1)[0], n_valence, cutoff
    )
