"""What only OUTCAR has: moments of atoms, the wall time, the vacuum and the core levels."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from llo_dft.readers.standin_mark import is_marked
from llo_dft.readers.vasprun_errors import VaspFileError
from llo_dft.readers.vasprun_stream import ByteStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NUMBER: Final = r"-?\d+\.\d+"
_WALL: Final = re.compile(rf"Elapsed time \(sec\):\s*({_NUMBER})\s*$".encode())
_VACUUM: Final = re.compile(
    rb"vacuum level on the upper side and lower side of the slab"
    + rf"\s+({_NUMBER})\s+({_NUMBER})\s*$".encode()
)
_MOMENT: Final = re.compile(rf"\s*(\d+)((?:\s+{_NUMBER})+)\s*$".encode())

#: Rounding of one printed moment, Bohr magnetons.
_ROUNDING: Final = 5.1e-4

#: Lines in which a stand-in for VASP says what it is.
_HEAD_LINES: Final = 5

_CORE_ATOM: Final = re.compile(rb"\s*(\d+)-\s+")
_CORE_LEVEL: Final = re.compile(rf"(\d[spdf])\s+({_NUMBER})(?=\s|$)".encode())


@dataclass(frozen=True)
class Outcar:
    """Attributes are None, or empty, where OUTCAR does not have them.

    Attributes
    ----------
    wall_s
        Wall time, s; there only if VASP ended by itself.
    moments_mu_b
        Moment of each atom within its sphere at the last step, Bohr magnetons.
    vacuum_levels_ev
        On the upper and lower side of a slab (LVACPOTAV), on VASP's own zero.
    core_levels_ev
        For each atom, its core states (ICORELEVEL), on VASP's own zero: {'1s': -514.2}.
    mock
        Whether a stand-in for VASP wrote the file: its numbers are no results.
    """

    wall_s: float | None = None
    moments_mu_b: tuple[float, ...] | None = None
    vacuum_levels_ev: tuple[float, float] | None = None
    core_levels_ev: tuple[dict[str, float], ...] = field(default=())
    mock: bool = False


def read_outcar(path: Path) -> Outcar:
    """Read an OUTCAR, plain or compressed, in one pass; of what repeats, the last counts.

    Raises
    ------
    VaspFileError
        If it can't be read, or a table in it is cut off or damaged.
    """
    found: dict[str, object] = {}
    with ByteStream(path) as stream:
        lines = stream.lines("OUTCAR")
        for number, line in enumerate(lines):
            if number < _HEAD_LINES and is_marked(line):
                found["mock"] = True
            if b"magnetization (x)" in line:
                found["moments_mu_b"] = _moments(path, lines)
            elif b"the core state eigenenergies are" in line:
                found["core_levels_ev"] = _core_levels(path, lines)
            elif (vacuum := _VACUUM.search(line)) is not None:
                found["vacuum_levels_ev"] = (float(vacuum[1]), float(vacuum[2]))
            elif (wall := _WALL.search(line)) is not None:
                found["wall_s"] = float(wall[1])
    return Outcar(**found)  # type: ignore[arg-type]


def _moments(path: Path, lines: Iterator[bytes]) -> tuple[float, ...]:
    """Read the table of moments; the last column is the sum over orbitals."""
    moments: list[float] = []
    rules = 0
    for line in lines:
        text = line.strip()
        row = _MOMENT.match(line)
        if row is not None and rules == 1:
            if int(row[1]) != len(moments) + 1:
                break
            *orbitals, total = (float(token) for token in row[2].split())
            if orbitals and abs(sum(orbitals) - total) > _ROUNDING * (len(orbitals) + 1):
                break
            moments.append(total)
        elif text.startswith(b"---"):
            rules += 1
            if rules == 2:  # noqa: PLR2004 (one rule above the atoms, one below)
                return tuple(moments)
        elif not text and rules == 1 and len(moments) == 1 and next(lines, None) is not None:
            return tuple(moments)  # a single atom has no line of sums
        elif text and not text.startswith(b"#"):
            break
    what = f"the table of moments breaks off, or does not add up, after atom {len(moments)}"
    raise VaspFileError(path, "corrupt", what, "magnetization (x)")


def _core_levels(path: Path, lines: Iterator[bytes]) -> tuple[dict[str, float], ...]:
    atoms: list[dict[str, float]] = []
    for line in lines:
        atom = _CORE_ATOM.match(line)
        levels = _CORE_LEVEL.findall(line)
        if atom is not None:
            if int(atom[1]) != len(atoms) + 1:
                what = f"atom {int(atom[1])} follows atom {len(atoms)}"
                raise VaspFileError(path, "corrupt", what, "core state eigenenergies")
            atoms.append({})
        elif not levels and (atoms or line.strip()):
            break
        if atoms:
            atoms[-1].update({name.decode(): float(value) for name, value in levels})
    return tuple(atoms)
