"""Errors of a user as one line and exit status 2."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer

from llo_dft.errors import InputError, cut

#: Exit status of a command that could not begin.
BAD_INPUT: Final = 2

#: What to do where the file system refused something.
_REMEDIES: Final = (
    dict.fromkeys((errno.EEXIST, errno.ENOTDIR), "; a file is where a folder is needed")
    | dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "; choose a place of your own")
    | dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "; free some space and start again")
)


@contextmanager
def bad_input_in_one_line() -> Iterator[None]:
    """Turn an InputError, or a refusal of the file system, into a line and exit status 2.

    All commands run in it; as a decorator it keeps their parameters.
    """
    try:
        yield
    except OSError as error:
        typer.echo(f"llo-dft: {refusal(error)}", err=True)
        raise typer.Exit(BAD_INPUT) from error
    except InputError as error:
        for line in str(error).splitlines():
            typer.echo(f"llo-dft: {line}", err=True)
        raise typer.Exit(BAD_INPUT) from error


def refusal(error: OSError) -> str:
    """Return what the file system refused; raises the error itself if it is not of a file."""
    if error.filename is None and error.errno != errno.ENOSPC:
        raise error
    place = "" if error.filename is None else f"{cut(str(error.filename), 100)}: "
    return f"{place}{error.strerror or error}{_REMEDIES.get(error.errno or 0, '')}"
