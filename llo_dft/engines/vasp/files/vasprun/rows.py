"""Rows of numbers in fixed columns: <r>   -16.8756     0.0000     0.0000 </r>."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.typing import FloatArray

Bytes = npt.NDArray[np.uint8]

_ROW: Final = re.compile(rb"( *<r>)((?: *-?\d+\.\d+)+) </r>\n")
_SUFFIX: Final = b" </r>\n"

#: Rows that are looked at to find the layout.
_SAMPLE_ROWS: Final = 64

_NUMBER: Final = re.compile(rb" *-?(?:0|[1-9]\d*)\.(\d+)")


@dataclass(frozen=True)
class RowLayout:
    """Where the numbers of a row stand. Every row of an array has the same."""

    prefix: bytes
    width: int
    decimals: tuple[int, ...]

    @property
    def length(self) -> int:
        """Bytes of a row, its newline counted."""
        return len(self.prefix) + self.width * len(self.decimals) + len(_SUFFIX)

    def scale(self, column: int) -> float:
        """By what the whole number in a column is divided."""
        return float(10 ** self.decimals[column])


class RowError(Exception):
    """A row that breaks the layout of the others.

    Attributes
    ----------
    row
        Index of the first such row.
    not_a_number
        Whether it holds NaN, Infinity or stars instead of something damaged.
    """

    def __init__(self, row: int, text: bytes) -> None:
        self.row = row
        self.text = text.decode("latin-1").strip()
        self.not_a_number = bool(re.search(rb"\*\*|nan|inf", text, re.IGNORECASE))
        super().__init__(self.text)


def find_layout(sample: bytes, n_fields: int) -> RowLayout | None:
    """Return the layout that most rows of a piece of text have; None if there is none.

    Parameters
    ----------
    sample
        Text that begins at the start of a row; its last line may be cut.
    n_fields
        Numbers in a row.
    """
    lines = [line + b"\n" for line in sample.split(b"\n", _SAMPLE_ROWS)[:-1]]
    rows = [line for line in lines if b"<r>" in line or b"</r>" in line]
    if not rows:
        return None
    length, count = Counter(map(len, rows)).most_common(1)[0]
    if 2 * count < len(rows):
        return None
    votes: Counter[RowLayout] = Counter()
    for row in rows:
        layout = _layout_of(row, n_fields) if len(row) == length else None
        if layout is not None:
            votes[layout] += 1
    if not votes:
        return None
    best, agreeing = votes.most_common(1)[0]
    return best if 2 * agreeing >= count else None


def looks_fixed(sample: bytes) -> bool:
    """Tell whether most rows in a piece of text are written as VASP writes them.

    If they are and still have no layout, then something around them is damaged.
    """
    lines = [line + b"\n" for line in sample.split(b"\n")[:-1]]
    rows = [line for line in lines if b"<r>" in line or b"</r>" in line]
    return 2 * sum(_ROW.fullmatch(row) is not None for row in rows) > len(rows)


def _layout_of(row: bytes, n_fields: int) -> RowLayout | None:
    match = _ROW.fullmatch(row)
    if match is None:
        return None
    width, remainder = divmod(len(match[2]), n_fields)
    if remainder:
        return None
    fields = [match[2][i * width : (i + 1) * width] for i in range(n_fields)]
    numbers = [_NUMBER.fullmatch(field) for field in fields]
    if any(number is None for number in numbers):
        return None
    decimals = tuple(len(number[1]) for number in numbers if number is not None)
    return RowLayout(match[1], width, decimals)


def read_columns(block: Bytes, layout: RowLayout, columns: Sequence[int]) -> FloatArray:
    """Read some columns of a block of rows, as whole numbers of the last decimal.

    Whole numbers are exact; divided by ``layout.scale(column)`` they are the doubles that
    Python reads from the same text.

    Parameters
    ----------
    block
        Shape (n_rows * layout.length,).
    layout
        Layout that the rows must have.
    columns
        Indices of the columns.

    Returns
    -------
    Shape (n_columns, n_rows).

    Raises
    ------
    RowError
        Naming the first row that has another layout in these columns or at its ends.
    """
    rows = block.reshape(-1, layout.length)
    start = len(layout.prefix)
    end = layout.length - len(_SUFFIX)
    good = bool((rows[:, :start] == np.frombuffer(layout.prefix, np.uint8)).all())
    good &= bool((rows[:, end:] == np.frombuffer(_SUFFIX, np.uint8)).all())
    values = np.empty((len(columns), len(rows)))
    for index, column in enumerate(columns):
        at = start + column * layout.width
        field = np.ascontiguousarray(rows[:, at : at + layout.width].T)
        good &= _read_field(field, layout.width - layout.decimals[column] - 1, values[index])
    if not good:
        _raise_first_bad(rows, layout, columns)
    return values


def _read_field(field: Bytes, point: int, out: FloatArray) -> bool:
    """Read a column given as its characters, shape (width, n_rows); tell if all are numbers.

    Blanks, at most one sign, then digits without a leading zero, the point, and digits.
    """
    worth = field - np.uint8(ord("0"))  # 10 and more for what is no digit
    is_digit = worth < 10  # noqa: PLR2004
    blank = field[:point] == ord(" ")
    minus = field[:point] == ord("-")
    good = bool((field[point] == ord(".")).all() and is_digit[point + 1 :].all())
    good &= bool((is_digit[:point] | blank | minus).all() and is_digit[point - 1].all())
    good &= not (~blank[:-1] & ~is_digit[1:point]).any()  # a digit or sign before no digit
    zero = worth[: point - 1] == 0
    zero[1:] &= ~is_digit[: max(point - 2, 0)]
    good &= not zero.any()
    worth[~is_digit] = 0
    weights = 10.0 ** np.arange(len(field) - 1, -1, -1)
    weights[:point] /= 10  # the point itself takes no place
    weights[point] = 0
    np.matmul(weights, worth.astype(np.float64), out=out)
    np.negative(out, out=out, where=minus.any(axis=0))
    return good


def _raise_first_bad(rows: Bytes, layout: RowLayout, columns: Sequence[int]) -> None:
    """Find the row that is not like the others, by slower means."""
    for number, row in enumerate(rows):
        text = row.tobytes()
        inner = text[len(layout.prefix) : -len(_SUFFIX)]
        good = text.startswith(layout.prefix) and text.endswith(_SUFFIX)
        for column in columns:
            field = inner[column * layout.width : (column + 1) * layout.width]
            match = _NUMBER.fullmatch(field)
            good &= match is not None and len(match[1]) == layout.decimals[column]
        if not good:
            raise RowError(number, text)
    raise AssertionError("every row is good by itself")
