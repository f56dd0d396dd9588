"""Nested <set> elements of rows: the densities of states and the eigenvalues of vasprun.xml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.engines.vasp.files.file_errors import Fault, FreeLayoutError
from llo_dft.engines.vasp.files.vasprun.rows import (
    RowError,
    RowLayout,
    find_layout,
    looks_fixed,
    read_columns,
)
from llo_dft.engines.vasp.files.vasprun.stream import MAX_PART_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.engines.vasp.files.vasprun.stream import ByteStream
    from llo_dft.typing import FloatArray

_OPEN: Final = re.compile(rb' *<set comment="([a-z]+) *([1-9]\d*)">\n')
_CLOSE: Final = re.compile(rb" *</set>\n")
_LONGEST_LINE: Final = 128
_HEAD_END: Final = re.compile(rb"<set>\n|</array>")
_FIELD: Final = re.compile(rb"<field>\s*([A-Za-z0-9+-]+)\s*</field>")

#: Text looked at to find the layout of rows.
_SAMPLE: Final = 1 << 14


@dataclass
class SetReader:
    """Reads one <array> of rows in nested sets, in the order in which they are written.

    The first set says how many rows each has, unless ``n_rows`` is known before.
    """

    stream: ByteStream
    section: str
    n_rows: int | None = None
    fields: tuple[str, ...] = ()
    layout: RowLayout | None = None

    def __post_init__(self) -> None:
        """Hold nothing yet."""
        self._buffer = np.empty(0, np.uint8)

    def enter_array(self) -> bytes:
        """Read up to the outermost set; return the text before it and keep the field names."""
        before, found = self.stream.take_to(_HEAD_END, self.section)
        if b"calculation>" in before:
            raise self.stream.error("corrupt", "a new step before this array ends", self.section)
        if found[0] == b"</array>":
            if b"<r>" in before and not looks_fixed(before[-_SAMPLE:]):
                raise FreeLayoutError
            raise self.stream.error("corrupt", "an array without a <set>", self.section)
        self.fields = tuple(name.decode() for name in _FIELD.findall(before))
        if len(self.fields) != before.count(b"<field"):
            raise self.stream.error("corrupt", "the names of its columns", self.section)
        return before

    def open_set(self, kind: str, number: int) -> bool:
        """Enter a set, e.g. ("spin", 1); False, and stay, if this level ends here instead."""
        line = self.stream.peek(_LONGEST_LINE)
        if (end := _CLOSE.match(line)) is not None:
            self.stream.skip(end.end(), self.section)
            return False
        match = _OPEN.match(line)
        if match is None or match[1].decode() != kind or int(match[2]) != number:
            self._refuse_line(line, f'<set comment="{kind} {number}"> or the end of the set')
        self.stream.skip(match.end() if match else 0, self.section)
        return True

    def close_set(self) -> None:
        """Leave a set.

        Raises
        ------
        VaspFileError
            If it doesn't end here: lines are missing or too many.
        """
        line = self.stream.peek(_LONGEST_LINE)
        end = _CLOSE.match(line)
        if end is None:
            self._refuse_line(line, "the end of a set of rows, </set>")
        self.stream.skip(end.end() if end else 0, self.section)

    def _refuse_line(self, line: bytes, expected: str) -> None:
        if len(line) < _LONGEST_LINE and b"\n" not in line:
            self.stream.take(_LONGEST_LINE, self.section)  # raises: the file ends here
        sample = self.stream.peek(_SAMPLE)
        if self.layout is None and b"<r>" in sample and not looks_fixed(sample):
            raise FreeLayoutError
        got = line.split(b"\n", 1)[0].decode("latin-1").strip()
        raise self.stream.error("corrupt", f"expected {expected}, got {got!r}", self.section)

    def _find_layout(self) -> RowLayout:
        if self.layout is None:
            sample = self.stream.peek(_SAMPLE)
            self.layout = find_layout(sample.split(b"</set>", 1)[0], len(self.fields))
            if self.layout is None:
                if looks_fixed(sample) or b"<r>" not in sample:
                    what = f"no rows of {len(self.fields)} numbers where they should begin"
                    raise self.stream.error("corrupt", what, self.section)
                raise FreeLayoutError
        return self.layout

    def rows(self, columns: Sequence[int]) -> FloatArray:
        """Read columns of the rows here, as whole numbers, shape (n_columns, n_rows)."""
        layout = self._find_layout()
        if self.n_rows is None:
            self.n_rows = self._count_rows(layout)
        start = self.stream.offset
        if len(self._buffer) != self.n_rows * layout.length:
            self._buffer = np.empty(self.n_rows * layout.length, np.uint8)
        self.stream.take_into(self._buffer, self.section)
        try:
            return read_columns(self._buffer, layout, columns)
        except RowError as error:
            fault: Fault = "not_a_number" if error.not_a_number else "corrupt"
            raise self.stream.error(
                fault,
                f"row {error.row + 1} of {self.n_rows} is no row of {len(self.fields)} numbers in "
                f"the columns of the others: {error.text!r}",
                self.section,
                start + error.row * layout.length,
            ) from error

    def skip_rows(self) -> None:
        """Go past the rows here without looking at them."""
        layout = self._find_layout()
        if self.n_rows is None:
            self.n_rows = self._count_rows(layout)
        self.stream.skip(self.n_rows * layout.length, self.section)

    def _count_rows(self, layout: RowLayout) -> int:
        """Count rows up to where a line is no longer one, by its length."""
        n = 0
        while True:
            text = self.stream.peek((n + 256) * layout.length + _LONGEST_LINE)
            end = text.find(b"</set>")
            if end >= 0:
                return max(1, (text.rfind(b"\n", 0, end) + 1) // layout.length)
            if len(text) > MAX_PART_BYTES:
                what = f"a set without an end within {MAX_PART_BYTES >> 20} MiB"
                raise self.stream.error("corrupt", what, self.section)
            if len(text) < (n + 256) * layout.length:
                self.stream.take(len(text) + 1, self.section)  # raises: the file ends here
            n = 2 * n + 256
