"""llo-dft analyze summary and band-center, on plain VASP run folders."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner
from vasprun_writer import Run, text

from llo_dft.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

OUTCAR = """\
 magnetization (x)

# of ion       s       p       d       tot
------------------------------------------
{rows}
--------------------------------------------------
tot          0.000   0.000   0.000   {total:.3f}

 vacuum level on the upper side and lower side of the slab         5.250         5.250
 the core state eigenenergies are
{core}

                         Elapsed time (sec):      123.456
"""


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["analyze", *map(str, arguments)])


def folder(parent: Path, name: str, run: Run, outcar: str = "") -> Path:
    path = parent / name
    path.mkdir()
    (path / "vasprun.xml").write_text(text(run), encoding="latin-1")
    if outcar:
        (path / "OUTCAR").write_text(outcar)
    return path


def outcar_of(n_atoms: int) -> str:
    rows = "\n".join(
        f"{n:5d}        0.001   0.002   {n / 10:5.3f}   {n / 10 + 0.003:5.3f}"
        for n in range(1, n_atoms + 1)
    )
    core = "\n".join(
        f"{n:5d}-  1s {-510 - n:10.4f}  2s {-20.5:10.4f}" for n in range(1, n_atoms + 1)
    )
    total = sum(n / 10 + 0.003 for n in range(1, n_atoms + 1))
    return OUTCAR.format(rows=rows, core=core, total=total)


def test_summary_of_a_run(tmp_path):
    path = folder(tmp_path, "run", Run(u_values={"Mn": 3.9}), outcar_of(6))
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


def outcar_with(moments: list[float]) -> str:
    rows = "\n".join(
        f"{n:5d}        0.000   0.000   {moment:5.3f}   {moment:5.3f}"
        for n, moment in enumerate(moments, start=1)
    )
    return OUTCAR.format(rows=rows, core="", total=sum(moments))


def test_oxidation_states_of_a_run(tmp_path):
    path = folder(tmp_path, "run", Run(), outcar_with([0.0, 0.0, 3.1, 0.05, -0.71, 0.04]))
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
    path = folder(tmp_path, "odd", Run(), outcar_with([0.0, 0.0, 3.5, 0.0, 0.0, 0.0]))
    assert (
        "Mn?    1  3.50 to 3.50 mu_B; 3.50 mu_B lies between Mn4+" in call("summary", path).stdout
    )
    bare = folder(tmp_path, "bare", Run())
    assert json.loads(call("summary", bare, "--json").stdout)[0]["oxidation_states"] is None


def test_bad_runs_are_one_line_each_and_set_the_exit_status(tmp_path):
    good = folder(tmp_path, "good", Run())
    cut = folder(tmp_path, "cut", Run())
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
    path = folder(tmp_path, "run", Run(settings={"NELM": ("int", "     4")}))
    result = call("summary", path, "--json")
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)
    assert found["energy_ev"] is None
    assert found["gap_ev"] is None
    assert "electrons not converged: 4 steps, and NELM is 4" in found["problems"]
    result = call("band-center", path)
    assert result.exit_code == 2
    assert "unconverged" in result.stderr


def centers(*arguments: object) -> dict[str, Any]:
    result = call("band-center", *arguments, "--json")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    return found


def test_band_centres_have_all_windows_spins_and_sites(tmp_path):
    path = folder(tmp_path, "run", Run(), outcar_of(6))
    found = centers(path, "--window", "-3:0.5")
    assert found["window"] == "fixed"
    assert found["windows_ev"]["fixed"] == [-3.0, 0.5]
    assert [site["site"] for site in found["sites"]] == [3, 4, 5]
    for window in ("occupied", "full", "fixed"):
        for spin in ("both", "up", "down"):
            total = found["total"][spin][window]
            sites = [site["centers"][spin][window] for site in found["sites"]]
            weight = sum(site["weight"] for site in sites)
            mean = sum(site["weight"] * (site["center_ev"] or 0.0) for site in sites) / weight
            assert total["center_ev"] == pytest.approx(mean, abs=1e-9)


def test_references_are_levels_of_the_same_run(tmp_path):
    path = folder(tmp_path, "run", Run(), outcar_of(6))
    absolute = set()
    for reference in ("vbm", "fermi", "vacuum", "core"):
        found = centers(path, "--reference", reference)
        center = found["total"]["both"]["occupied"]["center_ev"]
        absolute.add(round(center + found["reference_ev"], 9))
    assert len(absolute) == 1
    assert found["reference_ev"] == pytest.approx(-515.0)  # the mean of atoms 4 to 6


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
    path = folder(tmp_path, "run", Run())
    result = call("band-center", path, *arguments)
    assert result.exit_code == 2
    assert match in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_table_and_a_figure(tmp_path):
    path = folder(tmp_path, "run", Run())
    figure = tmp_path / "dos.png"
    result = call("band-center", path, "--figure", figure)
    assert result.exit_code == 0, result.output
    assert "centre (eV)" in result.stdout
    assert figure.stat().st_size > 0


def test_band_centers_of_a_stand_ins_run_are_said_to_be_that(tmp_path):
    path = folder(tmp_path, "run", Run())
    content = (path / "vasprun.xml").read_text(encoding="latin-1")
    (path / "vasprun.xml").write_text(content.replace("6.4.2", "STAND-IN, not VASP 6.4.2", 1))
    result = call("band-center", path, "--json")
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)
    assert found["mock"] is True
    assert "a stand-in for VASP wrote these files" in found["problems"][0]
    (real,) = json.loads(call("band-center", folder(tmp_path, "real", Run()), "--json").stdout)
    assert (real["mock"], real["problems"]) == (False, [])
    assert real["fingerprint"]["functional"] == "PBE"
