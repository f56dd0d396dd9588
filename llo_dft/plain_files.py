"""Files written where others may write too: never through a link that somebody put there."""

import errno
import os

from llo_dft.errors import InputError


def no_links(path: str, flags: int) -> int:
    """Open a file as ``open`` does that is given this as its ``opener``, but no link to another.

    Raises
    ------
    InputError
        If the path is a symbolic link.
    """
    try:
        return os.open(path, flags | os.O_NOFOLLOW, 0o666)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise InputError(
            f"{path} is a symbolic link, and nothing is written through one; remove it"
        ) from error
