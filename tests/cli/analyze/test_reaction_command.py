"""llo-dft analyze reaction: pairs, the coating between, the crystals of a study."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llo_dft.cli.analyze.reaction_command import _source_of_study
from llo_dft.cli.main import app
from llo_dft.testing.fake_engine import FakeEngine

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
    assert "nothing is exchanged" in table
    assert "with LiF between, what each contact adds" in table


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
    assert "Li9Xx: Xx is no element" in refusal("Li2O", "Li9Xx", "--entries", ENTRIES)
    assert "needs two phases" in refusal("Li2O", "--entries", ENTRIES)
    assert "is not in its own diagram" in refusal("Li2O", "LiNbO3", "--entries", ENTRIES)
    assert "--study brings its own engine" in refusal(
        "Li2O", "--entries", ENTRIES, "--study", tmp_path
    )
    assert "holds no study" in refusal("Li2O", "--study", tmp_path)


def test_a_study_brings_its_crystals_and_its_engine(finished, monkeypatch, tmp_path):
    made = []

    def engine(settings):
        made.append(settings)
        return FakeEngine()

    monkeypatch.setattr("llo_dft.engines.registry.engine_from", engine)
    source = _source_of_study(finished.folder.path, tmp_path / "phases")
    assert made == [finished.folder.recipe().engine]
    assert "crystal at x = 1.00" in source.fixed
    assert {"Li", "O"} < source.elements_of("crystal at x = 1.00")
