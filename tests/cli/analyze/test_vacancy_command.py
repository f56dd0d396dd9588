"""llo-dft analyze vacancy on plain VASP runs: what it gives, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import vaspout_writer
from typer.testing import CliRunner

from llo_dft.analysis.oxygen.chemical_potential import oxygen_chemical_potential
from llo_dft.cli.main import app
from llo_dft.testing import plain_run_writer as make

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

SCHEME = ("--scheme", "wang2006")


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["analyze", "vacancy", *map(str, arguments)])


def found_by(*arguments: object, status: int = 0) -> dict[str, Any]:
    result = call(*arguments, "--json")
    assert result.exit_code == status, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refusal(*arguments: object) -> str:
    """Return the one line that a command is refused with."""
    result = call(*arguments)
    assert result.exit_code == 2, result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host, a host with half its Li, their vacancies, and O2."""
    folder = tmp_path_factory.mktemp("runs")
    make.host(folder / "host")
    make.vacancy(folder / "one")
    make.vacancy(folder / "two", 2 * make.VACANCY_EV - make.HOST_EV + 0.5, (6, 8))
    make.host(folder / "half", -68.0, 2)
    make.vacancy(folder / "half_one", -64.0, (9,), 2)
    make.oxygen(folder / "o2")
    return folder


@pytest.fixture
def pair(runs: Path) -> tuple[object, ...]:
    return ("--host", runs / "host", "--vacancy", runs / "one", "--o2", runs / "o2", *SCHEME)


def vacancies(found: dict[str, Any], host: int = 0) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = found["hosts"][host]["vacancies"]
    return listed


def record(found: dict[str, Any], path: object) -> dict[str, Any]:
    """What is said of one run."""
    return {one["label"]: one for one in found["calculations"]}[str(path)]


def sites(vacancy: dict[str, Any]) -> list[int]:
    return [vacancy["site"], *(one["site"] for one in vacancy["also_removed"])]


def test_a_triple_by_hand(pair):
    found = found_by(*pair)
    # mu_O = -9.8/2 + 0.68 + (-0.272 - 0.045) at 298.15 K, 1 bar; E_f = -71 + 80 + mu_O
    assert found["oxygen"]["mu_ev"] == pytest.approx(-4.537, abs=1e-3)
    (one,) = vacancies(found)
    assert one["formation_energy_ev"] == pytest.approx(9.0 - 4.537, abs=1e-3)
    assert one["n_removed"] == 1
    assert one["alternatives_ev"] == pytest.approx(
        {"none": 9 - 4.9 - 0.272, "mp2020": 4.470}, abs=1e-3
    )
    assert found["other_schemes"]["potential"].startswith("not used: these are energies of vasp")
    assert found["fingerprint"]["functional"] == "PBE+U"
    assert found["hosts"][0]["lithium_fraction"] is None  # one host says nothing of that
    assert found["turning_points"] == []
    assert found["allowed"] == found["allowed_differences"] == []
    assert found["mock"] is False


def test_a_vacancy_on_both_faces_is_counted_per_oxygen(runs, pair):
    one, two = vacancies(found_by(*pair, runs / "two"))  # a further path is a further vacancy
    assert two["n_removed"] == 2
    assert two["formation_energy_ev"] == pytest.approx(one["formation_energy_ev"] + 0.25)


def test_temperature_and_pressure_move_the_energy_as_they_move_mu(pair):
    before = found_by(*pair)
    after = found_by(*pair, "--temperature", 900, "--pressure", 1e-6)
    moved = after["oxygen"]["mu_ev"] - before["oxygen"]["mu_ev"]
    assert moved < -1.0
    first, second = (vacancies(one)[0]["formation_energy_ev"] for one in (before, after))
    assert second - first == pytest.approx(moved, abs=1e-12)


def test_an_energy_of_o2_is_that_of_the_molecule(runs, pair):
    given = found_by(
        "--host", runs / "host", "--vacancy", runs / "one", "--o2-energy", -9.8, *SCHEME
    )
    assert vacancies(given)[0]["formation_energy_ev"] == pytest.approx(
        vacancies(found_by(*pair))[0]["formation_energy_ev"]
    )
    assert not [one for one in given["calculations"] if one["formula"] == "O2"]
    assert "its settings can't be compared with the hosts'" in given["notes"][0]
    half = found_by(
        "--host", runs / "host", "--vacancy", runs / "one", "--o2-energy", -4.9, *SCHEME
    )
    assert "--o2-energy is eV per molecule" in half["notes"][1]


def test_the_removed_oxygen_is_named(runs, pair):
    one, two = vacancies(found_by(*pair, runs / "two"))
    assert (sites(one), sites(two)) == ([8], [6, 8])


def test_several_hosts_have_their_own_vacancies_and_a_turning_point(runs):
    options = ("--o2", runs / "o2", "--scheme", "none")
    hosts = ("--host", runs / "half", "--host", runs / "host")
    found = found_by(*hosts, "--vacancy", runs / "half_one", runs / "one", *options)
    half, full = found["hosts"]
    assert (half["lithium_fraction"], full["lithium_fraction"]) == (0.5, 1.0)
    assert [vacancy["run"] for vacancy in half["vacancies"]] == [str(runs / "half_one")]
    assert [vacancy["run"] for vacancy in full["vacancies"]] == [str(runs / "one")]
    assert half["vacancies"][0]["site"] == 7  # of 10 atoms
    energies = [host["vacancies"][0]["formation_energy_ev"] for host in (half, full)]
    (point,) = found["turning_points"]
    assert point["at"]["holes_per_tm"] is None  # plain runs do not say how charged they are
    assert point["at"]["lithium_fraction"] == pytest.approx(
        0.5 - 0.5 * energies[0] / (energies[1] - energies[0])
    )
    ends = [point[end]["lithium_fraction"] for end in ("latest", "earliest")]
    assert ends[0] <= point["at"]["lithium_fraction"] <= ends[1]
    assert half["turning_temperature_k"] is None
    assert "below zero at 100 K already" in half["turning_temperature_reason"]
    again = found_by(*hosts, "--vacancy", runs / "one", *options, "--lithium-full", 8)
    assert [host["lithium_fraction"] for host in again["hosts"]] == [0.25, 0.5]


def test_a_turning_temperature_is_where_the_energy_is_zero(runs):
    options = (
        "--host",
        runs / "half",
        "--vacancy",
        runs / "half_one",
        "--o2-energy",
        -6.0,
        *SCHEME,
    )
    at = found_by(*options)["hosts"][0]["turning_temperature_k"]
    there = found_by(*options, "--temperature", at)
    assert vacancies(there)[0]["formation_energy_ev"] == pytest.approx(0.0, abs=1e-6)


def test_two_orderings_of_one_composition_are_told_apart(tmp_path, runs):
    other = make.write(tmp_path / "other", make.cell_run(-67.5, (0, 1)))
    made = make.write(tmp_path / "made", make.cell_run(-63.0, (0, 1, 9), shift=0.1))
    found = found_by(
        *("--host", runs / "half", "--host", other, "--vacancy", made, runs / "half_one"),
        *("--o2", runs / "o2", *SCHEME),
    )
    assert [[v["run"] for v in host["vacancies"]] for host in found["hosts"]] == [
        [str(runs / "half_one")],
        [str(made)],
    ]
    twice = ("--host", runs / "half", "--host", runs / "half", "--vacancy", runs / "half_one")
    assert "and the atoms of more than one of them" in refusal(*twice, "--o2", runs / "o2", *SCHEME)


# What may not be subtracted


REFUSED = {
    "functional": (
        {"settings": make.HSE06, "u_values": None},
        ["functional: 'PBE+U' and 'HSE06'", "u_values_ev[Mn]: 3.9 and 0.0"],
        ["functional", "u_values_ev"],
    ),
    "cell": (
        {"lattice": make.CELL * [[1.0], [1.0], [1.02]]},
        ["cell: 6.0000 x 6.5000 x 9.0000 A", "and 6.0000 x 6.5000 x 9.1800 A"],
        ["cell", "k_spacing_per_angstrom"],
    ),
    "potcar": (
        {"replace": ("PAW_PBE O 08Apr2002", "PAW_PBE O_s 07Sep2000")},
        ["pseudopotentials[O]: 'PAW_PBE O 08Apr2002' and 'PAW_PBE O_s 07Sep2000'"],
        ["pseudopotentials"],
    ),
    "k_mesh": (
        {"n_kpoints": 2},
        [
            "k_spacing_per_angstrom: 0.3491 x 0.9666 x 0.6981 (3 x 1 x 1, with Gamma)",
            "and 0.5236 x 0.9666 x 0.6981 (2 x 1 x 1, with Gamma)",
        ],
        ["k_spacing_per_angstrom"],
    ),
    "k_mesh_of_one_largest_spacing": (
        {"replace": make.other_mesh((3, 1, 1), (3, 1, 2))},
        ["0.3491 x 0.9666 x 0.6981 (3 x 1 x 1", "0.3491 x 0.9666 x 0.3491 (3 x 1 x 2"],
        ["k_spacing_per_angstrom"],
    ),
    "spins": ({"spins": 1}, ["spin_polarized: True and False"], ["spin_polarized"]),
    "cutoff": (
        {"settings": {"ENMAX": ("", f"{400:16.8f}")}},
        ["cutoff_ev: 520.0 and 400.0"],
        ["cutoff_ev"],
    ),
    "dispersion": (
        {"settings": {"IVDW": ("int", "12")}},
        ["dispersion: '' and 'D3(BJ)'"],
        ["dispersion"],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_energies_that_do_not_belong_together(tmp_path, runs, name):
    options, texts, fields = REFUSED[name]
    other = make.vacancy(tmp_path / "other", **options)
    command = ("--host", runs / "host", "--vacancy", other, "--o2", runs / "o2", *SCHEME)
    message = refusal(*command)
    assert str(runs / "host") in message
    assert str(other) in message
    for text in texts:
        assert text in message
    assert "can't be subtracted" in refusal(*command, "--allow", "model")  # another field
    allow = [word for field in fields for word in ("--allow", field)]
    result = call(*command, *allow, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert vacancies(found)[0]["formation_energy_ev"] is not None
    assert found["allowed"] == fields
    assert len(found["allowed_differences"]) == len(result.stderr.splitlines()) > 0
    for text in texts:
        assert text in "".join(found["allowed_differences"])
        assert text in result.stderr


def test_every_difference_must_be_allowed(tmp_path, runs):
    options, _, _ = REFUSED["functional"]
    other = make.vacancy(tmp_path / "other", **options)
    command = ("--host", runs / "host", "--vacancy", other, "--o2", runs / "o2", *SCHEME)
    message = refusal(*command, "--allow", "functional")
    assert "u_values_ev[Mn]: 3.9 and 0.0" in message
    assert "functional:" not in message


def test_an_unknown_name_is_not_allowed(pair):
    message = refusal(*pair, "--allow", "k_points")
    assert "'k_points' is not a known setting; expected one of engine," in message
    assert "k_spacing_per_angstrom" in message


@pytest.mark.parametrize(
    ("removed", "n_li"),
    [((), 4), ((3, 8), 4), ((4, 8), 4), ((5,), 4), ((8,), 3)],
    ids=["nothing", "Li too", "Mn too", "Mn only", "host of other Li"],
)
def test_anything_but_missing_oxygen(tmp_path, runs, removed, n_li):
    other = make.vacancy(tmp_path / "other", removed=removed, n_li=n_li)
    message = refusal("--host", runs / "host", "--vacancy", other, "--o2", runs / "o2", *SCHEME)
    assert "must be its host's minus one or more O and nothing else" in message
    assert "Li4 Mn2 O6" in message
    assert f"{other} is Li" in message


def test_hosts_differ_in_lithium_only(tmp_path, runs, pair):
    other = make.write(tmp_path / "other", make.cell_run(-70.0, (0, 4)))
    message = refusal(*pair, "--host", other)
    assert f"{runs / 'host'} is Li4 Mn2 O6 and {other} is Li3 Mn1 O6" in message


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"settings": make.HSE06}, "functional: 'PBE+U' and 'HSE06'"),
        ({"moment": 0}, "the moment of O2 in"),
        ({"spins": 1}, "is 0.000 Bohr magnetons; in its ground state it is 2"),
        ({"bond": 1.9}, "the two O are 1.900 A apart"),
        ({"replace": ("PAW_PBE O 08Apr2002", "PAW_PBE O_h 06Feb2004")}, "O_h 06Feb2004"),
    ],
)
def test_o2_that_does_not_belong(tmp_path, runs, fields, text):
    molecule = make.oxygen(tmp_path / "o2", **fields)
    options = ("--host", runs / "host", "--vacancy", runs / "one", *SCHEME)
    assert text in refusal(*options, "--o2", molecule)


def test_o2_without_spins_may_be_allowed(tmp_path, runs):
    molecule = make.oxygen(tmp_path / "o2", spins=1)
    options = ("--host", runs / "host", "--vacancy", runs / "one", *SCHEME)
    found = found_by(*options, "--o2", molecule, "--allow", "spin_polarized")
    assert found["allowed"] == ["spin_polarized"]


def test_what_is_not_o2(runs):
    options = ("--host", runs / "host", "--vacancy", runs / "one", *SCHEME)
    assert "expected one O2 molecule, got Li4 Mn2 O6" in refusal(*options, "--o2", runs / "host")


@pytest.mark.parametrize(("settings", "functional"), [(make.HSE06, "HSE06"), (make.SCAN, "SCAN")])
@pytest.mark.parametrize("scheme", ["wang2006", "mp2020"])
def test_a_correction_of_pbe_does_not_go_with_others(tmp_path, settings, functional, scheme):
    kind = {"settings": settings, "u_values": None}
    host = make.host(tmp_path / "host", **kind)
    one = make.vacancy(tmp_path / "one", **kind)
    options = ("--host", host, "--vacancy", one, "--o2-energy", -14.0)
    message = refusal(*options, "--scheme", scheme)
    assert f"fitted to PBE and PBE+U energies, and these are {functional}; use 'none'" in message
    found = found_by(*options, "--scheme", "none")
    assert vacancies(found)[0]["alternatives_ev"] == {}
    assert found["other_schemes"][scheme].startswith("not used: it was fitted to PBE")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (("--scheme", "wang2006+mp2020"), "'wang2006+mp2020' is unknown; exactly one of none"),
        (("--scheme", "potential"), "not of a potential"),
        (("--oxide-kind", "peroxide"), "--oxide-kind peroxide does not apply to O2 scheme"),
        (("--scheme", "mp2020", "--oxide-kind", "ozonide"), "expected oxide or peroxide or super"),
        (("--temperature", "50"), "from 100 to 2000 K"),
        (("--pressure", "0"), "must be positive"),
        (("--o2-energy", "-9.8"), "comes from --o2 or --o2-energy; both were given"),
        (("--lithium-full", "3"), "a bare host has 4 Li; expected 0 (its coating's) to 3"),
        (("--tm-layers", "7"), "--tm-layers 7: "),
        (("--temperatures", "300:900:4"), "go with --map FILE or --json"),
        (("--map", "map.xlsx"), "a name that ends in .png"),
        (("--figure", "e.xlsx"), "--figure e.xlsx: expected a name that ends in .png, .pdf or"),
        (("--figure", "no/folder/e.png"), "--figure no/folder/e.png: there is no folder"),
        (("--map", "no/folder/map.png"), "there is no folder no/folder"),
        (("--map", "map.png", "--pressures", "0:1:5"), "must be LO:HI:N with positive LO"),
        (("--json", "--temperatures", "300:5000:5"), "must lie from 100 to 2000 K"),
        (("--vacancy", "nowhere"), "nowhere: unreadable: no such file or folder"),
    ],
)
def test_what_can_not_be_done_is_one_line(pair, changes, text):
    assert text in refusal(*pair, *changes)


def test_how_the_command_is_called(runs):
    assert "or --host DIR with --vacancy DIR for plain runs; got 0 folders" in refusal()
    assert "got 2 folders" in refusal(runs / "one", runs / "two")
    assert "--vacancy is for plain runs and needs --host" in refusal("--vacancy", runs / "one")
    assert "at least one --vacancy" in refusal(
        "--host", runs / "host", "--o2-energy", -9.8, *SCHEME
    )
    assert "need an O2 --scheme" in refusal("--host", runs / "host", "--vacancy", runs / "one")
    assert "neither was given" in refusal(
        "--host", runs / "host", "--vacancy", runs / "one", *SCHEME
    )


# What failed


def test_a_run_that_failed_is_named_and_the_rest_goes_on(tmp_path, runs, pair):
    loose = make.vacancy(tmp_path / "loose", removed=(9,), settings=make.NOT_CONVERGED)
    cut = tmp_path / "cut"
    shutil.copytree(runs / "one", cut)
    content = (cut / "vasprun.xml").read_bytes()
    (cut / "vasprun.xml").write_bytes(content[: len(content) // 2])
    (tmp_path / "waiting").mkdir()
    result = call(*pair, loose, cut, tmp_path / "waiting", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    good, bad = vacancies(found)
    assert good["formation_energy_ev"] is not None
    assert (bad["status"], bad["formation_energy_ev"]) == ("failed", None)
    assert bad["reason"] == "electrons not converged: 4 steps, and NELM is 4"
    unread, missing = record(found, cut), record(found, tmp_path / "waiting")
    assert unread["status"] == "failed"
    assert "truncated at byte" in unread["reason"]
    assert missing["status"] == "missing"
    assert len(result.stderr.splitlines()) == 3
    assert f"{loose}: electrons not converged" in result.stderr
    assert str(cut) in call(*pair, loose, cut).stderr


def test_a_host_that_failed_leaves_its_vacancies_without_numbers(tmp_path, runs):
    host = make.host(tmp_path / "host", settings=make.NOT_CONVERGED)
    options = ("--vacancy", runs / "one", "--o2", runs / "o2", *SCHEME)
    (one,) = vacancies(found_by("--host", host, *options, status=1))
    assert one["status"] == "skipped"
    reason = "no formation energy: its host is failed (electrons not converged"
    assert one["reason"].startswith(reason)
    (host / "vasprun.xml").write_text("<modeling>\n")
    found = found_by("--host", host, *options, status=1)
    assert found["hosts"][0]["status"] == "failed"
    reason = record(found, runs / "one")["reason"]
    assert reason == "it fits none of the hosts that can be read"


def test_o2_that_failed_leaves_nothing(tmp_path, runs):
    molecule = make.oxygen(tmp_path / "o2", settings=make.NOT_CONVERGED)
    command = ("--host", runs / "host", "--vacancy", runs / "one", "--o2", molecule, *SCHEME)
    found = found_by(*command, status=1)
    assert found["oxygen"] is None
    assert found["oxygen_reason"] == (
        "no chemical potential of oxygen: not used: O2 has no energy: electrons not converged: "
        "4 steps, and NELM is 4"
    )
    assert vacancies(found)[0]["formation_energy_ev"] is None
    result = call(*command, "--map", tmp_path / "map.png")
    assert "not written: there is no formation energy" in result.stderr
    assert not (tmp_path / "map.png").exists()


def test_a_stand_ins_files_are_said_to_be_that(tmp_path, runs):
    marked = make.vacancy(tmp_path / "one")
    content = (marked / "vasprun.xml").read_text(encoding="latin-1")
    assert "6.4.2" in content
    options = ("--o2", runs / "o2", *SCHEME, "--allow", "engine_version")
    (marked / "vasprun.xml").write_text(content.replace("6.4.2", "STAND-IN, not VASP 6.4.2", 1))
    assert "mock: False and True" in refusal("--host", runs / "host", "--vacancy", marked, *options)


# What relaxing rebuilt

#: Four Li, two Mn, six O.
MOMENTS = [0.0] * 4 + [3.1, -3.1] + [0.02] * 6


def without(index: int, moments: list[float]) -> list[float]:
    return moments[:index] + moments[index + 1 :]


def flags_of(host: Path, vacancy: Path, *options: object) -> list[str]:
    found = found_by("--host", host, "--vacancy", vacancy, "--o2-energy", -9.8, *SCHEME, *options)
    flags: list[str] = vacancies(found)[0]["flags"]
    return flags


def test_a_metal_whose_moment_changed_is_marked(tmp_path, monkeypatch):
    host = make.with_moments(make.host(tmp_path / "host"), MOMENTS)
    same = [0.0] * 4 + [-3.05, 3.15] + [0.03] * 5  # of the other magnetic order
    kept = make.with_moments(make.vacancy(tmp_path / "kept"), same)
    assert flags_of(host, kept) == []
    reduced = [0.0] * 4 + [3.1, -3.9] + [0.02] * 5
    changed = make.with_moments(make.vacancy(tmp_path / "changed"), reduced)
    assert flags_of(host, changed) == ["moment: Mn5 3.1 -> 3.9 mu_B"]
    monkeypatch.setenv("COLUMNS", "200")
    result = call("--host", host, "--vacancy", changed, "--o2-energy", -9.8, *SCHEME)
    assert "1 moment changed" in result.stdout
    assert "can be seen" not in result.stdout


def test_moments_are_compared_site_by_site_in_whatever_order(tmp_path):
    """The two Mn exchange their places in the file, and their moments with them."""
    host = make.with_moments(make.host(tmp_path / "host"), [0.0] * 4 + [3.1, 3.9] + [0.0] * 6)
    run = make.cell_run(make.VACANCY_EV, (8,))
    run.fractional[[4, 5]] = run.fractional[[5, 4]]
    turned = make.write(tmp_path / "turned", run)
    make.with_moments(turned, [0.0] * 4 + [3.9, 3.1] + [0.0] * 5)
    assert flags_of(host, turned) == []


@pytest.mark.parametrize("n", [0, 3], ids=["none", "of another run"])
def test_moments_that_are_not_known_are_said_to_be_that(tmp_path, n):
    host = make.with_moments(make.host(tmp_path / "host"), MOMENTS)
    one = make.vacancy(tmp_path / "one")
    if n:
        make.with_moments(one, MOMENTS[:n])
    found = found_by("--host", host, "--vacancy", one, "--o2-energy", -9.8, *SCHEME)
    assert vacancies(found)[0]["flags"] == []
    assert found["notes"][-1].startswith("no change of an oxidation state can be seen where")
    assert found["notes"][-1].endswith(f": {one}")
    said = record(found, one)["notes"]
    assert said == ([f"OUTCAR has moments of {n} atoms: it is of another run"] if n else [])


def test_a_damaged_outcar_costs_the_moments_and_not_the_energy(tmp_path):
    host = make.with_moments(make.host(tmp_path / "host"), MOMENTS)
    one = make.with_moments(make.vacancy(tmp_path / "one"), without(8, MOMENTS))
    (one / "OUTCAR").write_text((one / "OUTCAR").read_text()[:200])
    found = found_by("--host", host, "--vacancy", one, "--o2-energy", -9.8, *SCHEME)
    (vacancy,) = vacancies(found)
    assert vacancy["formation_energy_ev"] is not None
    assert "the table of moments breaks off" in record(found, one)["notes"][0]


def test_an_outcar_of_a_stand_in_makes_the_run_one(tmp_path):
    host = make.with_moments(make.host(tmp_path / "host"), MOMENTS)
    outcar = (host / "OUTCAR").read_text()
    (host / "OUTCAR").write_text(f" STAND-IN, not VASP 6.4.2\n{outcar}")
    one = make.vacancy(tmp_path / "one")
    options = ("--o2-energy", -9.8, *SCHEME)
    assert "mock: True and False" in refusal("--host", host, "--vacancy", one, *options)


def test_a_lattice_that_is_not_the_hosts_any_more_is_marked(tmp_path, runs, monkeypatch):
    """Also where the last run began with what an earlier one rebuilt."""
    run = make.cell_run(make.VACANCY_EV, (8,))
    run.fractional[0, 2] += 1.8 / make.CELL[2, 2]
    moved = make.write(tmp_path / "moved", run)
    assert flags_of(runs / "host", moved) == ["moved: Li0 1.80 A"]
    run.fractional[0, 2] -= 0.6 / make.CELL[2, 2]
    unclear = make.write(tmp_path / "unclear", run)
    assert flags_of(runs / "host", unclear) == ["moved: an atom began 1.20 A from any site"]
    monkeypatch.setenv("COLUMNS", "200")
    result = call("--host", runs / "host", "--vacancy", unclear, "--o2-energy", -9.8, *SCHEME)
    assert "1 O, not known which" in result.stdout


def test_runs_of_vasp_6_without_a_vasprun_xml(tmp_path, runs):
    """The same energies, and moments without an OUTCAR."""
    for name, gone, moments in (
        ("host", (), MOMENTS),
        ("one", (8,), [0.0] * 4 + [3.1, -3.9] + [0.02] * 5),
    ):
        energy = make.VACANCY_EV if gone else make.HOST_EV
        (tmp_path / name).mkdir()
        vaspout_writer.write(
            tmp_path / name / "vaspout.h5", make.cell_run(energy, gone), moments=moments
        )
    options = ("--o2", runs / "o2", *SCHEME)
    plain = found_by("--host", runs / "host", "--vacancy", runs / "one", *options)
    found = found_by("--host", tmp_path / "host", "--vacancy", tmp_path / "one", *options)
    (one,) = vacancies(found)
    assert one["formation_energy_ev"] == pytest.approx(vacancies(plain)[0]["formation_energy_ev"])
    assert one["flags"] == ["moment: Mn5 3.1 -> 3.9 mu_B"]
    mixed = found_by("--host", runs / "host", "--vacancy", tmp_path / "one", *options)
    assert vacancies(mixed)[0]["formation_energy_ev"] == one["formation_energy_ev"]


# The figure


def test_energies_against_lithium_as_a_figure(tmp_path, runs):
    hosts = ("--host", runs / "half", "--host", runs / "host")
    options = ("--vacancy", runs / "half_one", runs / "one", "--o2", runs / "o2", *SCHEME)
    for name, start in (("e.png", b"\x89PNG"), ("e.pdf", b"%PDF"), ("e.svg", b"<?xml")):
        assert call(*hosts, *options, "--figure", tmp_path / name).exit_code == 0
        assert (tmp_path / name).read_bytes().startswith(start)


def test_a_figure_without_a_point_is_not_drawn_and_that_is_said(tmp_path, pair):
    result = call(*pair, "--figure", tmp_path / "e.png")  # one host: x is not known
    assert result.exit_code == 0
    assert "e.png not drawn: no formation energy at a known lithium fraction" in result.stderr
    assert not (tmp_path / "e.png").exists()


# The map


def test_the_map_is_the_energy_at_each_temperature_and_pressure(pair):
    found = found_by(*pair, "--temperatures", "300:900:3", "--pressures", "1e-4:1:3")
    grid = found["vacancy_map"]
    assert grid["temperatures_k"] == pytest.approx([300, 600, 900])
    assert grid["pressures_bar"] == pytest.approx([1e-4, 1e-2, 1])
    (host,) = grid["hosts"]
    for temperature, row in zip(grid["temperatures_k"], host["formation_energies_ev"], strict=True):
        for pressure, energy in zip(grid["pressures_bar"], row, strict=True):
            mu = oxygen_chemical_potential("wang2006", -4.9, "O2", temperature, pressure).mu_ev
            assert energy == pytest.approx(9.0 + mu)
    assert found_by(*pair)["vacancy_map"] is None


def test_the_map_as_files(tmp_path, pair):
    axes = ("--temperatures", "300:900:4", "--pressures", "1e-4:1:3")
    for name in ("map.npz", "map.csv", "map.png"):
        assert call(*pair, *axes, "--map", tmp_path / name).exit_code == 0
    with np.load(tmp_path / "map.npz") as arrays:
        energies = arrays["formation_energies_ev"]
        assert energies.shape == (1, 4, 3)
        assert np.isnan(arrays["lithium_fractions"]).all()
    rows = list(csv.DictReader(io.StringIO((tmp_path / "map.csv").read_text())))
    assert [float(row["formation_energy_ev"]) for row in rows] == pytest.approx(energies.ravel())
    assert {float(row["temperature_k"]) for row in rows} == {300, 500, 700, 900}
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def test_the_table_for_people(runs, pair):
    result = call(*pair, "--host", runs / "half", runs / "half_one")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "vasp 6.4.2, PBE+U, U(Mn) 3.9 eV, 520 eV"
    assert lines[1].startswith("mu_O = -4.537 eV: scheme wang2006, 298.15 K, 1 bar, O2 in ")
    assert any("4.463" in line and "O8" in line for line in lines)
    assert "bare: lowest E_f crosses zero at x0 = " in result.stdout


def test_a_study_has_a_map(finished, tmp_path):
    file = tmp_path / "map.npz"
    axes = ("--temperatures", "300:900:3", "--pressures", "1:2:2")
    done = call(finished.folder.path, "--map", file, *axes)
    assert done.exit_code == 0, done.output
    with np.load(file) as grid:
        assert grid["formation_energies_ev"].shape[1:] == (3, 2)
        # O2 gains entropy on leaving: the hotter, the cheaper, and as much on every host
        steps = np.diff(grid["formation_energies_ev"][:, :, 0], axis=1)
        assert (steps < 0).all()
        assert np.ptp(steps, axis=0).max() < 1e-9
