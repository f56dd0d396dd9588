"""llo-dft match: what a script reads, and what is refused."""

import json

import numpy as np
import pytest
from pymatgen.core.structure import Structure
from typer.testing import CliRunner

from llo_dft.cli.main import app
from llo_dft.resources import resource_path

FILM = str(resource_path("structures", "Li3PO4_beta.cif"))
SUBSTRATE = str(resource_path("structures", "Li2MnO3.cif"))


def match(*options, film=FILM, substrate=SUBSTRATE):
    return CliRunner().invoke(app, ["match", film, substrate, *options])


def test_json_holds_every_match_with_its_matrices():
    result = match(
        *("--film-miller", "0", "1", "0", "--substrate-miller", "0", "0", "1"),
        *("--max-area", "130", "--max-strain", "0.08", "--json"),
    )
    assert result.exit_code == 0
    matches = json.loads(result.stdout)["matches"]
    assert [round(m["area_a2"], 1) for m in matches if m["on_front"]] == [83.9, 125.9]
    for one in matches:
        assert one["max_strain"] <= 0.08
        assert one["von_mises_strain"] > 0
        cells = [
            abs(round(np.linalg.det(one[f"{side}_transformation"])))
            for side in ("film", "substrate")
        ]
        # 16 atoms in a cell of beta-Li3PO4, 12 in a primitive one of Li2MnO3
        assert one["n_atoms"] == 16 * cells[0] + 12 * cells[1]


def test_sites_that_elements_share_match_as_those_of_one_element(tmp_path):
    ordered = Structure.from_file(SUBSTRATE)
    shared = ordered.copy()
    shared.replace_species({"Mn": {"Mn": 0.5, "Ni": 0.5}})
    shared.to(str(tmp_path / "shared.cif"))
    options = ("--film-miller", "0", "1", "0", "--max-area", "90", "--max-strain", "0.08", "--json")
    assert json.loads(match(*options, substrate=str(tmp_path / "shared.cif")).stdout) == json.loads(
        match(*options).stdout
    )


def test_a_hydroxide_is_a_crystal_like_any_other(tmp_path):
    """O and H are 0.98 A apart, which would be an overlap of any two other atoms."""
    hydroxide = Structure.from_file(SUBSTRATE)
    oxygen = next(site for site in hydroxide if site.specie.symbol == "O")
    hydroxide.append("H", oxygen.coords + np.array([0.0, 0.0, 0.98]), coords_are_cartesian=True)
    hydroxide.to(str(tmp_path / "hydroxide.cif"))
    options = ("--film-miller", "0", "1", "0", "--max-area", "90", "--max-strain", "0.08", "--json")
    done = match(*options, substrate=str(tmp_path / "hydroxide.cif"))
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)


def test_a_crystal_of_the_package_is_known_by_its_name(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    options = ("--max-area", "60", "--max-strain", "0.2", "--json")
    named = match(*options, film="LiF", substrate="Li2MnO3")
    assert named.exit_code == 0, named.output
    by_path = match(*options, film=str(resource_path("structures", "LiF.cif")))
    assert json.loads(named.stdout) == json.loads(by_path.stdout)
    unknown = match(*options, film="LiFe")
    assert unknown.exit_code == 2
    assert "there is no file LiFe, and no crystal of that name: " in unknown.stderr
    assert "LiF.cif" in unknown.stderr


def test_an_area_that_no_search_ends_in_is_refused():
    result = match("--max-area", "1e12")
    assert result.exit_code == 2
    assert "--max-area" in result.stderr


def test_a_table_without_json():
    result = match("--film-miller", "0", "1", "0", "--max-area", "90", "--max-strain", "0.08")
    assert result.exit_code == 0
    assert "83.9" in result.stdout


def test_no_match_names_the_nearest_and_is_no_success():
    result = match(
        "--film-miller", "0", "1", "0", "--max-area", "60", "--max-strain", "0.02", "--json"
    )
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["matches"] == []
    assert answer["nearest"]["smallest_strain"]["max_strain"] > 0.02
    assert "smallest strain" in answer["reason"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--film-miller", "0", "0", "0"], "names no plane"),
        (["--max-area", "-5"], "--max-area must be a positive area"),
        (["--max-strain", "nan"], "--max-strain must lie between"),
        (["--strain-share", "2"], "--strain-share must lie between"),
        (["--build", "1"], "--build N and -o FOLDER go together"),
        (["-o", "x"], "--build N and -o FOLDER go together"),
        (["--build", "1", "-o", "x", "--format", "xsf"], "--format xsf: expected cif, poscar,"),
    ],
)
def test_impossible_options_are_one_line(options, message):
    result = match(*options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_missing_file_is_one_line(tmp_path):
    result = match(film=str(tmp_path / "gone.cif"))
    assert (result.exit_code, "there is no file" in result.stderr) == (2, True)
    assert len(result.stderr.strip().splitlines()) == 1


def test_the_best_are_built_in_each_format_and_fewer_are_no_success(tmp_path):
    result = match(
        *("--max-area", "45", "--max-strain", "0.05", "--build", "2", "-o", str(tmp_path / "m")),
        *("--format", "poscar", "--format", "extxyz"),
        film=str(resource_path("structures", "Al2O3.cif")),
    )
    assert result.exit_code == 1
    assert "interface-1.vasp, interface-1.xyz, interface-1.png" in result.stdout
    assert "built 1 of the 2 asked for" in result.stdout
    assert (
        "substrate: Li16 Mn8 O24, cut half, symmetric, stoichiometric, non-polar" in result.stdout
    )
    assert {path.name for path in (tmp_path / "m").iterdir()} == {
        *("interface-1.vasp", "interface-1.xyz", "interface-1.png", "interfaces.json")
    }
