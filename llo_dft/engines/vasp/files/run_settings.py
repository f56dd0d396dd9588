"""Every setting of a finished VASP run that decides its energy."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from llo_dft.documents.calculation import Fingerprint
from llo_dft.engines.vasp.energy_tags import deciding_tags
from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.run_folder import find_beside, find_outcar
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
    -1: "of a kind that OUTCAR does not name",
    1: "D2",
    10: "D2",
    11: "D3",
    12: "D3(BJ)",
    13: "D4",
    15: "D3(simple-dftd3)",
    2: "TS",
    20: "TS",
    21: "TS(Hirshfeld-iterative)",
    202: "MBD",
    263: "MBD(non-local)",
    3: "DFT-ulg",
    4: "dDsC",
}

_HSE06_SCREENING: Final = 0.2
_SCREENED: Final = {0.0: "PBE0", _HSE06_SCREENING: "HSE06", 0.3: "HSE03"}
_QUARTER: Final = 0.25
_SAME: Final = 1e-6
_NEAR_HSE06: Final = 0.01
_DUDAREV: Final = 2
_D_SHELL: Final = 2


def run_fingerprint(header: Header, file: Path) -> tuple[Fingerprint, list[str]]:
    """Return every setting of a run that decides its energy, and what a reader should know of them.

    What VASP 5 keeps out of the run's file is read from the OUTCAR and INCAR beside it.

    Raises ``VaspFileError`` if that OUTCAR can't be read.
    """
    notes: list[str] = []
    header = with_hidden_dispersion(header, file, notes)
    u_values, j_values, shells = _hubbard(header, notes)
    functional = _functional(header)
    if any(u_values.values()):
        kind = _first(_setting(header, "LDAUTYPE"), _DUDAREV)
        functional += "+U" if kind == _DUDAREV else f"+U(LDAUTYPE={kind})"
    tags = deciding_tags(header.incar, header.parameters)
    titles = [kind.title for kind in header.species]
    spins = _setting(header, "ISPIN") == 2  # noqa: PLR2004 (spins)
    return Fingerprint(
        engine="vasp",
        engine_version=header.version,
        functional=functional,
        u_values_ev=u_values,
        j_values_ev=j_values,
        u_shells=shells,
        pseudopotentials=_by_element(header.species, titles, notes, "POTCARs"),
        cutoff_ev=_number(_setting(header, "ENMAX", "ENCUT")),
        k_spacing_per_angstrom=_k_spacing(header, notes),
        dispersion=_dispersion(header),
        spin_polarized=None if _setting(header, "LNONCOLLINEAR") is True else spins,
        settings=tags["refused"],
        own_settings=tags["own"],
        other_settings=tags["named"],
    ), notes


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
    if base == "PBE" and abs(exchange - _QUARTER) < _SAME:
        for value, name in _SCREENED.items():
            if abs(screening - value) < _SAME:
                return name
        if abs(screening - _HSE06_SCREENING) < _NEAR_HSE06:  # 0.207 is common, and not the same
            return f"HSE06(HFSCREEN={screening:g})"
    return f"hybrid({base}, AEXX={exchange:g}, HFSCREEN={screening:g})"


def _hubbard(
    header: Header, notes: list[str]
) -> tuple[dict[str, float], dict[str, float], dict[str, int]]:
    """Return U, J and l by element: U - J and no J where only that matters (Dudarev)."""
    if _asked(header, "LDAU") is not True:
        return {}, {}, {}
    u, j, shells = (_numbers(_asked(header, name)) for name in ("LDAUU", "LDAUJ", "LDAUL"))
    n = len(header.species)
    if len(u) != n:
        if any(u):
            notes.append(f"LDAUU has {len(u)} values for {n} kinds of atoms: U unknown")
            return {"?": u[0]}, {}, {}
        return {}, {}, {}
    if len(j) != n:
        j = [0.0] * n
    if _first(_asked(header, "LDAUTYPE"), _DUDAREV) == _DUDAREV:
        u, j = [a - b for a, b in zip(u, j, strict=True)], [0.0] * n
    acts = [bool(a or b) for a, b in zip(u, j, strict=True)]
    if len(shells) != n:
        shells = [_D_SHELL] * n
    of_u = [int(m) if on else -1 for m, on in zip(shells, acts, strict=True)]
    named = [
        _by_element(header.species, values, notes, name)
        for name, values in (("U values", u), ("J values", j), ("shells of U", of_u))
    ]
    return (
        {element: value for element, value in named[0].items() if value},
        {element: value for element, value in named[1].items() if value},
        {element: value for element, value in named[2].items() if value >= 0},
    )


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
    elif _asked(header, "LVDW") is True:
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


#: In OUTCAR after the electrons of each ionic step, before the energy of the step.
_KIND: Final = re.compile(rb"\s*IVDW\s*=\s*(\d+)")
_ENERGY: Final = re.compile(rb"\s*Edisp \(eV\)")
_END_OF_STEP: Final = b"FREE ENERGIE OF THE ION-ELECTRON SYSTEM"

#: In INCAR.
_TAG: Final = re.compile(
    rb"(?:^|;)[ \t]*(IVDW|VDW_\w+|LVDW\w*)[ \t]*=[ \t]*([^\s;#!]+)", re.IGNORECASE | re.MULTILINE
)

#: An energy of dispersion whose kind OUTCAR does not tell.
_NAMELESS: Final = -1


def with_hidden_dispersion(header: Header, file: Path, notes: list[str]) -> Header:
    """Return a header with the tags of a dispersion correction that the run's file lacks.

    <incar> has none of its parameters, and of VASP 5 (seen in files of 5.4.4) not even IVDW. Adds a
    note if there is nothing beside a file of VASP 5 to read it from.

    Raises ``VaspFileError`` if the OUTCAR beside it can't be read.
    """
    old = header.version.startswith("5")
    if not old and not header.incar.get("IVDW"):
        return header
    incar = find_beside(file, "INCAR")
    found: dict[str, Value] = {}
    if incar is not None:
        with ByteStream(incar) as stream:
            found |= _asked_for(stream.rest("INCAR"))
    if not old or "IVDW" in header.incar:
        return replace(header, incar=found | header.incar)
    outcar = find_outcar(file)
    if outcar is not None:
        with ByteStream(outcar) as stream:
            used = _used(stream.lines("OUTCAR"))
        if used != _NAMELESS or not (found.get("IVDW") or found.get("LVDW")):
            found |= {"IVDW": used} if used else {}
    if outcar is None and incar is None:
        what = "VASP 5 writes a dispersion correction only into OUTCAR, and none is beside it"
        notes.append(f"{what}: whether there was one is not known")
    return replace(header, incar=header.incar | found)


def _asked_for(text: bytes) -> dict[str, Value]:
    """Return the tags of dispersion in an INCAR."""
    found: dict[str, Value] = {}
    for name, given in _TAG.findall(text):
        word = given.decode("latin-1")
        try:
            number = float(word)
        except ValueError:
            found[name.decode().upper()] = word.strip(".").upper().startswith("T") or word
        else:
            found[name.decode().upper()] = int(number) if number.is_integer() else number
    return found


def _used(lines: Iterable[bytes]) -> int:
    """Return the kind of correction of the first ionic step in an OUTCAR; 0 if it has none."""
    kind = 0
    for line in lines:
        if (told := _KIND.match(line)) is not None:
            kind = int(told[1])
        elif _ENERGY.match(line):
            return kind or _NAMELESS
        elif _END_OF_STEP in line:
            break
    return kind
