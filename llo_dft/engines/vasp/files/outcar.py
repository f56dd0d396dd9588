"""What only OUTCAR has: moments, the wall time, vacuum and core levels, VASP's own word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.file_errors import VaspFileError, is_marked

_NUMBER: Final = rb"-?\d+\.\d+"
#: What a line holds that is looked at.
_TELLING: Final = re.compile(
    rb"magnetization \(|total charge|core state|Iteration|EDIFF|required acc|TOTEN|vacuum l|Elapsed"
)
_WALL: Final = re.compile(rb"Elapsed time \(sec\):\s*(" + _NUMBER + rb")\s*$")
_VACUUM: Final = re.compile(
    rb"vacuum level on the upper side and lower side of the slab\s+("
    + _NUMBER
    + rb")\s+("
    + _NUMBER
    + rb")\s*$"
)
_ENERGY: Final = re.compile(rb"free  energy   TOTEN  =\s*(" + _NUMBER + rb") eV")
_ROW: Final = re.compile(rb"\s*(\d+)\s((?:\s*" + _NUMBER + rb")+)\s*$")
_SUMS: Final = re.compile(rb"tot((?:\s*" + _NUMBER + rb")+)\s*$")

#: Rounding of one printed moment, Bohr magnetons.
_ROUNDING: Final = 5.1e-4

#: Lines in which a stand-in for VASP says what it is.
_HEAD_LINES: Final = 5

_CORE_ATOM: Final = re.compile(rb"\s*(\d+)-\s+")
_CORE_LEVEL: Final = re.compile(rb"(\d[spdf])\s+(" + _NUMBER + rb")(?=\s|$)")


@dataclass(frozen=True)
class Outcar:
    """Attributes are None, or empty, where OUTCAR does not have them."""

    wall_s: float | None = None
    """Wall time, s, there only if VASP ended by itself."""
    moments_mu_b: tuple[float, ...] | None = None
    """Moment of each atom within its sphere at the last step, Bohr magnetons; None for
    non-collinear spins, whose moments have no one axis."""
    vacuum_levels_ev: tuple[float, float] | None = None
    """On the upper and lower side of a slab (LVACPOTAV), on VASP's own zero."""
    core_levels_ev: tuple[dict[str, float], ...] = field(default=())
    """For each atom, its core states (ICORELEVEL), on VASP's own zero: {'1s': -514.2}."""
    free_energy_ev: float | None = None
    """Of the last ionic step."""
    electrons_converged: bool | None = None
    """Whether VASP says of the last electronic loop that EDIFF is reached."""
    ions_converged: bool = False
    """Whether VASP says of the relaxation that it reached the required accuracy."""
    mock: bool = False
    """Whether a stand-in for VASP wrote the file: its numbers are no results."""


def read_outcar(path: Path) -> Outcar:
    """Read an OUTCAR, plain or compressed, in one pass; of what repeats, the last counts.

    Raises ``VaspFileError`` if it can't be read, or a table in it is cut off or does not add up.
    """
    found: dict[str, object] = {}
    axes, later_charges = set(), False
    with ByteStream(path) as stream:
        lines = stream.lines("OUTCAR")
        for number, line in enumerate(lines):
            if number < _HEAD_LINES and is_marked(line):
                found["mock"] = True
            if _TELLING.search(line) is None:
                continue
            if b"magnetization (" in line:
                axes.add(line.split(b"(")[1][:1])
                if b"(x)" in line:
                    found["moments_mu_b"] = _moments(path, lines)
                    later_charges = False
            elif b"total charge" in line and line.strip() == b"total charge":
                later_charges = True
            elif b"the core state eigenenergies are" in line:
                found["core_levels_ev"] = _core_levels(path, lines)
            else:
                _single(line, found)
    if later_charges and "moments_mu_b" in found:
        what = "the last step has charges of the atoms and no moments"
        raise VaspFileError(path, "truncated", what, "total charge")
    if len(axes) > 1:
        found["moments_mu_b"] = None
    return Outcar(**found)  # type: ignore[arg-type]


def _single(line: bytes, found: dict[str, object]) -> None:
    """Keep what stands alone in a line."""
    if b"Iteration" in line and b"(   1)" in line:
        found["electrons_converged"] = None
    elif b"EDIFF was not reached" in line:
        found["electrons_converged"] = False
    elif b"EDIFF is reached" in line:
        found["electrons_converged"] = True
    elif b"reached required accuracy" in line:
        found["ions_converged"] = True
    elif (energy := _ENERGY.search(line)) is not None:
        found["free_energy_ev"] = float(energy[1])
    elif (vacuum := _VACUUM.search(line)) is not None:
        found["vacuum_levels_ev"] = (float(vacuum[1]), float(vacuum[2]))
    elif (wall := _WALL.search(line)) is not None:
        found["wall_s"] = float(wall[1])


def _moments(path: Path, lines: Iterator[bytes]) -> tuple[float, ...]:
    """Read the table of moments; the last column is the sum over orbitals.

    The line below the table has the sums over atoms, unless there is a single one.
    """
    moments: list[float] = []
    rules = 0
    for line in lines:
        text, row = line.strip(), _ROW.match(line)
        if row is not None and rules == 1 and int(row[1]) == len(moments) + 1:
            moments.append(_last_number(row[2]))
        elif text.startswith(b"---"):
            rules += 1
        elif rules == 1 and not text and len(moments) == 1:
            return tuple(moments)
        elif rules == 2 and (sums := _SUMS.match(text)) is not None:  # noqa: PLR2004 (one above the atoms, one below)
            if abs(_last_number(sums[1]) - sum(moments)) <= _ROUNDING * (len(moments) + 1):
                return tuple(moments)
            break
        elif rules and text:
            break
    what = f"the table of moments breaks off, or does not add up, after atom {len(moments)}"
    raise VaspFileError(path, "corrupt", what, "magnetization (x)")


def _last_number(text: bytes) -> float:
    return float(re.findall(_NUMBER, text)[-1])  # numbers of four digits touch


def _core_levels(path: Path, lines: Iterator[bytes]) -> tuple[dict[str, float], ...]:
    """Read the table of core states: an atom begins with its number, and may take several lines."""
    atoms: list[dict[str, float]] = []
    for line in lines:
        atom = _CORE_ATOM.match(line)
        levels = {name.decode(): float(value) for name, value in _CORE_LEVEL.findall(line)}
        if atom is None and not levels:
            if atoms or line.strip():
                return tuple(atoms)
            continue
        if atom is not None:
            if int(atom[1]) != len(atoms) + 1:
                break
            atoms.append({})
        if not atoms or atoms[-1].keys() & levels.keys():
            break
        atoms[-1].update(levels)
    what = f"the table breaks off, or repeats itself, after atom {len(atoms)}"
    raise VaspFileError(path, "corrupt", what, "core state eigenenergies")
