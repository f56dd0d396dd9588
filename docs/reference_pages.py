"""Hooks of mkdocs: the pages of the reference, made of the code; formulas as MathML."""

from __future__ import annotations

import html
import pkgutil
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer.cli
from latex2mathml.converter import convert
from mkdocs.structure.files import File

import llo_dft
from llo_dft.cli.main import app

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

COMMAND_LINE = "reference/cli.md"
#: The command line has a page of its own; __main__ only calls it.
MODULES = [
    module.name
    for module in pkgutil.iter_modules(llo_dft.__path__)
    if module.name not in {"cli", "__main__"}
]
PAGES = {f"llo_dft.{name}": f"reference/{name}.md" for name in MODULES}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Complete the navigation: further guides, and the reference before what developers read."""
    guides = next(entry["Guides"] for entry in config["nav"] if "Guides" in entry)
    pages = {page.name for page in Path(config["docs_dir"]).glob("*.md")}
    guides.extend(sorted(pages - {"index.md", "start.md", "numbers.md"}))
    python: list[dict[str, Any]] = [{name: page} for name, page in PAGES.items()]
    config["nav"].insert(-1, {"Reference": [{"Command line": COMMAND_LINE}, {"Python": python}]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages: the help of every command, and the docstrings of each room."""
    command = typer.main.get_command(app)
    text = typer.cli.get_docs_for_click(obj=command, ctx=typer.Context(command), name="llo-dft")
    files.append(File.generated(config, COMMAND_LINE, content=text))
    for name, page in PAGES.items():
        files.append(File.generated(config, page, content=f"# {name}\n\n::: {name}\n"))
    return files


def on_page_content(content: str, **_: object) -> str:
    """Write formulas as MathML, which browsers show without a script."""
    found = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
    return found.sub(
        lambda formula: convert(
            html.unescape(formula[2]), display="inline" if formula[1] == "span" else "block"
        ),
        content,
    )
