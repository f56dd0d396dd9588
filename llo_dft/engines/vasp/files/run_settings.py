"""What a VASP run was: the settings that must agree before energies may be subtracted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llo_dft.engines.vasp.files.vasprun.elements import Value
    from llo_dft.engines.vasp.files.vasprun.header import Header, Species

_GGA: Final = {
    "PE": "PBE",
    "PS": "PBEsol",
    "RE": "revPBE",
    "RP": "RPBE",
    "AM": "AM05",
    "91": "PW91",
    "CA": "LDA",
    "PZ": "LDA",
    "OR": "optPBE",
    "BO": "optB88",
    "MK": "optB86b",
}

#: First word of a POTCAR's title, where GGA is not set.
_POTCAR: Final = {"PAW_PBE": "PBE", "PAW_GGA": "PW91", "PAW": "LDA", "PAW_LDA": "LDA"}

_METAGGA: Final = {"SCAN": "SCAN", "R2SCAN": "r2SCAN", "RSCAN": "rSCAN", "MBJ": "mBJ"}

_DISPERSION: Final = {
    1: "D2",
    10: "D2",
    11: "D3",
    12: "D3(BJ)",
    13: "D4",
    2: "TS",
    20: "TS",
    21: "TS(Hirshfeld-iterative)",
    202: "MBD",
    263: "MBD(non-local)",
    3: "D4",
    4: "dDsC",
}

_HSE06_SCREENING: Final = 0.2
_HSE03_SCREENING: Final = 0.3
_QUARTER: Final = 0.25
_SAME: Final = 1e-6
_NEAR_HSE06: Final = 0.01
_DUDAREV: Final = 2


@dataclass(frozen=True)
class VaspSettings:
    """The fields of a fingerprint, as VASP's file gives them.

    ``as_fields`` are the keyword arguments of ``documents.calculation.Fingerprint``.
    """

    version: str
    functional: str
    u_values_ev: dict[str, float]
    pseudopotentials: dict[str, str]
    cutoff_ev: float | None
    k_spacing_per_angstrom: float | None
    dispersion: str
    spin_polarized: bool
    notes: tuple[str, ...] = field(default=())

    def as_fields(self) -> dict[str, Any]:
        """Return the keyword arguments of a Fingerprint."""
        return {
            "engine": "vasp",
            "engine_version": self.version,
            "functional": self.functional,
            "u_values_ev": self.u_values_ev,
            "pseudopotentials": self.pseudopotentials,
            "cutoff_ev": self.cutoff_ev,
            "k_spacing_per_angstrom": self.k_spacing_per_angstrom,
            "dispersion": self.dispersion,
        }


def vasp_settings(header: Header) -> VaspSettings:
    """Derive the settings from what VASP used; INCAR only where it says more."""
    notes: list[str] = []
    u_values = _hubbard(header, notes)
    functional = _functional(header)
    if any(u_values.values()):
        kind = _first(_setting(header, "LDAUTYPE"), _DUDAREV)
        functional += "+U" if kind == _DUDAREV else f"+U(LDAUTYPE={kind})"
    return VaspSettings(
        version=header.version,
        functional=functional,
        u_values_ev=u_values,
        pseudopotentials=_by_element(
            header.species, [kind.title for kind in header.species], notes, "POTCARs"
        ),
        cutoff_ev=_number(_setting(header, "ENMAX", "ENCUT")),
        k_spacing_per_angstrom=_k_spacing(header, notes),
        dispersion=_dispersion(header),
        spin_polarized=_setting(header, "ISPIN") == 2,  # noqa: PLR2004
        notes=tuple(notes),
    )


def _setting(header: Header, *names: str) -> Value | None:
    """Return the value used, under the first name that is there."""
    for source in (header.parameters, header.incar):
        for name in names:
            if name in source:
                return source[name]
    return None


def _asked(header: Header, name: str) -> Value | None:
    """Return what INCAR asks for, or else the value used."""
    return header.incar.get(name, header.parameters.get(name))


def _number(value: Value | None) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _first(value: Value | None, default: int) -> int:
    if isinstance(value, list):
        value = value[0] if value else None
    return value if isinstance(value, int) else default


def _word(value: Value | None) -> str:
    """Return a string setting without what follows it in INCAR; '' for VASP's '--'."""
    words = re.split(r"[\s!#]+", str(value or "").strip())
    return "" if words[0] in {"--", "None", "none"} else words[0].upper()


def _functional(header: Header) -> str:
    titles = {kind.title.split()[0] for kind in header.species if kind.title.split()}
    potcar = {_POTCAR.get(title, title) for title in titles}
    base = _word(_setting(header, "GGA")) or _word(header.incar.get("GGA"))
    name = _GGA.get(base, base) if base else "/".join(sorted(potcar)) or "unknown"
    meta = _word(_asked(header, "METAGGA"))
    if meta:
        name = _METAGGA.get(meta, meta)
    if _setting(header, "LHFCALC") is True:
        name = _hybrid(header, name)
    return name


def _hybrid(header: Header, base: str) -> str:
    exchange = _number(_setting(header, "AEXX"))
    screening = abs(_number(_setting(header, "HFSCREEN")) or 0.0)
    if exchange is None or abs(exchange - 1.0) < _SAME:
        return "HF" if not screening else f"HF(HFSCREEN={screening:g})"
    quarter = abs(exchange - _QUARTER) < _SAME
    if base == "PBE" and quarter:
        names = {0.0: "PBE0", _HSE06_SCREENING: "HSE06", _HSE03_SCREENING: "HSE03"}
        for value, name in names.items():
            if abs(screening - value) < _SAME:
                return name
        if abs(screening - _HSE06_SCREENING) < _NEAR_HSE06:  # 0.207 is common, and not the same
            return f"HSE06(HFSCREEN={screening:g})"
    return f"hybrid({base}, AEXX={exchange:g}, HFSCREEN={screening:g})"


def _hubbard(header: Header, notes: list[str]) -> dict[str, float]:
    """Return U by element: U - J where only that matters (Dudarev), U otherwise."""
    if _asked(header, "LDAU") is not True:
        return {}
    u, j = (_numbers(_asked(header, name)) for name in ("LDAUU", "LDAUJ"))
    n = len(header.species)
    if len(u) != n:
        if any(u):
            notes.append(f"LDAUU has {len(u)} values for {n} kinds of atoms: U unknown")
            return {"?": u[0]}
        return {}
    if len(j) != n:
        j = [0.0] * n
    if _first(_asked(header, "LDAUTYPE"), _DUDAREV) != _DUDAREV:
        if any(j):
            notes.append(f"J of {j} eV beside U")
        j = [0.0] * n
    found = _by_element(
        header.species, [a - b for a, b in zip(u, j, strict=True)], notes, "U values"
    )
    return {element: value for element, value in found.items() if value}


def _numbers(value: Value | None) -> list[float]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [float(item) for item in values if isinstance(item, int | float)]


def _by_element(
    species: Sequence[Species], values: Sequence[Any], notes: list[str], what: str
) -> dict[str, Any]:
    """Return values by element, with a number behind the symbol where two kinds differ."""
    found: dict[str, Any] = {}
    for number, (kind, value) in enumerate(zip(species, values, strict=True), start=1):
        if found.setdefault(kind.element, value) != value:
            found[f"{kind.element}({number})"] = value
            notes.append(f"two {what} for {kind.element}")
    return found


def _dispersion(header: Header) -> str:
    found = []
    if _setting(header, "LUSE_VDW") is True:
        found.append("non-local vdW-DF")
    number = _asked(header, "IVDW")
    if isinstance(number, int) and number:
        found.append(_DISPERSION.get(number, f"IVDW={number}"))
    elif header.incar.get("LVDW") is True:
        found.append("D2")
    return " + ".join(found)


def _k_spacing(header: Header, notes: list[str]) -> float | None:
    """Return the largest distance of neighbouring k-points, 1/angstrom, 2 pi counted."""
    divisions, crystal = header.kpoints.divisions, header.initial
    if crystal is None:
        return None
    reciprocal = 2 * np.pi * np.linalg.inv(crystal.lattice_angstrom).T
    if divisions is None or header.kpoints.style.lower().startswith("list"):
        if len(header.kpoints.points) != 1:
            notes.append("k-points are a list, not a grid: no spacing")
            return None
        divisions = (1, 1, 1)
    lengths = np.linalg.norm(reciprocal, axis=1) / divisions
    return float(lengths.max())


def smearing_of(parameters: Mapping[str, Value]) -> int:
    """Return ISMEAR, VASP's default if it is not there."""
    value = parameters.get("ISMEAR", 1)
    return value if isinstance(value, int) else 1
