"""llo-dft analyze window: what it prints, and what it refuses in one line."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from llo_dft.cli.main import app
from llo_dft.documents.stability.phase_stability import StabilityResult

ENTRIES = Path(__file__).parents[2] / "data" / "formation_enthalpies.json"


def call(*arguments: object):
    return CliRunner().invoke(app, ["analyze", "window", *map(str, arguments)])


def refusal(*arguments: object) -> str:
    result = call(*arguments)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.strip().splitlines()
    return line


def test_json_table_and_figure_of_a_file_of_entries(tmp_path):
    figure = tmp_path / "windows.png"
    result = call(
        "Li3PO4", "LiF", "--entries", ENTRIES, "--cathode", "LiCoO2=3.9:4.3", "--figure", figure
    )
    assert result.exit_code == 0, result.output
    assert "Li3PO4 (Li3PO4): window" in result.stdout
    assert "can only make the window narrower" in result.stdout
    assert "LiF (LiF): window 0.00 V to beyond the range" in result.stdout
    assert figure.is_file()
    found = json.loads(call("Li3PO4", "--entries", ENTRIES, "--json").stdout)
    assert found["windows"][0]["oxidation_v"] == pytest.approx(4.6408, abs=1e-4)
    assert "Li4P2O7" in found["windows"][0]["missing"]
    jsonschema.validate(found, StabilityResult.model_json_schema())
    with pytest.raises(jsonschema.ValidationError, match="'source' is a required property"):
        jsonschema.validate({"windows": []}, StabilityResult.model_json_schema())


def test_a_study_gives_the_charge_range_of_its_cathode():
    study = Path(__file__).parents[3] / "docs" / "quickstart"
    result = call("LiF", "--entries", ENTRIES, "--study", study)
    assert result.exit_code == 0, result.output
    assert "is charged from" in result.stdout


def test_what_can_not_be_used_is_one_line(tmp_path):
    assert "Li9Xx: Xx is not an element" in refusal("Li9Xx", "--entries", ENTRIES)
    assert "LiNbO3 is not in its own diagram" in refusal("LiNbO3", "--entries", ENTRIES)
    assert "NAME=LO:HI" in refusal("LiF", "--entries", ENTRIES, "--cathode", "LiCoO2")
    assert "with LO below HI" in refusal("LiF", "--entries", ENTRIES, "--cathode", "a=4:3")
    assert "one source" in refusal("LiF", "--entries", ENTRIES, "--materials-project")
    assert "can't be combined with another source" in refusal(
        "LiF", "--entries", ENTRIES, "--engine", "chgnet"
    )
    assert "MP_API_KEY" in refusal("LiF", "--materials-project")
    mixed = json.loads(ENTRIES.read_text())
    mixed[0]["correction"] = -0.7
    path = tmp_path / "mixed.json"
    path.write_text(json.dumps(mixed))
    assert "mixes raw and corrected energies" in refusal("LiF", "--entries", path)


@pytest.mark.slow
def test_windows_by_the_embedded_engine(tmp_path):
    """Within 0.2 V of published ones where no known phase decides that is missing."""
    pytest.importorskip("chgnet")
    result = call("Li3InCl6", "Li3YCl6", "--folder", tmp_path / "phases", "--json")
    assert result.exit_code == 0, result.output
    found = {one["formula"]: one for one in json.loads(result.stdout)["windows"]}
    published = {"Li3InCl6": (2.38, 4.26), "Li3YCl6": (0.62, 4.21)}
    for formula, (reduction, oxidation) in published.items():
        assert found[formula]["reduction_v"] == pytest.approx(reduction, abs=0.2)
        assert found[formula]["oxidation_v"] == pytest.approx(oxidation, abs=0.2)
