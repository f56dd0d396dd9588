"""What only OUTCAR has: moments of atoms, the wall time, the vacuum and the core levels."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.standin_mark import is_marked
from llo_dft.engines.vasp.files.vasprun.stream import ByteStream

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

_SUMS: Final = re.compile(rf"tot((?:\s+{_NUMBER})+)\s*$".encode())

#: Rounding of one printed moment, Bohr magnetons.
_ROUNDING: Final = 5.1e-4

#: Lines in which a stand-in for VASP says what it is.
_HEAD_LINES: Final = 5

#: What stands above each table of atoms. A table under another heading has a damaged one: its
#: numbers would be missed, and those of an earlier step be taken for the last.
_HEADING: Final = re.compile(rb"total charge|magnetization \([xyz]\)|orbital moment +\([xyz]\)")
_TABLE: Final = b"# of ion"
_CHARGES: Final = b"total charge"

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
        Moment of each atom within its sphere at the last step, Bohr magnetons; None for
        non-collinear spins, whose moments have no one axis.
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
    tables = _Tables(path)
    with ByteStream(path) as stream:
        lines = stream.lines("OUTCAR")
        for number, line in enumerate(lines):
            if number < _HEAD_LINES and is_marked(line):
                found["mock"] = True
            tables.see(line)
            if b"magnetization (x)" in line:
                found["moments_mu_b"] = _moments(path, lines)
            elif b"the core state eigenenergies are" in line:
                found["core_levels_ev"] = _core_levels(path, lines)
            elif (vacuum := _VACUUM.search(line)) is not None:
                found["vacuum_levels_ev"] = (float(vacuum[1]), float(vacuum[2]))
            elif (wall := _WALL.search(line)) is not None:
                found["wall_s"] = float(wall[1])
    if not tables.moments_are_of_the_last_step():
        found["moments_mu_b"] = None
    return Outcar(**found)  # type: ignore[arg-type]


class _Tables:
    """Keeps track of the tables of atoms, so that none is missed and an earlier taken for it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._above = b""  # the last line that was not blank
        self._moments = self._later_charges = False
        self._collinear = True

    def see(self, line: bytes) -> None:
        """Look at a line outside of the tables of moments.

        Raises
        ------
        VaspFileError
            If a table has no heading that VASP writes.
        """
        if line.lstrip().startswith(_TABLE):
            heading = _HEADING.search(self._above)
            if heading is None:
                what = f"a table of atoms under {self._above.decode('latin-1').strip()!r}"
                raise VaspFileError(self._path, "corrupt", what, "# of ion")
            self._later_charges |= heading[0] == _CHARGES
        elif b"magnetization (x)" in line:
            self._moments, self._later_charges = True, False
        elif b"magnetization (y)" in line:
            self._collinear = False
        if line.strip():
            self._above = line

    def moments_are_of_the_last_step(self) -> bool:
        """Tell whether there are moments along one axis.

        Raises
        ------
        VaspFileError
            If the last step has a table of charges and none of moments.
        """
        if self._moments and self._later_charges:
            what = "the last step has charges of the atoms and no moments"
            raise VaspFileError(self._path, "truncated", what, "total charge")
        return self._moments and self._collinear


def _moments(path: Path, lines: Iterator[bytes]) -> tuple[float, ...]:
    """Read the table of moments; the last column is the sum over orbitals.

    The line below the table has the sums over atoms, unless there is a single one.
    """
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
                if _adds_up(next(lines, b""), moments):
                    return tuple(moments)
                break
        elif not text and rules == 1 and len(moments) == 1 and next(lines, None) is not None:
            return tuple(moments)  # a single atom has no line of sums
        elif text and not text.startswith(b"#"):
            break
    what = f"the table of moments breaks off, or does not add up, after atom {len(moments)}"
    raise VaspFileError(path, "corrupt", what, "magnetization (x)")


def _adds_up(line: bytes, moments: list[float]) -> bool:
    """Tell whether a line is that of the sums over atoms, and its last one right."""
    sums = _SUMS.match(line)
    if sums is None:
        return False
    return abs(float(sums[1].split()[-1]) - sum(moments)) <= _ROUNDING * (len(moments) + 1)


def _core_levels(path: Path, lines: Iterator[bytes]) -> tuple[dict[str, float], ...]:
    """Read the table of core states: an atom begins with its number, and may take several lines.

    Only a full line goes on in the next one, no state comes twice, and all are bound.
    """
    atoms: list[dict[str, float]] = []
    before_more: list[int] = []  # states in each line that goes on in the next
    full = last = 0
    what = "the table breaks off"
    for line in lines:
        atom = _CORE_ATOM.match(line)
        levels = {name.decode(): float(value) for name, value in _CORE_LEVEL.findall(line)}
        if atom is None and not levels and (atoms or line.strip()):
            if all(count == full for count in before_more):
                return tuple(atoms)
            what = "a line that is not full goes on in the next"
            break
        if atom is not None:
            if int(atom[1]) != len(atoms) + 1:
                what = f"atom {int(atom[1])} follows atom {len(atoms)}"
                break
            atoms.append({})
        elif atoms and levels:
            before_more.append(last)
        if atoms:
            last = len(levels)
            full = max(full, last)
            if atoms[-1].keys() & levels.keys() or max(levels.values(), default=0.0) > 0.0:
                what = f"states of atom {len(atoms)} that can't be"
                break
            atoms[-1].update(levels)
    raise VaspFileError(path, "corrupt", what, "core state eigenenergies")
