"""llo-dft analyze band-center, on plain VASP run folders."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from run_folders import outcar_of, run_folder
from typer.testing import CliRunner

from llo_dft.cli.main import app
from llo_dft.testing.vasprun_writer import Run

if TYPE_CHECKING:
    from click.testing import Result


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["analyze", *map(str, arguments)])


def centers(*arguments: object) -> dict[str, Any]:
    result = call("band-center", *arguments, "--json")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    return found


def test_band_centres_have_all_windows_spins_and_sites(tmp_path):
    path = run_folder(tmp_path, "run", Run(), outcar_of(6))
    found = centers(path, "--window", "-3:0.5")
    assert found["window"] == "fixed"
    assert found["windows_ev"]["fixed"] == [-3.0, 0.5]
    assert [site["site"] for site in found["sites"]] == [3, 4, 5]
    for window in ("valence", "full", "fixed"):
        for spin in ("both", "up", "down"):
            total = found["total"][spin][window]
            sites = [site["centers"][spin][window] for site in found["sites"]]
            weight = sum(site["weight"] for site in sites)
            mean = sum(site["weight"] * (site["center_ev"] or 0.0) for site in sites) / weight
            assert total["center_ev"] == pytest.approx(mean, abs=1e-9)


def test_references_are_levels_of_the_same_run(tmp_path):
    path = run_folder(tmp_path, "run", Run(), outcar_of(6))
    absolute = set()
    for reference in ("vbm", "fermi", "vacuum", "core"):
        found = centers(path, "--reference", reference)
        center = found["total"]["both"]["valence"]["center_ev"]
        absolute.add(round(center + found["reference_ev"], 9))
    assert len(absolute) == 1
    assert found["reference_ev"] == pytest.approx(-515.0)  # the mean of atoms 4 to 6


def test_a_fermi_level_that_means_nothing_is_no_reference(tmp_path):
    run = Run(settings={"NUPDOWN": ("", f"{2:16.8f}")})
    path = run_folder(tmp_path, "run", run)
    assert centers(path)["reference"] == "vbm"
    result = call("band-center", path, "--reference", "fermi")
    assert result.exit_code == 2
    assert (
        "no Fermi level as reference: E_F is not used: with a fixed moment (NUPDOWN = 2)"
        in result.output
    )


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("--window", "3:1"), "LO:HI in eV with LO below HI"),
        (("--element", "P"), "no atom of P"),
        (("--reference", "vacuum"), "vacuum level of"),
        (("--tm-layers", "7"), "expected the transition metals in 7 planes"),
    ],
)
def test_what_can_not_be_done_is_one_line(tmp_path, arguments, match):
    path = run_folder(tmp_path, "run", Run())
    result = call("band-center", path, *arguments)
    assert result.exit_code == 2
    assert match in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_table_and_a_figure(tmp_path):
    path = run_folder(tmp_path, "run", Run())
    figure = tmp_path / "dos.png"
    result = call("band-center", path, "--figure", figure)
    assert result.exit_code == 0, result.output
    assert "centre (eV)" in result.stdout
    assert figure.stat().st_size > 0


def test_band_centers_of_a_stand_ins_run_are_said_to_be_that(tmp_path):
    path = run_folder(tmp_path, "run", Run())
    content = (path / "vasprun.xml").read_text(encoding="latin-1")
    (path / "vasprun.xml").write_text(content.replace("6.4.2", "STAND-IN, not VASP 6.4.2", 1))
    result = call("band-center", path, "--json")
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)
    assert found["mock"] is True
    assert "a stand-in for VASP wrote these files" in found["problems"][0]
    (real,) = json.loads(call("band-center", run_folder(tmp_path, "real", Run()), "--json").stdout)
    assert (real["mock"], real["problems"]) == (False, [])
    assert real["fingerprint"]["functional"] == "PBE"


def test_an_unconverged_run_is_refused(tmp_path):
    path = run_folder(tmp_path, "run", Run(settings={"NELM": ("int", "     4")}))
    result = call("band-center", path)
    assert result.exit_code == 2
    assert "unconverged" in result.stderr
