"""Numbers and flags as Fortran writes them, whole arrays at a time where there are many."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Numbers on a line of a grid file.
_GRID_COLUMNS = 5


def fixed(values: Iterable[float], width: int, decimals: int) -> str:
    """Return numbers in fixed point, each in its column; what is no number is NaN."""
    return "".join(f"{value:{width}.{decimals}f}" for value in values).replace("nan", "NaN")


def exponential(value: float, width: int, digits: int) -> str:
    """Return a number as Fortran's Ew.d, with a zero before the point; or NaN."""
    if not math.isfinite(value):
        return "NaN".rjust(width)
    mantissa, _, power = f"{abs(value):.{digits - 1}E}".partition("E")
    exponent = int(power) + 1 if value else 0
    text = f"{'-' if value < 0 else ''}0.{mantissa.replace('.', '')}E{exponent:+03d}"
    return text.rjust(width)


def flag(value: bool) -> str:  # noqa: FBT001 (it is the value to be written)
    """Return a logical."""
    return "T" if value else "F"


def rows(columns: np.ndarray, prefix: str, suffix: str, width: int = 11, decimals: int = 4) -> str:
    """Return rows of numbers in fixed point.

    Parameters
    ----------
    columns
        Shape (n_columns, n_rows); no number may need more than ``width`` characters.
    prefix, suffix
        What stands before and after the numbers of each row; the line break is added.
    """
    n_columns, n_rows = columns.shape
    scaled = np.rint(np.asarray(columns, dtype=np.float64).T * 10.0**decimals).astype(np.int64)
    number = np.abs(scaled)
    field = np.full((n_rows, n_columns, width), ord(" "), dtype=np.uint8)
    point = width - 1 - decimals
    begun = np.ones_like(number, dtype=bool)  # digits are still to come
    signed = scaled < 0  # the sign is still to come
    for place in range(width - 1, -1, -1):
        if place == point:
            field[..., place] = ord(".")
            continue
        number, digit = np.divmod(number, 10)
        field[..., place] = np.where(begun, digit + ord("0"), ord(" "))
        field[..., place][~begun & signed] = ord("-")
        if place < point:
            signed &= begun
            begun &= number > 0
            if not (begun.any() or signed.any()):
                break
    head = np.frombuffer(prefix.encode(), np.uint8)
    tail = np.frombuffer(f"{suffix}\n".encode(), np.uint8)
    whole = np.empty((n_rows, len(head) + n_columns * width + len(tail)), dtype=np.uint8)
    whole[:, : len(head)] = head
    whole[:, len(head) : whole.shape[1] - len(tail)] = field.reshape(n_rows, -1)
    whole[:, whole.shape[1] - len(tail) :] = tail
    return whole.tobytes().decode("ascii")


def grid_lines(values: np.ndarray) -> bytes:
    """Return numbers five to a line in Fortran's 5(1X,E17.11), as grid files have them."""
    size = np.abs(values)
    size[size < 1e-98] = 0.0
    exponent = np.zeros(size.shape, dtype=np.int64)
    used = size > 0
    exponent[used] = np.floor(np.log10(size[used])).astype(np.int64) + 1
    digits = np.rint(size * 10.0 ** (11 - exponent)).astype(np.int64)
    over = digits >= 10**11
    digits[over] //= 10
    exponent[over] += 1
    text = np.empty((values.size, 18), dtype=np.uint8)
    text[:] = np.frombuffer(b" 0.00000000000E+00", np.uint8)
    text[:, 1][(values < 0) & (digits > 0)] = ord("-")
    for place in range(13, 2, -1):
        digits, digit = np.divmod(digits, 10)
        text[:, place] = digit + ord("0")
    text[:, 15][exponent < 0] = ord("-")
    text[:, 16], text[:, 17] = np.divmod(np.abs(exponent), 10) + np.array([[ord("0")]])
    return _broken_into_lines(text)


def _broken_into_lines(text: np.ndarray) -> bytes:
    whole = len(text) - len(text) % _GRID_COLUMNS
    body = np.full((whole // _GRID_COLUMNS, _GRID_COLUMNS * 18 + 1), ord("\n"), dtype=np.uint8)
    body[:, :-1] = text[:whole].reshape(len(body), _GRID_COLUMNS * 18)
    rest = text[whole:].tobytes()
    return body.tobytes() + (rest + b"\n" if rest else b"")
