"""POSCAR, and CONTCAR in its layout."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from llo_dft.testing.standin_vasp.stops import InputRefused
from llo_dft.testing.standin_vasp.writing.fortran import fixed, flag

if TYPE_CHECKING:
    from pathlib import Path

_SYMBOL = re.compile(r"([A-Z][a-z]?)(?:_\w+)?(?:/\w+)?")


@dataclass(frozen=True)
class PoscarCrystal:
    """A cell and its atoms.

    Attributes
    ----------
    comment
        First line of POSCAR.
    lattice
        One vector a row, angstrom, shape (3, 3).
    kinds
        Element and number of atoms of each block of POSCAR, in its order; an element that comes
        in two blocks is two kinds, and wants two POTCARs.
    fractional
        Shape (n_atoms, 3).
    movable
        Which coordinates may move, shape (n_atoms, 3); None without selective dynamics.
    """

    comment: str
    lattice: np.ndarray
    kinds: tuple[tuple[str, int], ...]
    fractional: np.ndarray
    movable: np.ndarray | None = None

    @property
    def symbols(self) -> list[str]:
        """Element of each atom."""
        return [symbol for symbol, count in self.kinds for _ in range(count)]

    @property
    def formula(self) -> str:
        """Elements with counts, in alphabetical order: 'Li4 Mn2 O6'."""
        return " ".join(f"{name}{len(list(same))}" for name, same in groupby(sorted(self.symbols)))

    @property
    def volume(self) -> float:
        """Cubic angstrom."""
        return float(np.linalg.det(self.lattice))

    @property
    def cartesian(self) -> np.ndarray:
        """Places of the atoms, angstrom, shape (n_atoms, 3)."""
        return np.asarray(self.fractional @ self.lattice)

    def moved(self, lattice: np.ndarray, fractional: np.ndarray) -> PoscarCrystal:
        """Return the same atoms elsewhere."""
        return replace(self, lattice=lattice, fractional=fractional)


def read_poscar(path: Path) -> PoscarCrystal:
    """Read a POSCAR of VASP 5 or later.

    Raises
    ------
    VaspStop
        If there is none, or it is no such file.
    """
    if not path.is_file():
        raise InputRefused("No POSCAR found, STOPPING")
    lines = path.read_text(encoding="latin-1").splitlines()
    try:
        crystal = _parse(lines)
    except (ValueError, IndexError) as error:
        raise InputRefused("Error reading POSCAR file.", str(error)) from error
    if crystal.volume < 0:
        raise InputRefused(
            "ERROR: the triple product of the basis vectors is negative exchange two basis vectors"
        )
    return crystal


def _parse(lines: list[str]) -> PoscarCrystal:
    scale = [float(word) for word in lines[1].split()[:3] if _is_number(word)]
    lattice = np.array([[float(word) for word in line.split()[:3]] for line in lines[2:5]])
    if len(scale) not in {1, 3} or lattice.shape != (3, 3):
        raise ValueError("three lattice vectors and their scale are expected")
    if scale[0] < 0:
        scale = [(-scale[0] / abs(np.linalg.det(lattice))) ** (1 / 3)]
    lattice = lattice * np.array(scale if len(scale) == 3 else 3 * scale)
    symbols = [_SYMBOL.fullmatch(word) for word in lines[5].split()]
    if not symbols or not all(symbols):
        raise ValueError("no line of elements above the numbers of atoms")
    counts = [int(word) for word in lines[6].split()[: len(symbols)]]
    if len(counts) != len(symbols) or min(counts) < 1:
        raise ValueError(f"{len(symbols)} elements and {len(counts)} numbers of atoms")
    at = 8 if lines[7].strip()[:1].upper() == "S" else 7
    cartesian = lines[at].strip()[:1].upper() in {"C", "K"}
    rows = [line.split() for line in lines[at + 1 : at + 1 + sum(counts)]]
    if len(rows) != sum(counts):
        raise ValueError(f"{len(rows)} positions of {sum(counts)} ions")
    places = np.array([[float(word) for word in row[:3]] for row in rows])
    if cartesian:
        places = (places * np.array(scale)) @ np.linalg.inv(lattice)
    kinds = [(match[1], n) for match, n in zip(symbols, counts, strict=True) if match]
    movable = np.array([_flags(row) for row in rows]) if at == 8 else None
    return PoscarCrystal(lines[0].strip(), lattice, tuple(kinds), places, movable)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _flags(row: list[str]) -> list[bool]:
    flags = [word.strip(".")[:1].upper() for word in row[3:6]]
    if len(flags) != 3 or not set(flags) <= {"T", "F"}:
        raise ValueError("three flags T or F are expected behind each position")
    return [word == "T" for word in flags]


def poscar_text(crystal: PoscarCrystal, comment: str) -> str:
    """Return a CONTCAR: sixteen decimals, places folded into the cell."""
    lines = [comment, "   1.00000000000000     "]
    lines += [" " + fixed(vector, 22, 16) for vector in crystal.lattice]
    lines += ["".join(f"{name:>5}" for name, _ in crystal.kinds)]
    lines += ["".join(f"{count:6d}" for _, count in crystal.kinds)]
    lines += ["Direct"] if crystal.movable is None else ["Selective dynamics", "Direct"]
    for index, place in enumerate(folded(crystal.fractional)):
        flags = "" if crystal.movable is None else "".join(map(_flag, crystal.movable[index]))
        lines.append(fixed(place, 20, 16) + flags)
    return "\n".join(lines) + "\n"


def folded(fractional: np.ndarray) -> np.ndarray:
    """Return places within the cell; what rounds to 1 stays below it."""
    places = fractional - np.floor(fractional)
    places[places >= 1.0] = 0.0
    return np.asarray(places)


def _flag(value: bool) -> str:  # noqa: FBT001 (it is the value to be written)
    return f"   {flag(value)}"
