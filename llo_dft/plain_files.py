"""Folders where others may write too: no link is written through, and no matplotlibrc obeyed."""

import errno
import os
from contextlib import chdir
from importlib import import_module
from pathlib import Path

from llo_dft.errors import InputError


def no_links(path: str, flags: int) -> int:
    """Open a file as ``open`` does that is given this as its ``opener``, but no link to another.

    Raises ``InputError`` if the path is a symbolic link.
    """
    try:
        return os.open(path, flags | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise InputError(
            f"{path} is a symbolic link, and nothing is written through one; remove it"
        ) from error


def pass_over_matplotlibrc() -> None:
    """See to it that a matplotlibrc in the current folder, which may be anybody's, has no say.

    matplotlib reads it when it is first imported; before 3.11 it evaluates what stands there, and
    ``text.usetex`` starts LaTeX.
    """
    if os.path.lexists("matplotlibrc"):
        with chdir(Path(__file__).parent):
            import_module("matplotlib")
