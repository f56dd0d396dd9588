"""llo-dft recipes: what comes with the package."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from llo_dft.cli.main import app
from llo_dft.resources import packaged_recipes


def test_each_has_a_line_with_what_it_is_for() -> None:
    done = CliRunner().invoke(app, ["recipes"])
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(packaged_recipes())


def test_a_script_reads_names_and_purposes() -> None:
    assert json.loads(CliRunner().invoke(app, ["recipes", "--json"]).stdout) == packaged_recipes()
