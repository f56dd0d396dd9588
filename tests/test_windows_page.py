"""The page of windows prints what the files beside it hold, and what the commands give today."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest

from llo_dft.analysis.cell_stack import USUAL_CATHODES, cell_energy
from llo_dft.analysis.stability.windows import stability_window
from llo_dft.documents.stability.cell_energy import CellParameters
from llo_dft.documents.stability.phase_stability import StabilityResult
from llo_dft.runs.phases.entries_file import read_entries

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "windows.md").read_text(encoding="utf-8")
RESULT = StabilityResult.model_validate_json((DOCS / "windows" / "windows.json").read_bytes())
WINDOWS = {one.formula: one for one in RESULT.windows}


def test_the_table_of_windows_is_that_of_the_result():
    rows = re.findall(r"^\| (Li\w+) \| ([0-9.]+), ([0-9.]+) \|", PAGE, re.MULTILINE)
    assert len(rows) == 9
    for formula, reduction, oxidation in rows:
        found = WINDOWS[formula]
        assert f"{found.reduction_v:.2f}" == reduction
        assert f"{found.oxidation_v:.2f}" == oxidation


def test_the_differences_are_those_of_the_first_published_values():
    two = r"([-+0-9.]+), ([-+0-9.]+)"
    rows = re.findall(rf"^\| Li\w+ \| {two} \| {two} \[.*?\| {two} \|", PAGE, re.MULTILINE)
    assert len(rows) == 9
    for *values, low, high in rows:
        reduction, oxidation, published_low, published_high = map(float, values)
        assert f"{reduction - published_low:+.2f}" == low
        assert f"{oxidation - published_high:+.2f}" == high


def test_the_steps_of_li3po4_and_both_niobates_are_those_of_the_result():
    above = [step.from_v for step in WINDOWS["Li3PO4"].steps if step.from_v > 4.0]
    one, two, three = (f"{volt:.2f}" for volt in above)
    assert f"here at {one}, {two} and {three} V." in PAGE
    for formula in ("LiNbO3", "LiTaO3"):
        found = WINDOWS[formula]
        window = f"{found.reduction_v:.2f} to {found.oxidation_v:.2f}"
        assert f"| window of {formula} | {window} |" in PAGE


def test_the_table_of_measured_enthalpies_is_that_of_the_file():
    energies = read_entries(Path(__file__).parent / "data" / "formation_enthalpies.json")
    rows = re.findall(r"^\| (Li\w+) \| ([0-9.]+) \| ([0-9.]+) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 4
    for formula, engine, measured in rows:
        assert f"{WINDOWS[formula].oxidation_v:.2f}" == engine
        assert f"{stability_window(energies, formula).oxidation_v:.2f}" == measured


def test_the_energies_of_cells_are_those_of_the_defaults():
    cells = {one.name: cell_energy(one, CellParameters()).wh_per_kg for one in USUAL_CATHODES}
    for name in ("LiFePO4", "LiCoO2", "NMC622", "NMC811"):
        assert f"{name} {cells[name]:.0f}" in PAGE
    assert f"3.6 V {cells['LLO']:.0f} Wh/kg" in PAGE

    def at(name: str, microns: float) -> float:
        material = next(one for one in USUAL_CATHODES if one.name == name)
        return cell_energy(material, CellParameters(electrolyte_thickness=microns)).wh_per_kg

    assert at("LLO", 22) > 500 > at("LLO", 23)
    assert at("NMC811", 19) > 450 > at("NMC811", 20)


def test_the_arithmetic_of_the_stored_result_holds_together():
    """Steps follow one another, and the energy of a window of a stable phase is zero."""
    for one in json.loads((DOCS / "windows" / "windows.json").read_text())["windows"]:
        steps = one["steps"]
        assert [a["to_v"] for a in steps[:-1]] == [b["from_v"] for b in steps[1:]]
        for a, b in itertools.pairwise(steps):
            assert a["energy_to_ev_per_atom"] == pytest.approx(
                b["energy_from_ev_per_atom"], abs=1e-6
            )
