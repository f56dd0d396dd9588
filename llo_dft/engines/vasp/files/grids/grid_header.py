"""What stands before the numbers of a grid file: title, cell, atoms and the grid's shape."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.standin_mark import is_marked

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core.structure import Structure

    from llo_dft.engines.vasp.files.grids.source import Place, Source
    from llo_dft.typing import FloatArray

_SYMBOLS: Final = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb "
    "Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm "
    "Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
)
#: Symbols in the order of the periodic table; the place is the atomic number less one.
ELEMENTS: Final = tuple(_SYMBOLS.split())

#: Largest numbers of atoms and of points along an axis that are taken for true.
MAX_ATOMS: Final = 1_000_000
MAX_POINTS_PER_AXIS: Final = 99_999

#: Largest scale of a cell, or, if negative, volume in cubic angstrom.
MAX_SCALE: Final = 1e6

#: Three vectors that fill less of the box with their lengths lie in a plane.
MIN_VOLUME_OF_BOX: Final = 1e-6

#: Numbers of a cell or of coordinates that a program wrote have at least so many decimals,
#: the same in all of them; only what a person typed varies.
MIN_PROGRAM_DECIMALS: Final = 4

#: Characters of a lattice vector and of an atom's coordinates as VASP writes them.
VASP_WIDTHS: Final = frozenset((37, 30))

_NUMBER: Final = re.compile(rb"-?\d+\.(\d+)(?:[Ee][+-]?\d{1,3})?")
_TYPED: Final = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d{1,3})?")
_COUNTS: Final = re.compile(rb"\s*\d+(\s+\d+)*\s*")
_SYMBOL: Final = re.compile(r"([A-Z][a-z]?)(?:_\w+)?(?:/[0-9a-fA-F]*)?")
_SHAPE: Final = re.compile(rb"\s*(\d+)\s+(\d+)\s+(\d+)\s*")
_FLAGS: Final = frozenset((b"T", b"F"))


@dataclass(frozen=True)
class GridHeader:
    """The cell, its atoms and the shape of the grid.

    Attributes
    ----------
    path
        The file.
    title
        First line of the file.
    lattice_angstrom
        Lattice vectors as rows, angstrom, shape (3, 3).
    species
        Element of each atom.
    fractional
        Fractional coordinates as they stand in the file, shape (n_atoms, 3).
    shape
        Points of the grid along the three vectors.
    notes
        Where the file leaves VASP's own layout.
    """

    path: Path
    title: str
    lattice_angstrom: FloatArray
    species: tuple[str, ...]
    fractional: FloatArray
    shape: tuple[int, int, int]
    notes: tuple[str, ...] = field(default=())

    @property
    def mock(self) -> bool:
        """Whether a stand-in for VASP wrote the file: its numbers are no results."""
        return is_marked(self.title)

    @property
    def volume_a3(self) -> float:
        """Volume of the cell, cubic angstrom."""
        return float(abs(np.linalg.det(self.lattice_angstrom)))

    @property
    def n_points(self) -> int:
        """Number of points of the grid."""
        return self.shape[0] * self.shape[1] * self.shape[2]

    def structure(self) -> Structure:
        """Return the atoms as a pymatgen Structure (pymatgen is imported only here)."""
        from pymatgen.core.structure import Structure  # noqa: PLC0415 (0.3 s of CPU)

        return Structure(self.lattice_angstrom, list(self.species), self.fractional)


def read_header(source: Source) -> GridHeader:
    """Read from the file's start to the line with the grid's shape.

    Raises
    ------
    VolumetricError
        If any line is not what the format has there.
    """
    notes: list[str] = []
    title = _line(source, "a title").decode("utf-8", errors="replace").strip()
    lattice, scale = _read_lattice(source, notes)
    species = _read_species(source)
    fractional = _read_coordinates(source, lattice, scale, len(species), notes)
    place = source.place
    if _line(source, "a blank line").strip():
        raise source.error("expected a blank line after the coordinates", place)
    shape = read_shape(source)
    return GridHeader(source.path, title, lattice, species, fractional, shape, tuple(notes))


def read_shape(source: Source) -> tuple[int, int, int]:
    """Read the line with the numbers of points along the three vectors.

    Raises
    ------
    VolumetricError
        If it isn't three numbers from 1 to ``MAX_POINTS_PER_AXIS``.
    """
    place = source.place
    line = _line(source, "the grid's shape")
    shape = parse_shape(line)
    if shape is None or not all(1 <= n <= MAX_POINTS_PER_AXIS for n in shape):
        raise source.error(
            f"expected the grid's shape, three whole numbers, got {line[:60]!r}", place
        )
    return shape


def parse_shape(line: bytes) -> tuple[int, int, int] | None:
    """Return the three numbers of a shape line, or None if it is another kind of line."""
    match = _SHAPE.fullmatch(line)
    if match is None:
        return None
    return int(match[1]), int(match[2]), int(match[3])


def _line(source: Source, what: str) -> bytes:
    line = source.read_line()
    if line is None:
        raise source.error(f"the file is truncated: expected {what}")
    return line


@dataclass(frozen=True)
class _Row:
    """One line of numbers."""

    place: Place
    width: int
    words: list[bytes]


def _read_numbers(
    source: Source, count: int, n_lines: int, what: str, notes: list[str]
) -> FloatArray:
    """Read lines of ``count`` numbers each (and flags T or F), shape (n_lines, count)."""
    rows: list[_Row] = []
    for _ in range(n_lines):
        place = source.place
        line = _line(source, what)
        words = line.split()
        numbers, flags = words[:count], words[count:]
        if (
            len(numbers) < count
            or not _FLAGS.issuperset(flags)
            or not all(_TYPED.fullmatch(word) for word in numbers)
        ):
            raise source.error(f"expected {what}: {count} finite numbers", place)
        rows.append(_Row(place, len(line.rstrip()), numbers))
    _check_alike(source, rows, what, notes)
    return np.array([[float(word) for word in row.words] for row in rows], dtype=np.float64)


def _check_alike(source: Source, rows: list[_Row], what: str, notes: list[str]) -> None:
    """Refuse a number that doesn't look like most of its block, if a program wrote it."""
    matches = [[_NUMBER.fullmatch(word) for word in row.words] for row in rows]
    found = Counter(len(m[1]) for row in matches for m in row if m is not None)
    decimals = found.most_common(1)[0][0] if found else 0
    if decimals < MIN_PROGRAM_DECIMALS:
        notes.append(f"{what}: numbers are not in VASP's layout, read as they stand")
        return
    width, count = Counter(row.width for row in rows).most_common(1)[0]
    in_columns = width in VASP_WIDTHS and 2 * count > len(rows)
    for row, matched in zip(rows, matches, strict=True):
        for word, match in zip(row.words, matched, strict=True):
            if match is None or len(match[1]) != decimals:
                raise source.error(
                    f"{what}: {word!r} doesn't have the {decimals} decimals of its like", row.place
                )
        if in_columns and row.width != width:
            raise source.error(
                f"{what}: the line has {row.width} characters, the others {width}", row.place
            )


def _read_lattice(source: Source, notes: list[str]) -> tuple[FloatArray, float]:
    """Return the lattice vectors in angstrom, and the scale that they were multiplied by."""
    place = source.place
    scale = float(_read_numbers(source, 1, 1, "the scale of the cell", [])[0, 0])
    if not 0.0 < abs(scale) < MAX_SCALE:
        raise source.error(f"the scale of the cell can't be {scale:g}", place)
    vectors = _read_numbers(source, 3, 3, "a lattice vector", notes)
    volume = float(abs(np.linalg.det(vectors)))
    box = float(np.prod(np.linalg.norm(vectors, axis=1)))
    if not np.isfinite(box) or volume <= MIN_VOLUME_OF_BOX * box:
        raise source.error("the lattice vectors span no volume")
    factor = scale if scale > 0 else float((-scale / volume) ** (1 / 3))
    return vectors * factor, factor


def _read_species(source: Source) -> tuple[str, ...]:
    place = source.place
    line = _line(source, "the elements")
    if _COUNTS.fullmatch(line):
        raise source.error(
            "there is no line of elements above the numbers of atoms (VASP 4); add it", place
        )
    symbols = [_SYMBOL.fullmatch(word) for word in line.decode("latin-1").split()]
    names = [match[1] for match in symbols if match is not None and match[1] in ELEMENTS]
    if not symbols or len(names) != len(symbols):
        raise source.error(f"expected the symbols of elements, got {line[:60]!r}", place)
    place = source.place
    line = _line(source, "the numbers of atoms")
    counts = [int(word) for word in line.split()] if _COUNTS.fullmatch(line) else []
    if len(counts) != len(names) or 0 in counts or sum(counts) > MAX_ATOMS:
        raise source.error(f"expected {len(names)} numbers of atoms, got {line[:60]!r}", place)
    return tuple(name for name, n in zip(names, counts, strict=True) for _ in range(n))


def _read_coordinates(
    source: Source, lattice: FloatArray, scale: float, n_atoms: int, notes: list[str]
) -> FloatArray:
    """Return fractional coordinates, shape (n_atoms, 3)."""
    place = source.place
    word = _line(source, "Direct or Cartesian").strip().lower()
    if word in {b"selective", b"selective dynamics"}:
        place = source.place
        word = _line(source, "Direct or Cartesian").strip().lower()
    if word not in {b"direct", b"cartesian"}:
        raise source.error(f"expected 'Direct' or 'Cartesian', got {word[:60]!r}", place)
    numbers = _read_numbers(source, 3, n_atoms, "an atom's coordinates", notes)
    if word == b"cartesian":
        notes.append("the atoms' coordinates are Cartesian")
        return np.asarray(np.linalg.solve(lattice.T, scale * numbers.T).T, dtype=np.float64)
    return numbers
