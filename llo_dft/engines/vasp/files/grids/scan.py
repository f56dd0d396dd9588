"""The numbers of a grid, piece by piece.

Lines of VASP's own columns (Fortran's ``5(1X,E17.11)``) are turned into numbers by whole-array
arithmetic on their bytes: a template is subtracted, after which every digit must lie in 0 to 9
and every other character must be 0; then digits are joined two by two. That is as fast as
compiled code would be when its start is counted, and needs none. A line that fails the template
(a longer exponent, or damage) and files in any other layout are read word by word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.grids.grid_header import line_error
from llo_dft.typing import FloatArray

#: Numbers and bytes of a full line in VASP's columns, its end counted.
COLUMNS: Final = 5
LINE_BYTES: Final = 91

#: Lines that are read at a time. Fewer make the calls felt, more no longer fit a processor's
#: second cache (both measured).
_LINES: Final = 4800

#: Lines that are looked at together: fewer array rows, and longer ones, are faster.
_GROUP: Final = 16

#: A field of VASP's columns, its least characters and how much larger each may be.
_FIELD: Final = b" -.00000000000E+00"
_SPAN: Final = bytes([0, 3, 0, *[9] * 11, 0, 2, 9, 9])

_FULL_LINE: Final = re.compile(rb"(?: [0-]\.\d{11}(?:E[+-]\d{2,3}|[+-]\d{3})){5}")
_BARE_EXPONENT: Final = re.compile(rb"(?<=\d)([+-]\d{3})(?=\s|$)")
_NUMBERS: Final = re.compile(rb"[\s\dEe.+-]*")
_NO_NUMBER: Final = re.compile(rb"nan|inf", re.IGNORECASE)

#: Most of a line that an error shows.
_SHOWN_BYTES: Final = 100

#: Text as numbers from 0 to 255.
ByteArray: TypeAlias = npt.NDArray[np.uint8]


def is_full_line(line: bytes) -> bool:
    """Tell whether a line has five numbers in VASP's columns."""
    return _FULL_LINE.fullmatch(line) is not None


def is_numbers(line: bytes) -> bool:
    """Tell whether a line has nothing but numbers."""
    return _parse(line) is not None


def iter_values(stream: ByteStream, n_values: int) -> Iterator[FloatArray]:
    """Yield the numbers of a grid in the order of the file, some thousand at a time.

    The stream stands at the line after the grid's shape, and at the end after the grid, which has
    ``n_values`` numbers.

    Raises ``VaspFileError`` at the first line that is anything but finite numbers, or at the
    file's early end.

    Yields arrays, shape (n,); each holds only until the next is asked for.
    """
    n_lines = n_values // COLUMNS if is_full_line(stream.peek(LINE_BYTES - 1)) else 0
    left = n_values - n_lines * COLUMNS
    scanner = _LongScanner() if n_lines else None
    buffer = np.empty(min(n_lines, _LINES) * LINE_BYTES, np.uint8)
    while n_lines and scanner is not None:
        raw = buffer[: min(n_lines, _LINES) * LINE_BYTES]
        stream.take_into(raw, "a grid")
        yield from _iter_lines(stream, scanner, raw)
        n_lines -= raw.size // LINE_BYTES
        stream.line += raw.size // LINE_BYTES
    yield from _iter_words(stream, left)


def _iter_lines(stream: ByteStream, scanner: _LongScanner, raw: ByteArray) -> Iterator[FloatArray]:
    """Yield the numbers of full lines in VASP's columns."""
    done, n_lines, limit = 0, raw.size // LINE_BYTES, _LINES
    while done < n_lines:
        values = scanner(raw[done * LINE_BYTES :], min(limit, n_lines - done))
        if values.size:
            yield values
            done += values.size // COLUMNS
            limit *= 2
            continue
        text = raw[done * LINE_BYTES : (done + 1) * LINE_BYTES].tobytes()
        found = _parse(text) if is_full_line(text[:-1]) and text.endswith(b"\n") else None
        done += 1
        if found is None:
            raise _bad_line(stream, text, stream.line + done)
        yield found
        limit = _GROUP  # one such line is seldom alone


def _iter_words(stream: ByteStream, n_values: int) -> Iterator[FloatArray]:
    """Yield numbers between blanks; what fills the last line up must be zeros."""
    done = columns = 0
    while done < n_values:
        first = stream.line + 1
        n_lines = min(_LINES, -(-(n_values - done) // columns)) if columns else 1
        lines = [stream.read_line("a grid") for _ in range(n_lines)]
        if None in lines:
            raise stream.truncated("a grid")
        text = [line for line in lines if line is not None]
        values = _parse(b"\n".join(text))
        if values is None:
            bad = next((i for i, line in enumerate(text) if _parse(line) is None), 0)
            raise _bad_line(stream, text[bad], first + bad)
        if values[n_values - done :].any():
            what = f"more numbers than a grid of {n_values} points has"
            raise line_error(stream, "corrupt", what)
        yield values[: n_values - done]
        columns = columns or values.size
        done += values.size


def _parse(text: bytes) -> FloatArray | None:
    """Return the numbers between blanks; None if there is none, or anything but finite ones."""
    if _NUMBERS.fullmatch(text) is None:
        return None
    try:
        values = np.array(_BARE_EXPONENT.sub(rb"E\1", text).split(), dtype=np.float64)
    except ValueError:
        return None
    return values if values.size and np.isfinite(values).all() else None


def _bad_line(stream: ByteStream, text: bytes, line: int) -> Exception:
    shown = text if len(text) <= _SHOWN_BYTES else text[:_SHOWN_BYTES] + b"..."
    if b"*" in text:
        what = f"a number too large for its column was written as asterisks: {shown!r}"
        return line_error(stream, "not_a_number", what, line)
    if _NO_NUMBER.search(text):
        what = f"there is no number but NaN or infinity: {shown!r}"
        return line_error(stream, "not_a_number", what, line)
    what = f"expected finite numbers, as on the other lines of the grid, got {shown!r}"
    return line_error(stream, "corrupt", what, line)


class _LongScanner:
    """Lines of five numbers such as `` 0.12345678901E+02``, with its working memory."""

    def __init__(self) -> None:
        lines = _LINES
        self._least = np.frombuffer((_FIELD * 5 + b"\n") * _GROUP, dtype=np.uint8)
        self._span = np.frombuffer((_SPAN * 5 + b"\0") * _GROUP, dtype=np.uint8)
        self._above = np.empty(lines * LINE_BYTES, dtype=np.uint8)
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
        n_bytes = n_lines * LINE_BYTES
        row = group * LINE_BYTES
        above = self._above[:n_bytes].reshape(-1, row)
        np.subtract(raw[:n_bytes].reshape(-1, row), self._least[:row], out=above)
        span = self._span[:row]
        if (np.maximum.reduce(above, axis=0) > span).any():
            bad = (above > span).reshape(n_lines, -1).any(axis=1)
            n_lines = int(bad.argmax())
        values = self._join(above.reshape(-1, LINE_BYTES)[:n_lines])
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
