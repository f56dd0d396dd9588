"""llo-dft recipes: the recipes that come with the package."""

import typer

from llo_dft.cli.options import AsJson
from llo_dft.cli.output.common import bad_input_in_one_line, print_json


def recipes(*, as_json: AsJson = False) -> None:
    """List the recipes that come with the package."""
    with bad_input_in_one_line():
        from llo_dft.resources import packaged_recipes  # noqa: PLC0415 (keeps --help fast)

        found = packaged_recipes()
    if as_json:
        print_json(found)
        return
    width = max(map(len, found))
    for name, about in found.items():
        typer.echo(f"{name:{width}}  {about}")
