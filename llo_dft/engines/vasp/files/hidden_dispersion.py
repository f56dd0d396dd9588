"""The dispersion correction of a run of VASP 5, which keeps it out of vasprun.xml."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.run_folder import find_beside, find_outcar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from llo_dft.engines.vasp.files.vasprun.elements import Value
    from llo_dft.engines.vasp.files.vasprun.header import Header

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

    Raises
    ------
    VaspFileError
        If the OUTCAR beside it can't be read.
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
