"""Two limits on the command line, as LO:HI."""

from __future__ import annotations

import math

from llo_dft.errors import InputError


def parse_limits(text: str, expected: str) -> tuple[float, float]:
    """Return LO and HI.

    Parameters
    ----------
    text
        ``LO:HI``, two numbers.
    expected
        What to say is expected, with the option's name and the unit.

    Raises
    ------
    InputError
        If it is anything else, or LO is not below HI.
    """
    low, _, high = text.partition(":")
    try:
        limits = (float(low), float(high))
    except ValueError:
        limits = (0.0, 0.0)
    if not limits[0] < limits[1] or not all(map(math.isfinite, limits)):
        raise InputError(f"{expected} with LO below HI, got {text!r}")
    return limits
