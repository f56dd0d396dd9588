"""What stands before the numbers of a grid file: title, cell, atoms and the grid's shape."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from ase.data import atomic_numbers

from llo_dft.engines.vasp.files.file_errors import Fault, VaspFileError, is_marked
from llo_dft.typing import FloatArray

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.engines.vasp.files.byte_stream import ByteStream

#: Largest numbers of atoms and of points along an axis that are taken for true.
MAX_ATOMS: Final = 1_000_000
MAX_POINTS_PER_AXIS: Final = 99_999

#: Three vectors that fill less of the box with their lengths lie in a plane.
MIN_VOLUME_OF_BOX: Final = 1e-6

_COUNTS: Final = re.compile(rb"\s*\d+(\s+\d+)*\s*")
_SYMBOL: Final = re.compile(r"([A-Z][a-z]?)(?:_\w+)?(?:/[0-9a-fA-F]*)?")
_SHAPE: Final = re.compile(rb"\s*(\d+)\s+(\d+)\s+(\d+)\s*")


@dataclass(frozen=True)
class GridHeader:
    """The cell, its atoms and the shape of the grid."""

    path: Path
    title: str
    """path, title: the file, and its first line."""
    lattice_angstrom: FloatArray
    """Lattice vectors as rows, angstrom, shape (3, 3)."""
    species: tuple[str, ...]
    """Element of each atom."""
    fractional: FloatArray
    """Fractional coordinates as they stand in the file, shape (n_atoms, 3)."""
    shape: tuple[int, int, int]
    """Points of the grid along the three vectors."""
    notes: tuple[str, ...] = field(default=())
    """What a reader of the file should know."""

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


def read_header(stream: ByteStream) -> GridHeader:
    """Read from the file's start to the line with the grid's shape.

    Raises ``VaspFileError`` if any line is not what the format has there.
    """
    notes: list[str] = []
    title = _line(stream, "a title").decode("utf-8", errors="replace").strip()
    scale = float(_numbers(stream, 1, "the scale of the cell")[0])
    vectors = np.array([_numbers(stream, 3, "a lattice vector") for _ in range(3)])
    volume = float(abs(np.linalg.det(vectors)))
    box = float(np.prod(np.linalg.norm(vectors, axis=1)))
    if not scale or volume <= MIN_VOLUME_OF_BOX * box:
        raise line_error(stream, "corrupt", "the lattice vectors span no volume")
    factor = scale if scale > 0 else float((-scale / volume) ** (1 / 3))  # negative: the volume
    lattice = vectors * factor
    species = _read_species(stream)
    kind = _line(stream, "Direct or Cartesian").strip().lower()
    if kind.startswith(b"s"):  # selective dynamics
        kind = _line(stream, "Direct or Cartesian").strip().lower()
    places = np.array([_numbers(stream, 3, "an atom's coordinates") for _ in species])
    if kind.startswith((b"c", b"k")):
        notes.append("the atoms' coordinates are Cartesian")
        places = np.linalg.solve(lattice.T, factor * places.T).T
    elif not kind.startswith(b"d"):
        raise line_error(stream, "corrupt", f"expected 'Direct' or 'Cartesian', got {kind[:60]!r}")
    if _line(stream, "a blank line").strip():
        raise line_error(stream, "corrupt", "expected a blank line after the coordinates")
    line = _line(stream, "the grid's shape")
    shape = parse_shape(line)
    if shape is None or not all(1 <= n <= MAX_POINTS_PER_AXIS for n in shape):
        what = f"expected the grid's shape, three whole numbers, got {line[:60]!r}"
        raise line_error(stream, "corrupt", what)
    return GridHeader(stream.path, title, lattice, species, places, shape, tuple(notes))


def parse_shape(line: bytes) -> tuple[int, int, int] | None:
    """Return the three numbers of a shape line, or None if it is another kind of line."""
    match = _SHAPE.fullmatch(line)
    if match is None:
        return None
    return int(match[1]), int(match[2]), int(match[3])


def line_error(stream: ByteStream, fault: Fault, what: str, line: int | None = None) -> Exception:
    """Return an error that names a line of a grid file, the one read last if none is given."""
    return VaspFileError(stream.path, fault, what, f"line {stream.line if line is None else line}")


def _line(stream: ByteStream, what: str) -> bytes:
    line = stream.read_line(what)
    if line is None:
        raise stream.truncated(what)
    return line


def _numbers(stream: ByteStream, count: int, what: str) -> list[float]:
    """Read the first numbers of a line; flags of selective dynamics may follow."""
    words = _line(stream, what).split()
    try:
        numbers = [float(word) for word in words[:count]]
    except ValueError:
        numbers = []
    if len(numbers) < count or not np.isfinite(numbers).all():
        raise line_error(stream, "corrupt", f"expected {what}: {count} finite numbers")
    return numbers


def _read_species(stream: ByteStream) -> tuple[str, ...]:
    line = _line(stream, "the elements")
    if _COUNTS.fullmatch(line):
        what = "there is no line of elements above the numbers of atoms (VASP 4); add it"
        raise line_error(stream, "corrupt", what)
    symbols = [_SYMBOL.fullmatch(word) for word in line.decode("latin-1").split()]
    # ase's "X" is no element: its number is 0
    names = [match[1] for match in symbols if match is not None and atomic_numbers.get(match[1])]
    if not symbols or len(names) != len(symbols):
        raise line_error(stream, "corrupt", f"expected the symbols of elements, got {line[:60]!r}")
    line = _line(stream, "the numbers of atoms")
    counts = [int(word) for word in line.split()] if _COUNTS.fullmatch(line) else []
    if len(counts) != len(names) or 0 in counts or sum(counts) > MAX_ATOMS:
        what = f"expected {len(names)} numbers of atoms, got {line[:60]!r}"
        raise line_error(stream, "corrupt", what)
    return tuple(name for name, n in zip(names, counts, strict=True) for _ in range(n))
