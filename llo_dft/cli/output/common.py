"""What the commands share: reading several paths, how output is printed, exit status."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeVar

import typer

from llo_dft.cli.output.error_lines import BAD_INPUT, refusal
from llo_dft.documents.document import Document
from llo_dft.errors import InputError

#: Exit status of a command whose work is complete, or has gaps.
COMPLETE, INCOMPLETE = 0, 1

Printed = TypeVar("Printed", bound=Document)


def print_json(value: Any) -> None:  # noqa: ANN401 (whatever goes to JSON)
    """Print a value as JSON, for a script."""
    typer.echo(json.dumps(value, indent=1))


def print_document(document: Printed, printed: Callable[[Printed], None], *, as_json: bool) -> None:
    """Print a document as JSON, or by a function that prints it for people."""
    if as_json:
        print_json(document.model_dump(mode="json"))
    else:
        printed(document)


def print_phase(phase: str) -> None:
    """Show on stderr which phase an engine computes."""
    typer.echo(f"phase {phase}", err=True)


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
            why = refusal(error) if isinstance(error, OSError) else str(error)
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
