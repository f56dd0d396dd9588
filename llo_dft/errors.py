"""Errors that several rooms raise and others tell apart by their class."""

import re
from collections.abc import Iterable
from typing import Final

#: Characters that move a terminal's cursor, colour it or answer for its user; not tab and newline.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """Return a text with its control characters spelt out: what a file says may be anybody's."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def cut(text: str, longest: int) -> str:
    """Return a text, or so much of a long one that it has ``longest`` characters."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


class InputError(ValueError):
    """What the user gave can't be used; says what came, what is expected, what to do.

    The command line turns it into one line of text and exit status 2.
    """

    def __str__(self) -> str:
        """Return the message, without characters that a terminal obeys."""
        return printable(super().__str__())


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
