"""A grid file as its sections: header, grid, what stands between, next grid."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from llo_dft.engines.vasp.files.grids.columns import LONG, SHORT, tell_layout
from llo_dft.engines.vasp.files.grids.grid_header import GridHeader, parse_shape, read_header
from llo_dft.engines.vasp.files.grids.scan import iter_values
from llo_dft.engines.vasp.files.grids.source import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from llo_dft.engines.vasp.files.grids.source import Place, Source
    from llo_dft.typing import FloatArray

#: Grids of a file: one, total and magnetisation, or total and three components of it.
GRID_COUNTS: Final = (1, 2, 4)

#: Most characters that a number of a grid or of an atom's occupancies takes, and most
#: characters of one atom's occupancies: what a compressed file may hold at all.
MAX_NUMBER_BYTES: Final = 40
MAX_OCCUPANCIES_BYTES: Final = 1 << 18

#: Lines after a grid beside those of each atom: blank ones, moments.
MAX_LINES_BETWEEN: Final = 100

_OCCUPANCIES: Final = re.compile(
    rb"\s*augmentation occupancies(?P<imaginary> \(imaginary part\))?(?P<numbers>[ \d]*\d) *"
)
_NUMBERS: Final = re.compile(rb"[\s\dEe.+*-]*")


class GridFile:
    """The sections of one open grid file, in order.

    Grids are read with ``values`` or passed over with ``skip``; ``next_grid`` goes to the
    next one. Passed over means: its numbers are not looked at, but a plain file must be long
    enough to hold them, and a compressed one must decompress to its end and agree with its
    checksum.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.header: GridHeader = read_header(source)
        self.notes: list[str] = list(self.header.notes)
        self._n_grids = 1

    def values(self) -> Iterator[FloatArray]:
        """Yield the present grid's numbers piece by piece, in the order of the file.

        Raises
        ------
        VolumetricError
            At the first thing that is no finite number in its place.
        """
        yield from iter_values(self._source, self.header.n_points, self.notes)

    def skip(self) -> None:
        """Pass over the present grid and all that follows it.

        Raises
        ------
        VolumetricError
            If the file is too short to hold the grid.
        """
        layout = tell_layout(self._source, self.header.n_points)
        if layout is not None:
            full = self.header.n_points // layout.columns
            self._source.skip(full * layout.line_bytes, full)
        per_grid = MAX_NUMBER_BYTES * self.header.n_points
        per_grid += MAX_OCCUPANCIES_BYTES * len(self.header.species)
        self._source.finish(max(GRID_COUNTS) * per_grid)

    def next_grid(self) -> bool:
        """Go from the end of a grid to the next one's first number; False if there is none.

        Raises
        ------
        VolumetricError
            If what stands between is not what VASP writes there, or the file ends within it.
        """
        between = _Between(self._source, self.header)
        if not between.pass_over():
            return False
        self._n_grids += 1
        if self._n_grids > max(GRID_COUNTS):
            raise self._source.error(f"there are more than {max(GRID_COUNTS)} grids")
        return True


class _Between:
    """Augmentation occupancies and moments between two grids, or after the last."""

    def __init__(self, source: Source, header: GridHeader) -> None:
        self._source = source
        self._header = header
        self._atoms = 0
        self._moments = False

    def pass_over(self) -> bool:
        source, shape = self._source, self._header.shape
        n_lines = 0
        while True:
            place = source.place
            line = source.read_line()
            if line is None:
                self._check_end()
                return False
            n_lines += 1
            if n_lines > MAX_LINES_BETWEEN + 2 * len(self._header.species):
                raise source.error("there are more than the lines that can follow a grid", place)
            found = parse_shape(line)
            if found is not None:
                if found != shape:
                    raise source.error(f"this grid is {found}, the first one {shape}", place)
                return True
            if n_lines == 1 and (LONG.holds(line) or SHORT.holds(line)):
                raise source.error(f"there are more numbers than a grid {shape} has", place)
            self._pass_line(line, place)

    def _pass_line(self, line: bytes, place: Place) -> None:
        match = _OCCUPANCIES.fullmatch(line)
        if match is not None:
            # two numbers in four columns each, which may touch
            self._pass_occupancies(int((b" " + match["numbers"][-4:]).split()[-1]))
            self._atoms += match["imaginary"] is None
        elif _NUMBERS.fullmatch(line):
            self._moments = self._moments or bool(line.strip())
        else:
            raise self._source.error(
                f"expected augmentation occupancies, moments or another grid, got {line[:60]!r}",
                place,
            )

    def _pass_occupancies(self, count: int) -> None:
        source = self._source
        while count > 0:
            place = source.place
            line = source.read_line()
            if line is None:
                raise source.error("the file is truncated: augmentation occupancies are missing")
            if not line.strip() or not _NUMBERS.fullmatch(line):
                raise source.error(f"expected augmentation occupancies, got {line[:60]!r}", place)
            count -= len(line.split())

    def _check_end(self) -> None:
        n_atoms = len(self._header.species)
        if 0 < self._atoms < n_atoms:
            raise self._source.error(
                f"the file is truncated: it has the augmentation occupancies of {self._atoms} "
                f"of {n_atoms} atoms"
            )
        if self._moments:
            raise self._source.error(
                "the file is truncated: moments announce a second grid, and there is none"
            )


@contextmanager
def open_grid_file(path: Path) -> Iterator[GridFile]:
    """Open a grid file and read its header.

    Raises
    ------
    VolumetricError
        If there is no such file, or its header is damaged.
    """
    with open_source(path) as source:
        yield GridFile(source)
