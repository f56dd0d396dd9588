"""Arrays of rows of vasprun.xml, ``<r>   -16.8756     0.0000     0.0000 </r>``, in nested sets.

VASP writes every row of an array in the same columns. Such rows are read by whole-array arithmetic
on their bytes, and columns and sets that were not requested are skipped by their length. Rows in
any other layout (another program's) are read word by word.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from llo_dft.engines.vasp.files.byte_stream import MAX_PART_BYTES, ByteStream
from llo_dft.engines.vasp.files.file_errors import Fault
from llo_dft.engines.vasp.files.vasprun.elements import as_float
from llo_dft.typing import FloatArray

Bytes = npt.NDArray[np.uint8]

_ROW: Final = re.compile(rb"( *<r>)((?: *-?\d+\.\d+)+) </r>\n")
_NUMBER: Final = re.compile(rb" *-?\d+\.(\d+)")
_SUFFIX: Final = b" </r>\n"
_LONGEST_ROW: Final = 1 << 12

_OPEN: Final = re.compile(rb'\s*<set comment="[a-z]+ *(\d+)">[ \t]*\n?')
_CLOSE: Final = re.compile(rb"\s*</set>")
_LONGEST_TAG: Final = 128
_HEAD_END: Final = re.compile(rb"<set>|</array>")
_FIELD: Final = re.compile(rb"<field[^>]*>\s*([^<]*?)\s*</field>")
_NOT_A_NUMBER: Final = re.compile(rb"\*\*|nan|inf", re.IGNORECASE)


@dataclass(frozen=True)
class RowLayout:
    """Where the numbers of a row are."""

    prefix: bytes
    width: int
    decimals: tuple[int, ...]

    @property
    def length(self) -> int:
        """Bytes of a row, its newline counted."""
        return len(self.prefix) + self.width * len(self.decimals) + len(_SUFFIX)


def find_layout(row: bytes, n_fields: int) -> RowLayout | None:
    """Return the layout of a row of that many numbers; None if it is not in VASP's columns."""
    match = _ROW.fullmatch(row)
    if match is None or len(match[2]) % n_fields:
        return None
    width = len(match[2]) // n_fields
    fields = [match[2][i * width : (i + 1) * width] for i in range(n_fields)]
    numbers = [_NUMBER.fullmatch(field) for field in fields]
    if not all(numbers):
        return None
    return RowLayout(match[1], width, tuple(len(number[1]) for number in numbers if number))


@dataclass
class RowReader:
    """Reads one <array> of rows in nested sets, in the order of the file.

    The first set gives the number of rows in each, unless ``n_rows`` is given.
    """

    stream: ByteStream
    section: str
    n_rows: int | None = None
    fields: tuple[str, ...] = ()

    _layout: RowLayout | None = None
    _is_free: bool = False
    _buffer: Bytes = field(default_factory=lambda: np.empty(0, np.uint8))

    def corrupt(self, what: str) -> Exception:
        """Return an error: VASP does not write this."""
        return self.stream.error("corrupt", what, self.section)

    def enter_array(self) -> bytes:
        """Read up to the outermost set; return the text before it and keep the field names."""
        before, found = self.stream.take_to(_HEAD_END, self.section)
        if found[0] == b"</array>":
            raise self.corrupt("an array without a <set>")
        self.fields = tuple(name.decode("latin-1") for name in _FIELD.findall(before))
        return before

    def open_set(self, number: int) -> bool:
        """Enter the set of that number, from 1; False if this level ends here instead."""
        line = self.stream.peek(_LONGEST_TAG)
        if (end := _CLOSE.match(line)) is not None:
            self.stream.skip(end.end(), self.section)
            return False
        match = _OPEN.match(line)
        if match is None or int(match[1]) != number:
            raise self._unexpected(line, f"set number {number}, or the end of the sets")
        self.stream.skip(match.end(), self.section)
        return True

    def _close_set(self) -> None:
        line = self.stream.peek(_LONGEST_TAG)
        end = _CLOSE.match(line)
        if end is None:
            raise self._unexpected(line, f"the end of a set of {self.n_rows} rows, </set>")
        self.stream.skip(end.end(), self.section)

    def _unexpected(self, line: bytes, expected: str) -> Exception:
        if len(line) < _LONGEST_TAG:
            return self.stream.truncated(self.section)
        got = line.strip().split(b"\n", 1)[0].decode("latin-1")
        return self.corrupt(f"expected {expected}, got {got!r}")

    def _find_layout(self) -> RowLayout | None:
        if self._layout is None and not self._is_free:
            first = self.stream.peek(_LONGEST_ROW)
            row = first[: first.find(b"\n") + 1]
            self._layout = find_layout(row, max(1, len(self.fields)))
            self._is_free = self._layout is None
        return self._layout

    def read_rows(self, columns: Sequence[int]) -> FloatArray:
        """Read columns of the rows here, to the end of their set; shape (n_columns, n_rows).

        Raises ``VaspFileError``: not_a_number: NaN, or stars. corrupt: an invalid row, or too many
        or too few. truncated: the file ends here.
        """
        layout = self._find_layout()
        if layout is None:
            return self._read_free(columns)
        if self.n_rows is None:
            self.n_rows = self._count_rows(layout)
        start = self.stream.offset
        if len(self._buffer) != self.n_rows * layout.length:
            self._buffer = np.empty(self.n_rows * layout.length, np.uint8)
        self.stream.take_into(self._buffer, self.section)
        rows = self._buffer.reshape(-1, layout.length)
        values = np.empty((len(columns), len(rows)))
        good = read_columns(rows, layout, columns, values)
        if not good.all():
            row = int(good.argmin())
            raise self._bad_row(rows[row].tobytes(), row, start + row * layout.length)
        self._close_set()
        return values

    def _bad_row(self, text: bytes, row: int, offset: int) -> Exception:
        fault: Fault = "not_a_number" if _NOT_A_NUMBER.search(text) else "corrupt"
        got = text.decode("latin-1").strip()
        what = f"row {row + 1} of {self.n_rows} is not {len(self.fields)} numbers in the "
        what += f"columns of the others: {got!r}"
        return self.stream.error(fault, what, self.section, offset)

    def _read_free(self, columns: Sequence[int]) -> FloatArray:
        """Read rows in a layout other than VASP's, word by word."""
        text, _ = self.stream.take_to(_CLOSE, self.section)
        rows = [row.split() for row in text.replace(b"</r>", b"").split(b"<r>")[1:]]
        if self.n_rows is None:
            self.n_rows = len(rows)
        if len(rows) != self.n_rows or any(len(row) != len(self.fields) for row in rows):
            raise self.corrupt(f"not {self.n_rows} rows of {len(self.fields)} numbers")
        table = [
            [as_float(self.stream, row[c].decode("latin-1"), self.section) for row in rows]
            for c in columns
        ]
        return np.array(table).reshape(len(columns), len(rows))

    def skip_rows(self) -> None:
        """Skip the rows here, to the end of their set."""
        layout = self._find_layout()
        if layout is None:
            self.stream.take_to(_CLOSE, self.section)
            return
        if self.n_rows is None:
            self.n_rows = self._count_rows(layout)
        self.stream.skip(self.n_rows * layout.length, self.section)
        self._close_set()

    def _count_rows(self, layout: RowLayout) -> int:
        """Count the rows up to the end of their set."""
        n = 256
        while True:
            text = self.stream.peek(n * layout.length + _LONGEST_TAG)
            end = text.find(b"</set>")
            if end >= 0:
                return (text.rfind(b"\n", 0, end) + 1) // layout.length
            if len(text) < n * layout.length + _LONGEST_TAG:
                self.stream.skip(len(text), self.section)
                raise self.stream.truncated(self.section)
            if len(text) > MAX_PART_BYTES:
                raise self.corrupt(f"a set without an end within {MAX_PART_BYTES >> 20} MiB")
            n *= 2


def read_columns(
    rows: Bytes, layout: RowLayout, columns: Sequence[int], out: FloatArray
) -> npt.NDArray[np.bool_]:
    """Read some columns of rows of characters, and tell which rows are valid there.

    ``rows`` have the shape (n_rows, layout.length); ``out``, shape (n_columns, n_rows), is filled
    with the numbers, the doubles that Python reads from the same text. Returns whether each row is
    valid, shape (n_rows,).
    """
    start, end = len(layout.prefix), layout.length - len(_SUFFIX)
    good: npt.NDArray[np.bool_] = np.ones(len(rows), np.bool_)
    for slot, text in ((slice(start), layout.prefix), (slice(end, None), _SUFFIX)):
        same = rows[:, slot] == np.frombuffer(text, np.uint8)
        if not same.all():
            good &= same.all(axis=1)
    for index, column in enumerate(columns):
        at = start + column * layout.width
        field = np.ascontiguousarray(rows[:, at : at + layout.width].T)
        good &= _read_field(field, layout.decimals[column], out[index])
    return good


def _read_field(field: Bytes, decimals: int, out: FloatArray) -> npt.NDArray[np.bool_]:
    """Read a column given as its characters, shape (width, n_rows); tell which are numbers.

    Blanks, at most one sign, then digits, the point, and digits.
    """
    point = len(field) - decimals - 1
    worth = field - np.uint8(ord("0"))  # 10 and more if not a digit
    is_digit = worth < 10  # noqa: PLR2004
    blank, minus = field[:point] == ord(" "), field[:point] == ord("-")
    good: npt.NDArray[np.bool_] = field[point] == ord(".")
    good &= is_digit[point + 1 :].all(axis=0) & is_digit[point - 1]
    good &= (is_digit[:point] | blank | minus).all(axis=0)
    good &= (blank[:-1] | is_digit[1:point]).all(axis=0)  # a digit or sign comes before a digit
    worth[~is_digit] = 0
    weights = 10.0 ** np.arange(len(field) - 1, -1, -1)
    weights[:point] /= 10  # the point itself counts for no place
    weights[point] = 0
    np.matmul(weights, worth.astype(np.float64), out=out)
    np.negative(out, out=out, where=minus.any(axis=0))
    out /= 10.0**decimals  # integers are exact, and rounded once
    return good
