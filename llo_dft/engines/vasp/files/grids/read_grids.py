"""VASP's grid files: CHGCAR, AECCAR, CHG, PARCHG and LOCPOT, plain or compressed.

VASP stores density times cell volume, so that the mean of a CHGCAR's numbers is its number
of electrons; this module returns electrons per cubic angstrom, and says so in every name.
Arrays have the shape of the grid, (n_a, n_b, n_c), with the first index fastest in memory,
as in the file.

Nothing is held but what is asked for: no magnetisation is read, and a difference of files is
one grid.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.grids.grid_header import (
    GridHeader,
    line_error,
    parse_shape,
    read_header,
)
from llo_dft.engines.vasp.files.grids.scan import is_full_line, is_numbers, iter_values
from llo_dft.engines.vasp.files.run_folder import find_in_folder
from llo_dft.typing import FloatArray

#: Grids of a file: one, total and magnetisation, or total and three components of it.
GRID_COUNTS: Final = (1, 2, 4)

#: Least bytes of a number and the blank before it.
LEAST_BYTES: Final = 2

#: Lines of occupancies that an atom has at most, and of moments that follow a grid.
_LINES_BETWEEN: Final = 1000

_OCCUPANCIES: Final = b"augmentation occupancies"


@dataclass(frozen=True)
class LocalPotential:
    """A local potential."""

    header: GridHeader
    potential_ev: FloatArray
    """Energy of an electron, eV, shape (n_a, n_b, n_c); the mean of the two spins where the file
    holds both, the scalar part for non-collinear spins."""
    n_grids: int
    """Grids in the file: 1 without spin, 2 with, 4 non-collinear."""
    notes: tuple[str, ...]
    """What a reader of the file should know."""


@dataclass(frozen=True)
class DensityDifference:
    """A density less those of its parts."""

    headers: tuple[GridHeader, ...]
    """Of the whole, then of each part."""
    difference_per_a3: FloatArray
    """Electrons per cubic angstrom, shape (n_a, n_b, n_c)."""
    n_electrons: tuple[float, ...]
    """Integral of each file's density, in the order of ``headers``."""
    notes: tuple[str, ...]
    """What a reader of a file should know."""


def find_grid_file(path: Path, name: str = "CHGCAR") -> Path:
    """Return ``path`` if it is a file, or the file ``name`` (plain or compressed) in that folder.

    Raises ``VaspFileError`` if there is none, or two that differ.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise VaspFileError(path, "unreadable", "there is no such file or folder")
    found = find_in_folder(path, name)
    if found is None:
        what = f"there is no {name}, plain or compressed, in this folder"
        raise VaspFileError(path, "unreadable", what)
    return found


def read_grid_header(path: Path | str) -> GridHeader:
    """Read cell, atoms and grid's shape alone.

    Raises ``VaspFileError`` if the header is damaged.
    """
    with _open(path) as file:
        return file.header


def read_density_difference(
    whole: Path | str, parts: Sequence[Path | str] = ()
) -> DensityDifference:
    """Read a density less those of the parts; one grid is held, however many files there are.

    Only the shapes of the grids are compared here: that the cells are the same and the atoms
    add up is for ``llo_dft.analysis.electronic.density_difference`` to check, from the headers.

    The files are CHGCAR, AECCAR0, AECCAR1, AECCAR2, CHG or PARCHG; of each the density alone is
    read, and no magnetisation.

    Raises ``VaspFileError`` if a file is truncated, half-written or corrupt, with the line and
    byte, or a grid has another shape than the first.
    """
    headers: list[GridHeader] = []
    electrons: list[float] = []
    notes: list[str] = []
    flat = np.empty(0, dtype=np.float64)
    for path in (whole, *parts):
        with _open(path) as file:
            if not headers:
                flat = file.room()
            headers.append(file.header)
            if file.header.shape != headers[0].shape:
                what = f"the grid is {file.header.shape}, and that of {headers[0].path} is "
                what += f"{headers[0].shape}; set NGXF, NGYF and NGZF to the same numbers in all "
                raise VaspFileError(Path(path), "absent", what + "calculations")
            weight = headers[0].volume_a3 / file.header.volume_a3
            electrons.append(_add(file, flat, weight if len(headers) == 1 else -weight))
            notes += [f"{path}: {note}" for note in file.header.notes]
    flat /= headers[0].volume_a3
    difference = flat.reshape(headers[0].shape, order="F")
    return DensityDifference(tuple(headers), difference, tuple(electrons), tuple(notes))


def read_potential(path: Path | str) -> LocalPotential:
    """Read a local potential, eV.

    Raises ``VaspFileError`` if the file is truncated, half-written or corrupt, with the line and
    byte.
    """
    with _open(path) as file:
        potential = file.read()
        n_grids = 1
        if file.next_grid():
            # two grids are the two spins; of four the first is the scalar part
            second = file.read()
            n_grids = 2
            while file.next_grid():
                n_grids += 1
                for _ in file.values():
                    pass
            if n_grids == 2:  # noqa: PLR2004 (two spins)
                potential += second
                potential /= 2
        if n_grids not in GRID_COUNTS:
            what = f"it has {n_grids} grids, expected one, two or four"
            raise VaspFileError(file.header.path, "truncated", what)
        return LocalPotential(file.header, potential, n_grids, file.header.notes)


class _GridFile:
    """The sections of one open grid file, in order: header, grid, what is between, next grid."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self.header = read_header(stream)
        least = LEAST_BYTES * self.header.n_points
        if not stream.compressed and least > stream.file_bytes:
            what = f"a grid {self.header.shape} needs {least} bytes at least, and the file has "
            what += str(stream.file_bytes)
            raise line_error(stream, "truncated", what)

    def values(self) -> Iterator[FloatArray]:
        """Yield the present grid's numbers piece by piece, in the order of the file."""
        return iter_values(self._stream, self.header.n_points)

    def room(self) -> FloatArray:
        """Return zeros for a grid, flat; memory is taken only where they are overwritten."""
        try:
            return np.zeros(self.header.n_points)
        except MemoryError as error:
            what = f"no memory for a grid {self.header.shape}, {8 * self.header.n_points} bytes"
            raise line_error(self._stream, "refused", what) from error

    def read(self) -> FloatArray:
        """Read the present grid as it stands in the file, shape (n_a, n_b, n_c)."""
        flat, done = self.room(), 0
        for values in self.values():
            flat[done : done + values.size] = values
            done += values.size
        return flat.reshape(self.header.shape, order="F")

    def next_grid(self) -> bool:
        """Go from the end of a grid to the next one's first number; False if there is none.

        Raises ``VaspFileError`` if the next grid has another shape, this one goes on, or the
        occupancies of some atoms are missing.
        """
        stream, after = self._stream, self._stream.line
        n_atoms, too_many = 0, False
        while (line := stream.read_line("between the grids")) is not None:
            if b"\0" in line:
                raise line_error(stream, "corrupt", "zero bytes, as a full disk leaves them")
            shape = parse_shape(line)
            if shape is not None:
                if shape != self.header.shape:
                    what = f"this grid is {shape}, the first one {self.header.shape}"
                    raise line_error(stream, "corrupt", what)
                return True
            if stream.line == after + 1:
                too_many = is_numbers(line)  # unless they are moments, and a grid follows
                if is_full_line(line.rstrip()):
                    break
            if stream.line > after + _LINES_BETWEEN * (1 + len(self.header.species)):
                raise line_error(stream, "corrupt", "too many lines after a grid")
            n_atoms += line.lstrip().startswith(_OCCUPANCIES) and b"imaginary" not in line
        if too_many:
            what = f"there are more numbers than the grid {self.header.shape} has points"
            raise line_error(stream, "corrupt", what, after + 1)
        if 0 < n_atoms < len(self.header.species):
            what = f"occupancies of {n_atoms} of {len(self.header.species)} atoms"
            raise line_error(stream, "truncated", what)
        return False

    def skip(self) -> None:
        """Pass over the present grid and all that follows it.

        Its numbers are not looked at, but the file must be long enough to hold them, and a
        compressed one must unpack to its end and agree with its checksum.
        """
        self._stream.skip_to_end(LEAST_BYTES * self.header.n_points, "the second grid")


@contextmanager
def _open(path: Path | str) -> Iterator[_GridFile]:
    with ByteStream(Path(path), max_expansion=None) as stream:
        yield _GridFile(stream)


def _add(file: _GridFile, flat: FloatArray, weight: float) -> float:
    """Add a file's first grid times a weight, and return the mean of its numbers."""
    done, total = 0, 0.0
    for values in file.values():
        total += float(np.add.reduce(values))
        piece = flat[done : done + values.size]
        if weight == 1.0:
            piece += values
        elif weight == -1.0:
            piece -= values
        else:
            piece += weight * values
        done += values.size
    if file.next_grid():
        file.skip()
    return total / done
