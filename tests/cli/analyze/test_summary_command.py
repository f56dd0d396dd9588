"""llo-dft analyze summary, on plain VASP run folders."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from run_folders import outcar_of, outcar_with, run_folder
from typer.testing import CliRunner

from llo_dft.cli.main import app
from llo_dft.testing.vasprun_writer import Run

if TYPE_CHECKING:
    from click.testing import Result


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["analyze", *map(str, arguments)])


def test_summary_of_a_run(tmp_path):
    path = run_folder(tmp_path, "run", Run(u_values={"Mn": 3.9}), outcar_of(6))
    result = call("summary", path, "--json")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    assert found["formula"] == "Li2 Mn1 O3"
    assert found["energy_ev"] == pytest.approx(-41.25248314, abs=1e-8)
    assert found["converged"]["electronic"] is found["converged"]["ionic"] is True
    assert found["fingerprint"]["functional"] == "PBE+U"
    assert found["fingerprint"]["u_values_ev"] == {"Mn": 3.9}
    assert found["moments"]["sites_mu_b"] == pytest.approx(
        [0.103, 0.203, 0.303, 0.403, 0.503, 0.603]
    )
    assert found["moments"]["total_mu_b"] == pytest.approx(-1.0)
    assert found["gap_ev"] == pytest.approx(2.6488)
    assert found["wall_s"] == 123.456
    assert found["problems"] == []


def test_oxidation_states_of_a_run(tmp_path):
    path = run_folder(tmp_path, "run", Run(), outcar_with([0.0, 0.0, 3.1, 0.05, -0.71, 0.04]))
    (found,) = json.loads(call("summary", path, "--json").stdout)
    states = found["oxidation_states"]
    assert states["counts"] == {"Li+": 2, "Mn4+": 1, "O-": 1, "O2-": 2}
    assert [atom["state"] for atom in states["atoms"]] == [1, 1, 4, -2, -1, -2]
    # two Li, a Mn and three O with 37 valence electrons less those of the run
    assert states["cell_charge_e"] == 37 - Run().n_electrons
    assert states["balanced"] is (states["cell_charge_e"] == 1.0)
    result = call("summary", path)
    assert "Mn4+    1  3.10 to 3.10 mu_B" in result.stdout
    assert "charge: the states add up to" in result.stdout
    path = run_folder(tmp_path, "odd", Run(), outcar_with([0.0, 0.0, 3.5, 0.0, 0.0, 0.0]))
    assert (
        "Mn?    1  3.50 to 3.50 mu_B; 3.50 mu_B lies between Mn4+" in call("summary", path).stdout
    )
    bare = run_folder(tmp_path, "bare", Run())
    assert json.loads(call("summary", bare, "--json").stdout)[0]["oxidation_states"] is None


def test_bad_runs_are_one_line_each_and_set_the_exit_status(tmp_path):
    good = run_folder(tmp_path, "good", Run())
    cut = run_folder(tmp_path, "cut", Run())
    content = (cut / "vasprun.xml").read_bytes()
    (cut / "vasprun.xml").write_bytes(content[: len(content) // 2])
    result = call("summary", good, cut, tmp_path / "none", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [one["energy_ev"] is None for one in found] == [False, True, True]
    assert "truncated at byte" in found[1]["problems"][0]
    assert len(result.stderr.strip().splitlines()) == 2
    assert call("summary", cut, tmp_path).exit_code == 2


def test_an_unconverged_energy_is_not_given(tmp_path):
    path = run_folder(tmp_path, "run", Run(settings={"NELM": ("int", "     4")}))
    result = call("summary", path, "--json")
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)
    assert found["energy_ev"] is None
    assert found["gap_ev"] is None
    assert "electrons not converged: 4 steps, and NELM is 4" in found["problems"]


def test_the_calculations_of_a_study_are_summed_up(finished):
    shown = call("summary", finished.folder.path, "--json")
    assert shown.exit_code == 0, shown.output
    found = {one["path"]: one for one in json.loads(shown.stdout)}
    assert set(found) == {record.label for record in finished.result.calculations}
    for one in found.values():
        assert one["problems"] == []
        assert one["energy_ev"] is not None
    assert "Li" in call("summary", finished.folder.path).stdout
