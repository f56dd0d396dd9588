"""llo-dft analyze reaction: pairs, the coating between, the crystals of a study."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
from deep_engine import use_deep_engine
from typer.testing import CliRunner

from llo_dft.cli.main import app
from llo_dft.documents.stability.phase_stability import StabilityResult
from llo_dft.study.drawn.study_report import write_report

ENTRIES = Path(__file__).parents[2] / "data" / "formation_enthalpies.json"


def call(*arguments: object):
    return CliRunner().invoke(app, ["analyze", "reaction", *map(str, arguments)])


def refusal(*arguments: object) -> str:
    result = call(*arguments)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.strip().splitlines()
    return line


def test_pairs_and_the_coating_between_by_hand():
    """Li2O + SiO2 -> Li2SiO3 gains 1648.1 - 597.9 - 910.7 kJ/mol over six atoms."""
    arguments = ("Li2O", "SiO2", "--entries", ENTRIES, "--coating", "LiF")
    found = json.loads(call(*arguments, "--json").stdout)
    expected = -(1648.1 - 597.9 - 910.7) / 96.485332 / 6
    (pair,), (layer,) = found["pairs"], found["barriers"]
    assert pair["worst"]["energy_ev_per_atom"] == pytest.approx(expected, abs=1e-5)
    assert pair["worst"]["products"] == ["Li2SiO3"]
    assert pair["worst"]["fraction_of_first"] == pytest.approx(0.5)
    assert layer["without_ev_per_atom"] == pytest.approx(expected, abs=1e-5)
    assert layer["with_first_ev_per_atom"] == layer["with_second_ev_per_atom"] == 0.0
    table = call(*arguments).stdout
    assert "no exchange of Li" in table
    assert "with LiF in between, what each contact adds" in table


def test_three_phases_make_three_pairs_at_a_voltage():
    result = call("Li2O", "SiO2", "LiF", "--entries", ENTRIES, "--voltage", "3", "--json")
    found = json.loads(result.stdout)
    assert [(one["first"], one["second"]) for one in found["pairs"]] == [
        ("Li2O", "SiO2"),
        ("Li2O", "LiF"),
        ("SiO2", "LiF"),
    ]
    assert {one["voltage_v"] for one in found["pairs"]} == {3.0}


def test_what_can_not_be_used_is_one_line(tmp_path):
    assert "Li9Xx: Xx is not an element" in refusal("Li2O", "Li9Xx", "--entries", ENTRIES)
    assert call("Li2O", "SiO2", "--voltage", "nan").exit_code == 2
    assert "needs two phases" in refusal("Li2O", "--entries", ENTRIES)
    assert "is not in its own diagram" in refusal("Li2O", "LiNbO3", "--entries", ENTRIES)
    assert "--study brings its own engine" in refusal(
        "Li2O", "--entries", ENTRIES, "--study", tmp_path
    )
    assert "is not a study" in refusal("Li2O", "--study", tmp_path)
    assert "--store keeps the result in a study's folder" in refusal("Li2O", "SiO2", "--store")


def test_a_study_s_reactions_are_kept_for_its_report(finished, tmp_path, monkeypatch):
    use_deep_engine(monkeypatch)
    study = tmp_path / "study"
    shutil.copytree(finished.folder.path, study)
    arguments = ("--study", study, "--folder", tmp_path / "phases")
    shown = call("Li2O2", "--coating", "Li2O", *arguments, "--store")
    assert shown.exit_code == 0, shown.output
    assert "with Li2O in between" in shown.stdout
    kept = json.loads((study / "reactions.json").read_text())
    jsonschema.validate(kept, StabilityResult.model_json_schema())
    contents = {one["lithium_fraction"] for one in kept["crystals"].values()}
    assert {one["first"] for one in kept["pairs"]} == {f"crystal at x = {x:.2f}" for x in contents}
    page = write_report([study]).read_text(encoding="utf-8")
    assert "With Li2O in between: what each contact adds" in page
    (study / "reactions.json").write_text(json.dumps(kept | {"crystals": {}}))
    assert "present crystals; run `llo-dft analyze reaction" in write_report([study]).read_text()
