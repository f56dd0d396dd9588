"""The columns that VASP writes numbers in, and one line of them read with care.

CHGCAR, AECCAR and LOCPOT have five numbers of 18 characters on a line, CHG, PARCHG and
ELFCAR of many versions ten of 12 (Fortran's ``5(1X,E17.11)`` and ``10(1X,G11.5)``). In such
columns a lost, doubled or altered character shows; read as words it would often make
another number.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from llo_dft.engines.vasp.files.grids.source import Source
    from llo_dft.typing import FloatArray

#: Most of a line that an error shows.
SHOWN_BYTES: Final = 100

#: Lines of a grid from which its layout is told; one damaged line must not hide it.
LINES_TO_TELL: Final = 3

_EXPONENT: Final = rb"(?:E[+-]\d{2,3}|[+-]\d{3})"
_LONG_FIELD: Final = rb" [0-]\.\d{11}" + _EXPONENT
_SHORT_FIELD: Final = (
    rb" (?:[0-]\.\d{5}(?:" + _EXPONENT + rb"|    )|"
    rb"[ -](?:\d\.\d{4}|\d\d\.\d{3}|\d{3}\.\d\d|\d{4}\.\d|\d{5}\.)    )"
)
_BARE_EXPONENT: Final = re.compile(rb"(\d)([+-]\d{3})$")
_NO_NUMBER: Final = re.compile(rb"nan|inf", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """Fixed columns: how many to a line, how wide, and what may stand in one."""

    columns: int
    width: int
    field: bytes

    @property
    def line_bytes(self) -> int:
        """Length of a full line with its line break."""
        return self.columns * self.width + 1

    @cached_property
    def _full(self) -> re.Pattern[bytes]:
        return re.compile(rb"(?:" + self.field + rb"){%d}" % self.columns)

    def holds(self, line: bytes) -> bool:
        """Tell whether a full line has this layout."""
        return self._full.fullmatch(line.ljust(self.line_bytes - 1)) is not None

    def parse_line(self, line: bytes, count: int) -> list[bytes] | None:
        """Return the words of a line of ``count`` numbers, or None if it has another layout.

        The last line of a grid may be short; Fortran's blanks at a line's end may be missing.
        """
        padded = line.ljust(count * self.width)
        pattern = (
            self._full
            if count == self.columns
            else re.compile(rb"(?:" + self.field + rb"){%d} *" % count)
        )
        return padded.split() if pattern.fullmatch(padded) else None


LONG: Final = Layout(5, 18, _LONG_FIELD)
SHORT: Final = Layout(10, 12, _SHORT_FIELD)


def tell_layout(source: Source, n_values: int) -> Layout | None:
    """Return the layout that the coming grid begins in, or None for words between blanks."""
    for layout in (LONG, SHORT):
        seen = source.peek(LINES_TO_TELL * (layout.line_bytes + 2 * layout.columns)).tobytes()
        lines = seen.split(b"\n")[:LINES_TO_TELL]
        if any(layout.holds(line) for line in lines):
            return layout
        if n_values < layout.columns and layout.parse_line(lines[0], n_values):
            return layout
    return None


def read_one_line(source: Source, layout: Layout, count: int) -> FloatArray:
    """Read a line of ``count`` numbers, shape (count,).

    Raises
    ------
    VolumetricError
        If the line has anything but such numbers in its columns.
    """
    place = source.place
    line = source.read_line()
    if line is None:
        raise source.error("the file is truncated: it ends within a grid")
    words = layout.parse_line(line, count)
    if words is None:
        raise source.error(why_not(line, count, layout.width), place)
    values = [to_float(word) for word in words]
    if not all(map(math.isfinite, values)):
        raise source.error("a number is too large to be held", place)
    return np.array(values, dtype=np.float64)


def to_float(word: bytes) -> float:
    """Return a number as Fortran writes it; exponents of three digits come without their E."""
    return float(_BARE_EXPONENT.sub(rb"\1E\2", word))


def why_not(line: bytes, count: int, width: int | None = None) -> str:
    """Say what is wrong with a line where ``count`` numbers were expected."""
    shown = line if len(line) <= SHOWN_BYTES else line[:SHOWN_BYTES] + b"..."
    if b"*" in line:
        return f"a number too large for its column was written as asterisks: {shown!r}"
    if _NO_NUMBER.search(line):
        return f"there is no number but NaN or infinity: {shown!r}"
    columns = f" in columns of {width} characters" if width else ""
    return f"expected {count} numbers{columns}, as on the other lines of the grid, got {shown!r}"
