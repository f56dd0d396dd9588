"""What the commands share: errors as one line and exit status 2, and how output is printed."""

from __future__ import annotations

import errno
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from llo_dft.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llo_dft.recipe import Recipe

#: Exit status of a command whose work is complete, has gaps, could not begin, or broke down by a
#: fault of this package (then with its traceback).
COMPLETE, INCOMPLETE, BAD_INPUT, CRASHED = 0, 1, 2, 70


@contextmanager
def bad_input_in_one_line() -> Iterator[None]:
    """Turn an InputError, or a refusal of the file system, into a line and exit status 2."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno != errno.ENOSPC:
            raise
        place = "" if error.filename is None else f"{_cut(str(error.filename))}: "
        typer.echo(f"llo-dft: {place}{error.strerror or error}", err=True)
        raise typer.Exit(BAD_INPUT) from error
    except InputError as error:
        for line in str(error).splitlines():
            typer.echo(f"llo-dft: {line}", err=True)
        raise typer.Exit(BAD_INPUT) from error


def _cut(text: str, longest: int = 100) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def print_json(value: Any) -> None:  # noqa: ANN401 (whatever goes to JSON)
    """Print a value as JSON, for a script."""
    typer.echo(json.dumps(value, indent=1))


def find_recipe(name: str) -> tuple[Recipe, Path]:
    """Return a recipe and its folder: a file, or one that comes with the package by its name.

    Raises
    ------
    InputError
        If there is none, or it can't be used.
    """
    from llo_dft.recipe import RecipeError, load_recipe  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.resources import resource_path  # noqa: PLC0415

    path = Path(name)
    if not path.is_file() and path.suffix == "" and path.name == name:
        try:
            path = resource_path("workflows", f"{name}.toml")
        except FileNotFoundError as error:
            raise RecipeError(f"there is no recipe file {name}, and {error}") from error
    return load_recipe(path), path.resolve().parent


def recipe_with(
    name: str, *, engine: str | None, protocol: str | None, scheme: str | None = None
) -> tuple[Recipe, Path]:
    """Return a recipe as ``find_recipe`` does, with another engine, protocol or O2 scheme.

    Raises
    ------
    InputError
        Also if there is no such scheme.
    """
    from llo_dft.recipe import with_engine  # noqa: PLC0415 (keeps --help fast)

    recipe, folder = find_recipe(name)
    return with_engine(recipe, engine=engine, protocol=protocol, scheme=scheme), folder


def on_terminal() -> bool:
    """Tell whether the output is read by a person at a terminal."""
    return sys.stderr.isatty()
