"""The numbers of a grid, piece by piece.

Lines of VASP's own columns are turned into numbers by whole-array arithmetic on their bytes:
a template is subtracted, after which every digit must lie in 0 to 9 and every other
character must be 0; then digits are joined two by two. That is as fast as compiled code
would be when its start is counted, and needs none. A line that fails the template is read
by itself, with care (``volumetric_layout``), and is refused there or goes on.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from llo_dft.engines.vasp.files.grids.columns import (
    LINES_TO_TELL,
    LONG,
    SHORT,
    read_one_line,
    tell_layout,
    why_not,
)
from llo_dft.engines.vasp.files.grids.source import BUFFER_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llo_dft.engines.vasp.files.grids.columns import Layout
    from llo_dft.engines.vasp.files.grids.source import ByteArray, Source
    from llo_dft.typing import FloatArray

#: Lines that are looked at together: fewer array rows, and longer ones, are faster.
_GROUP: Final = 16

#: A field of the long layout, its least characters and how much larger each may be.
_FIELD: Final = b" -.00000000000E+00"
_SPAN: Final = bytes([0, 3, 0, *[9] * 11, 0, 2, 9, 9])

_SHORT_LINES: Final = re.compile(
    rb"(?:(?: (?:[0-]\.\d{5}(?:E[+-]\d\d|    )|"
    rb"[ -](?:\d\.\d{4}|\d\d\.\d{3}|\d{3}\.\d\d|\d{4}\.\d|\d{5}\.)    )){10}\n)*+"
)
_WORD: Final = re.compile(rb"[+-]?(\d*)\.(\d*)([EeDd]?)(?:(?<=[EeDd])[+-]\d{2,3})?")
_ANY_WORD: Final = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d{1,3})?")

#: Part of the first words of a grid that must look alike for all others to have to.
_ALIKE: Final = 0.8


def iter_values(source: Source, n_values: int, notes: list[str]) -> Iterator[FloatArray]:
    """Yield the numbers of a grid in the order of the file, some thousand at a time.

    Parameters
    ----------
    source
        Stands at the line after the grid's shape; at the end it stands after the grid.
    n_values
        How many there must be.
    notes
        Gets a line if the grid is not in VASP's columns.

    Yields
    ------
    Arrays, shape (n,); each holds only until the next is asked for.

    Raises
    ------
    VolumetricError
        At the first line that is anything but finite numbers, or at the file's early end.
    """
    source.check_promise(2 * n_values, "the grid")
    layout = tell_layout(source, n_values)
    if layout is None:
        notes.append("the grid is not in VASP's columns: read word by word")
        yield from _iter_words(source, n_values)
        return
    full, rest = divmod(n_values, layout.columns)
    source.check_promise(full * layout.line_bytes, "the grid")
    yield from _iter_lines(source, layout, full)
    if rest:
        yield read_one_line(source, layout, rest)


class _Scanner(Protocol):
    def __call__(self, raw: ByteArray, n_lines: int) -> FloatArray:
        """Return the numbers of as many of the first lines as have the layout."""


def _iter_lines(source: Source, layout: Layout, n_lines: int) -> Iterator[FloatArray]:
    scan: _Scanner = _LongScanner() if layout is LONG else _scan_short
    most = BUFFER_BYTES // layout.line_bytes
    done, limit = 0, most
    while done < n_lines:
        raw = source.peek(min(n_lines - done, limit) * layout.line_bytes)
        values = scan(raw, raw.size // layout.line_bytes)
        if values.size:
            good = values.size // layout.columns
            source.advance(good * layout.line_bytes, good)
            yield values
            done += good
            limit = min(2 * limit, most)
        else:
            # not as the template has it: a longer exponent, or damage
            yield read_one_line(source, layout, layout.columns)
            done += 1
            limit = _GROUP


class _LongScanner:
    """Lines of five numbers such as `` 0.12345678901E+02``, with its working memory."""

    def __init__(self) -> None:
        lines = BUFFER_BYTES // LONG.line_bytes
        self._least = np.frombuffer((_FIELD * 5 + b"\n") * _GROUP, dtype=np.uint8)
        self._span = np.frombuffer((_SPAN * 5 + b"\0") * _GROUP, dtype=np.uint8)
        self._above = np.empty(lines * LONG.line_bytes, dtype=np.uint8)
        self._fields = np.empty((lines, 90), dtype=np.uint8)
        self._joined = np.empty(lines * 45, dtype="<u2")
        self._places = np.empty(lines * 5, dtype="<u2")
        self._column = np.empty(lines * 5, dtype="<u2")
        self._values = np.empty(lines * 5, dtype=np.float64)
        self._work = np.empty(lines * 5, dtype=np.float64)
        self._divisors = _divisors()

    def __call__(self, raw: ByteArray, n_lines: int) -> FloatArray:
        group = _GROUP if n_lines >= _GROUP else 1
        n_lines -= n_lines % group
        if not n_lines:
            return self._values[:0]
        n_bytes = n_lines * LONG.line_bytes
        row = group * LONG.line_bytes
        above = self._above[:n_bytes].reshape(-1, row)
        np.subtract(raw[:n_bytes].reshape(-1, row), self._least[:row], out=above)
        span = self._span[:row]
        if (np.maximum.reduce(above, axis=0) > span).any():
            bad = (above > span).reshape(n_lines, -1).any(axis=1)
            n_lines = int(bad.argmax())
        values = self._join(above.reshape(-1, LONG.line_bytes)[:n_lines])
        if np.isnan(np.add.reduce(values)):  # a sign that is none
            n_lines = int(np.isnan(values).argmax()) // 5
        return values[: n_lines * 5]

    def _join(self, above: ByteArray) -> FloatArray:
        """Join digits to numbers; ``above`` is what each character has above its least.

        A field is nine pairs of characters: sign, first digit, five times two digits, the
        exponent's sign, the exponent. Every pair is joined with the one after it, wanted or
        not: whole arrays are faster than columns of them.
        """
        n_lines, n_values = len(above), 5 * len(above)
        fields = self._fields[:n_lines]
        fields[:] = above[:, :90]
        pairs = fields.reshape(-1).view("<u2")
        np.multiply(pairs, 2561, out=pairs)  # 2561 = 10 * 256 + 1, and in the high byte stands
        np.right_shift(pairs, 8, out=pairs)  # ten times the first character plus the second
        joined = self._joined[: 9 * n_values]
        np.multiply(pairs, 100, out=joined)
        np.add(joined[:-1], pairs[1:], out=joined[:-1])
        of_field, of_two = pairs.reshape(n_values, 9), joined.reshape(n_values, 9)
        # columns are made contiguous first: arithmetic on every ninth number is slower
        places, column = self._places[:n_values], self._column[:n_values]
        values, work = self._values[:n_values], self._work[:n_values]
        np.copyto(places, of_field[:, 0])
        places *= 300
        np.copyto(column, of_two[:, 7])
        places += column
        np.copyto(column, of_two[:, 1])
        np.multiply(column, 1e8, out=values)
        np.copyto(column, of_two[:, 3])
        np.multiply(column, 1e4, out=work)
        values += work
        np.copyto(column, of_two[:, 5])
        values += column
        np.take(self._divisors, places, out=work, mode="clip")
        values /= work
        return values


def _divisors() -> FloatArray:
    """Return what to divide eleven digits by; NaN where the characters are no signs.

    The index is exponent + 100 * (its sign) + 300 * (the number's sign), signs as the
    characters' distances from '+' and '-'. Powers up to 10^22 are exact, so that numbers
    from 1e-12 to 1e11 are rounded once, as they would be by strtod.
    """
    table = np.full(1200, np.nan)
    for number_sign, number_place in ((-1.0, 0), (1.0, ord("0") - ord("-"))):
        for exponent_sign, exponent_place in ((1, 0), (-1, ord("-") - ord("+"))):
            for exponent in range(100):
                place = exponent + 100 * exponent_place + 300 * number_place
                table[place] = number_sign * float(f"1e{11 - exponent_sign * exponent}")
    return table


def _scan_short(raw: ByteArray, n_lines: int) -> FloatArray:
    text = raw[: n_lines * SHORT.line_bytes].tobytes()
    match = _SHORT_LINES.match(text)
    good = match.end() if match is not None else 0
    if not good:
        return np.empty(0, dtype=np.float64)
    return np.fromstring(text[:good].decode("ascii"), dtype=np.float64, sep=" ")


def _iter_words(source: Source, n_values: int) -> Iterator[FloatArray]:
    """Yield numbers between blanks; what the first lines have in common all must have."""
    seen = source.peek(BUFFER_BYTES).tobytes().split(b"\n")[:LINES_TO_TELL]
    columns = len(seen[0].split())
    shape = _common_shape([word for line in seen for word in line.split()][:n_values])
    done = 0
    while done < n_values:
        place = source.place
        line = source.read_line()
        if line is None:
            raise source.error("the file is truncated: it ends within a grid")
        words = line.split()
        count = min(columns, n_values - done)
        if len(words) != count or not count or not _all_alike(words, shape):
            raise source.error(why_not(line, count or 1), place)
        values = np.array([float(word) for word in words], dtype=np.float64)
        if not np.isfinite(values).all():
            raise source.error("a number is too large to be held", place)
        yield values
        done += count


def _shape_of(word: bytes) -> tuple[int, bytes] | None:
    """Return decimals and exponent letter of a number with a point, as far as alike."""
    match = _WORD.fullmatch(word)
    return None if match is None else (len(match[2]), match[3])


def _common_shape(words: list[bytes]) -> tuple[int, bytes] | None:
    shapes = Counter(_shape_of(word) for word in words)
    if not shapes:
        return None
    shape, count = shapes.most_common(1)[0]
    return shape if count >= _ALIKE * len(words) else None


def _all_alike(words: list[bytes], shape: tuple[int, bytes] | None) -> bool:
    return all(
        _ANY_WORD.fullmatch(word) and (shape is None or _shape_of(word) == shape) for word in words
    )
