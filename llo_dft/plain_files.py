"""Folders where others may write too: no link is written through, and no matplotlibrc obeyed."""

import errno
import hashlib
import json
import os
from collections.abc import Callable
from contextlib import chdir
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from llo_dft.errors import InputError

#: Key under which a stored document has the digest of all else in it.
_DIGEST: Final = "digest"


def from_json(text: str | bytes, hook: Callable[[dict[str, Any]], Any] | None = None) -> Any:  # noqa: ANN401
    """Return what JSON of anybody's says; ``hook`` is given each object.

    Raises ``ValueError`` if it is no JSON, or nested more deeply than any document is.
    """
    try:
        return json.loads(text, object_hook=hook)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def sealed(fields: dict[str, Any]) -> dict[str, Any]:
    """Return what goes into JSON with a digest of itself, so that no change of it is unnoticed."""
    return fields | {_DIGEST: _digest(fields)}


def unseal(fields: dict[str, Any]) -> bool:
    """Take the digest out of fields again; tell whether they are as ``sealed`` was given them.

    Those of older versions, which have none, are.
    """
    written = fields.pop(_DIGEST, None)
    return written is None or written == _digest(fields)


def _digest(fields: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


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
