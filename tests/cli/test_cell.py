"""llo-dft cell: what it prints, and what it refuses in one line."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from llo_dft.cli.main import app
from llo_dft.documents.stability.cell_energy import CellResult

STUDY = Path(__file__).parents[2] / "docs" / "quickstart"


def call(*arguments: object):
    return CliRunner().invoke(app, ["cell", *map(str, arguments)])


def refusal(*arguments: object) -> str:
    result = call(*arguments)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.strip().splitlines()
    return line


def test_table_figure_and_json(tmp_path):
    figure = tmp_path / "cells.png"
    result = call("--study", STUDY, "--figure", figure)
    assert result.exit_code == 0, result.output
    assert "quickstart, bare" in result.stdout
    assert "left out: housing" in result.stdout
    assert figure.is_file()
    arguments = ("--cathode", "mine=200:4:5", "--set", "electrolyte_thickness=0", "--json")
    found = json.loads(call(*arguments, "--thickness", "0:10:3").stdout)
    jsonschema.validate(found, CellResult.model_json_schema())
    assert [one["name"] for one in found["cathodes"]] == ["mine"]
    assert found["cells"][0] == found["curves"]["mine"][0]
    assert found["cells"][0]["wh_per_kg"] == pytest.approx(16e3 / (25 + 0.2072 + 4.308), rel=1e-4)


def test_what_can_not_be_used_is_one_line():
    assert "NAME=CAPACITY:VOLTAGE:DENSITY" in refusal("--cathode", "mine")
    assert "capacity_mah_per_g" in refusal("--cathode", "mine=-1:4:5")
    assert "less than or equal to 4000" in refusal("--cathode", "mine=1e308:4:5")
    assert "expected PARAMETER=VALUE of areal_capacity" in refusal("--set", "colour=red")
    assert "--set active_fraction=2" in refusal("--set", "active_fraction=2")
    assert "of -5 um; expected 0 or more" in refusal("--thickness=-5:10:3")
