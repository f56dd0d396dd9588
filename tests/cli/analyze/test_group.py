"""The subcommands of analyze, each by its name in the README."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from llo_dft.cli.analyze.group import app

NAMES = ("vacancy", "summary", "band-center", "charge-difference", "voltage", "potential")


@pytest.mark.parametrize("name", NAMES)
def test_every_subcommand_has_help_and_json(name: str) -> None:
    done = CliRunner().invoke(app, [name, "--help"])
    assert done.exit_code == 0
    assert "--json" in done.stdout
    assert name in CliRunner().invoke(app, ["--help"]).stdout
