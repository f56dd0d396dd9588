"""Ranges of numbers on the command line, as LO:HI:N."""

from __future__ import annotations

import math

from llo_dft.errors import InputError

#: Most points of a range: a map of so many by so many is larger than any figure.
MOST_POINTS = 1000


def parse_range(option: str, text: str, *, logarithmic: bool = False) -> list[float]:
    """Return N numbers from LO to HI, both counted.

    Parameters
    ----------
    option
        Where it came from, for the message.
    text
        ``LO:HI:N`` with LO below HI and N of 2 or more.
    logarithmic
        Whether to space them evenly in the logarithm; LO must then be positive.

    Raises
    ------
    InputError
        If it is anything else.
    """
    parts = text.split(":")
    try:
        low, high, n = float(parts[0]), float(parts[1]), int(parts[2])
    except (ValueError, IndexError):
        low, high, n = 0.0, 0.0, 0
    fits = len(parts) == 3 and math.isfinite(low) and math.isfinite(high) and low < high  # noqa: PLR2004
    if not fits or not 2 <= n <= MOST_POINTS or (logarithmic and low <= 0):  # noqa: PLR2004
        positive = "positive " if logarithmic else ""
        raise InputError(
            f"{option} must be LO:HI:N with {positive}LO below HI and N from 2 to {MOST_POINTS}, "
            f"got {text!r}"
        )
    if logarithmic:
        low, high = math.log10(low), math.log10(high)
    points = [low + (high - low) * i / (n - 1) for i in range(n)]
    return [10.0**point for point in points] if logarithmic else points
