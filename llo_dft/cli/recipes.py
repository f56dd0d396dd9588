"""llo-dft recipes and init: the recipes that come with the package, and one to start from."""

from pathlib import Path

import typer

from llo_dft.cli.options import AsJson
from llo_dft.cli.output.common import print_json
from llo_dft.errors import InputError
from llo_dft.recipe import NAME_PATTERN
from llo_dft.resources import packaged_recipes, resource_path


def recipes(*, as_json: AsJson = False) -> None:
    """List the recipes that come with the package."""
    found = packaged_recipes()
    if as_json:
        print_json(found)
        return
    width = max(map(len, found))
    for name, about in found.items():
        typer.echo(f"{name:{width}}  {about}")


def init(
    name: str = typer.Argument(help="Name of the study; the recipe is written to NAME.toml."),
) -> None:
    """Write a commented recipe to start from into the current folder."""
    if not NAME_PATTERN.fullmatch(name):
        raise InputError(
            f"a study can't be called {name!r}; use letters, digits, spaces and . _ + -, "
            "at most 64 characters, beginning with a letter or digit"
        )
    path = Path(f"{name}.toml")
    if path.exists():
        raise InputError(f"{path} already exists; choose another name")
    template = resource_path("workflows", "any_cathode.toml").read_text(encoding="utf-8")
    path.write_text(
        template.replace('name = "any_cathode"', f'name = "{name}"', 1), encoding="utf-8"
    )
    typer.echo(f"wrote {path}; edit it, then run: llo-dft run {str(path)!r} -o {name!r}")
