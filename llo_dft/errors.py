"""Errors that several rooms raise and others tell apart by their class."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class InputError(ValueError):
    """What the user gave can't be used; says what came, what is expected, what to do.

    The command line turns it into one line of text and exit status 2.
    """


class CalculationError(RuntimeError):
    """A calculation that ended without a result; the message is the reason that is stored.

    Attributes
    ----------
    corrections
        What was corrected before it came to that.
    """

    def __init__(self, message: str, corrections: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.corrections = list(corrections)
