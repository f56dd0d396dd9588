"""The pages of the documentation: their commands, recipes, examples, paths and answers are true."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main

from llo_dft.cli.main import app
from llo_dft.recipe import Coating, Recipe

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
NAMES = sorted(TEXTS)


def blocks(text: str, language: str) -> list[str]:
    """Contents of the fenced blocks of one language; the fence may carry a title."""
    return re.findall(
        rf"^```{language}(?: [^\n]*)?\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL
    )


def commands(text: str) -> list[list[str]]:
    """Words of each command of ours in a page."""
    lines = [line for block in blocks(text, "bash") for line in block.splitlines()]
    found = [re.search(r"llo-dft (.*)", line.partition(" #")[0]) for line in lines]
    return [shlex.split(match[1]) for match in found if match and not match[0].startswith("#")]


@pytest.mark.parametrize("page", NAMES)
def test_commands_and_their_options_exist(page: str) -> None:
    for asked in commands(TEXTS[page]):
        words, command = list(asked), typer.main.get_command(app)
        while hasattr(command, "commands"):
            assert words[0] in command.commands, asked
            command = command.get_command(typer.Context(command), words.pop(0))
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= options, asked


def keys(model: Any, table: dict[str, Any], where: str) -> None:
    """Check that each key of a part of a recipe exists, as deep as the models go."""
    for key, value in table.items():
        assert key in model.model_fields, f"{where}{key}"
        inner = model.model_fields[key].annotation
        options = [inner, *getattr(inner, "__args__", ())]
        models = [one for one in options if hasattr(one, "model_fields")]
        if isinstance(value, dict) and models:
            keys(models[0], value, f"{where}{key}.")


@pytest.mark.parametrize("page", NAMES)
def test_every_recipe_of_a_page_has_known_keys(page: str) -> None:
    for block in blocks(TEXTS[page], "toml"):
        recipe = tomllib.loads(block)
        for coating in recipe.pop("coatings", {}).values():  # those of a screen
            keys(Coating, coating, "coatings.")
        keys(Recipe, recipe, "")


@pytest.mark.parametrize("page", NAMES)
def test_every_python_block_compiles(page: str) -> None:
    for block in blocks(TEXTS[page], "python"):
        compile(block, page, "exec")


@pytest.mark.parametrize("page", NAMES)
def test_every_file_that_it_names_is_there(page: str) -> None:
    named = re.findall(
        r"`((?:llo_dft|tests|structures|benchmarks|docs|workflows|hpc_configs|\.ci)/[\w./-]*)`",
        TEXTS[page],
    )
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", NAMES)
def test_every_picture_and_page_that_it_links_is_there(page: str) -> None:
    links = re.findall(r"\]\(((?!https?:)[^)#\s]+)", TEXTS[page])
    folder = (ROOT / page).parent
    missing = [link for link in links if not (folder / link).exists()]
    assert [link for link in missing if "reference/" not in link] == []  # made by the build


def test_the_readme_is_short() -> None:
    assert len(TEXTS["README.md"].split()) <= 900
