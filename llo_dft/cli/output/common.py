"""What the commands share: errors as one line and exit status 2, and how output is printed."""

import errno
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol, TypeVar

import typer

from llo_dft.documents.document import Document
from llo_dft.errors import InputError

#: Exit status of a command whose work is complete, has gaps, or could not begin.
COMPLETE, INCOMPLETE, BAD_INPUT = 0, 1, 2


#: What to do where the file system refused something.
_REMEDIES: Final = (
    dict.fromkeys((errno.EEXIST, errno.ENOTDIR), "; a file is where a folder is needed")
    | dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "; choose a place of your own")
    | dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "; free some space and start again")
)


@contextmanager
def bad_input_in_one_line() -> Iterator[None]:
    """Turn an InputError, or a refusal of the file system, into a line and exit status 2."""
    try:
        yield
    except OSError as error:
        typer.echo(f"llo-dft: {_refusal(error)}", err=True)
        raise typer.Exit(BAD_INPUT) from error
    except InputError as error:
        for line in str(error).splitlines():
            typer.echo(f"llo-dft: {line}", err=True)
        raise typer.Exit(BAD_INPUT) from error


def _refusal(error: OSError) -> str:
    """Return what the file system refused; raises the error itself if it is not of a file."""
    if error.filename is None and error.errno != errno.ENOSPC:
        raise error
    place = "" if error.filename is None else f"{_cut(str(error.filename))}: "
    return f"{place}{error.strerror or error}{_REMEDIES.get(error.errno or 0, '')}"


def _cut(text: str, longest: int = 100) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def print_json(value: Any) -> None:  # noqa: ANN401 (whatever goes to JSON)
    """Print a value as JSON, for a script."""
    typer.echo(json.dumps(value, indent=1))


class HasProblems(Protocol):
    """Result of reading one path: problems make a command's work incomplete."""

    @property
    def problems(self) -> list[str]:
        """What is wrong with it, one sentence each."""


Read = TypeVar("Read", bound=HasProblems)
PathOrLabel = TypeVar("PathOrLabel", str, Path)


@dataclass(frozen=True)
class Unread:
    """A path that can't be used, and why."""

    path: str
    problems: list[str]


def read_each(
    paths: Sequence[PathOrLabel], read: Callable[[PathOrLabel], Read]
) -> list[Read | Unread]:
    """Read each path, or each calculation of a study; name on stderr those that can't be read."""
    found: list[Read | Unread] = []
    for path in paths:
        try:
            found.append(read(path))
        except (InputError, OSError) as error:
            why = _refusal(error) if isinstance(error, OSError) else str(error)
            typer.echo(f"llo-dft: {why}", err=True)
            found.append(Unread(str(path), [why]))
    return found


def as_record(one: Document | Unread) -> dict[str, Any]:
    """Return a document, or the problems of a path that can't be read, for JSON."""
    return vars(one) if isinstance(one, Unread) else one.model_dump(mode="json")


def leave(found: Sequence[HasProblems]) -> NoReturn:
    """End a command that read each of several paths, with its exit status."""
    if all(isinstance(one, Unread) for one in found):
        raise typer.Exit(BAD_INPUT)
    raise typer.Exit(INCOMPLETE if any(one.problems for one in found) else COMPLETE)


def print_remarks(problems: Sequence[str], notes: Sequence[str], indent: str = "") -> None:
    """Print the problems of a result, and the notes on it."""
    for name, texts in (("problem", problems), ("note", notes)):
        for text in texts:
            typer.echo(f"{indent}{name}: {text}")


def on_terminal() -> bool:
    """Return whether progress goes to a terminal."""
    return sys.stderr.isatty()
