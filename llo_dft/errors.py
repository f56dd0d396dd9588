"""The one error that the command line turns into a line of text and exit status 2."""

from __future__ import annotations


class InputError(ValueError):
    """Something that the user gave can't be used; says what came, what is expected, what to do."""
