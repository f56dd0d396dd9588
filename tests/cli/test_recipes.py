"""llo-dft recipes and init: what comes with the package, and a recipe to start from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from llo_dft.cli.main import app
from llo_dft.recipe import load_recipe
from llo_dft.resources import packaged_recipes


def test_each_has_a_line_with_what_it_is_for() -> None:
    done = CliRunner().invoke(app, ["recipes"])
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(packaged_recipes())


def test_a_script_reads_names_and_purposes() -> None:
    assert json.loads(CliRunner().invoke(app, ["recipes", "--json"]).stdout) == packaged_recipes()


def test_init_writes_a_recipe_that_builds(command: Any, tmp_path: Path) -> None:
    written = command("init", "my study")
    assert written.exit_code == 0
    assert "my study.toml" in written.stdout
    assert load_recipe(tmp_path / "my study.toml").study.name == "my study"
    built = command("build", "my study.toml", "-o", "out")
    assert (built.exit_code, built.stderr) == (0, "")
    assert (tmp_path / "out" / "manifest.json").is_file()


def test_init_overwrites_nothing(command: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("precious", encoding="utf-8")
    refused = command("init", "mine")
    assert refused.exit_code == 2
    assert refused.stderr == "llo-dft: mine.toml already exists; choose another name\n"
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("name", ["../up", ".hidden", "a/b", "", "x" * 65])
def test_init_takes_no_name_that_leads_elsewhere(command: Any, tmp_path: Path, name: str) -> None:
    refused = command("init", name)
    assert refused.exit_code == 2
    assert refused.stderr.startswith(f"llo-dft: a study can't be called {name!r}; use letters")
    assert list(tmp_path.iterdir()) == []
