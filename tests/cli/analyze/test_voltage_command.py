"""llo-dft analyze voltage on plain VASP runs: what it gives, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from llo_dft.cli.main import app
from llo_dft.testing import plain_run_writer as make

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

#: Energy by number of Li, eV: from 4 to 2 Li 4.1 V, from 2 to 0 4.6 V; 3 lies above the hull.
ENERGIES = {4: -80.0, 3: -73.5, 2: -68.0, 0: -55.0}


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["analyze", "voltage", *map(str, arguments)])


def found_by(*arguments: object, status: int = 0) -> dict[str, Any]:
    result = call(*arguments, "--json")
    assert result.exit_code == status, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def curve_of(found: dict[str, Any]) -> dict[str, Any] | None:
    (voltage,) = found["voltages"]
    curve: dict[str, Any] | None = voltage["curve"]
    return curve


def average_v(found: dict[str, Any]) -> float:
    curve = curve_of(found)
    assert curve is not None
    return float(curve["average_v"])


def refusal(*arguments: object) -> str:
    """Return the one line that a command is refused with."""
    result = call(*arguments)
    assert result.exit_code == 2, result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hosts at four lithium contents, and Li metal."""
    folder = tmp_path_factory.mktemp("runs")
    for n, energy in ENERGIES.items():
        make.host(folder / f"li{n}", energy, n)
    make.lithium(folder / "metal")
    return folder


@pytest.fixture
def hosts(runs: Path) -> list[Path]:
    return [runs / f"li{n}" for n in (2, 0, 4, 3)]


@pytest.fixture
def metal(runs: Path) -> tuple[object, ...]:
    return ("--li", runs / "metal")


def test_four_hosts_by_hand(runs, hosts, metal):
    found = found_by(*hosts, *metal)
    curve = curve_of(found)
    # -(-80 + 68 + 2 x 1.9) / 2, -(-68 + 55 + 2 x 1.9) / 2, -(-80 + 55 + 4 x 1.9) / 4
    assert [step["voltage_v"] for step in curve["steps"]] == pytest.approx([4.1, 4.6])
    assert [step["lithium_fraction_from"] for step in curve["steps"]] == [1.0, 0.5]
    assert curve["average_v"] == pytest.approx(4.35)
    above = [point for point in curve["points"] if not point["stable"]]
    assert [point["label"] for point in above] == [str(runs / "li3")]
    assert above[0]["above_hull_ev"] == pytest.approx(0.5 / 4)
    assert found["fingerprint"]["functional"] == "PBE+U"
    assert found["calculations"][0]["fingerprint"]["functional"] == "PBE"  # it has no Mn for a U
    assert found["allowed"] == found["allowed_differences"] == []


def test_an_energy_of_lithium_is_that_of_one_atom(hosts, metal):
    given = found_by(*hosts, "--li-energy", make.LI_EV)
    assert average_v(given) == pytest.approx(average_v(found_by(*hosts, *metal)))
    assert len(given["calculations"]) == len(hosts)
    assert "--li-energy is eV per atom" in found_by(*hosts, "--li-energy", -3.8)["notes"][1]


def test_the_fraction_is_counted_from_full_lithium(hosts, metal):
    found = found_by(*hosts, *metal, "--lithium-full", 8)
    steps = found["voltages"][0]["curve"]["steps"]
    assert [step["lithium_fraction_from"] for step in steps] == [0.5, 0.25]


def test_cells_may_relax_but_not_become_others(tmp_path, hosts, metal):
    relaxed = make.host(tmp_path / "relaxed", -61.0, 1, lattice=make.CELL * 0.98)
    assert average_v(found_by(*hosts, relaxed, *metal)) == pytest.approx(4.35)
    other = make.host(tmp_path / "other", -61.0, 1, lattice=make.CELL * [[1.0], [1.0], [1.5]])
    message = refusal(*hosts, other, *metal)
    assert "cell: 6.0000 x 6.5000 x 9.0000 A" in message
    assert "and 6.0000 x 6.5000 x 13.5000 A" in message
    found = found_by(*hosts, other, *metal, "--allow", "cell", "--allow", "k_spacing_per_angstrom")
    assert found["allowed"] == ["cell", "k_spacing_per_angstrom"]


@pytest.mark.parametrize(
    ("options", "text", "fields"),
    [
        (
            {"settings": make.HSE06, "u_values": None},
            "functional: 'PBE+U' and 'HSE06'; u_values_ev[Mn]: 3.9 and 0.0",
            ["functional", "u_values_ev"],
        ),
        (
            {"replace": ("PAW_PBE Mn_pv 02Aug2007", "PAW_PBE Mn 06Sep2000")},
            "pseudopotentials[Mn]: 'PAW_PBE Mn_pv 02Aug2007' and 'PAW_PBE Mn 06Sep2000'",
            ["pseudopotentials"],
        ),
        ({"n_kpoints": 6}, "(3 x 1 x 1, with Gamma) and 0.1745 x", ["k_spacing_per_angstrom"]),
        ({"spins": 1}, "spin_polarized: True and False", ["spin_polarized"]),
    ],
)
def test_hosts_that_do_not_belong_together(tmp_path, runs, metal, options, text, fields):
    other = make.host(tmp_path / "other", -68.0, 2, **options)
    message = refusal(runs / "li4", other, *metal)
    assert text in message
    assert str(other) in message
    allow = [word for field in fields for word in ("--allow", field)]
    result = call(runs / "li4", other, *metal, *allow)
    assert result.exit_code == 0
    assert len(result.stderr.splitlines()) == len(fields)
    assert "allowed to differ: " in result.stderr


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"settings": make.HSE06}, "functional: 'PBE+U' and 'HSE06'"),
        ({"settings": {"ENMAX": ("", f"{300:16.8f}")}}, "cutoff_ev: 520.0 and 300.0"),
        ({"divisions": (3, 3, 3)}, "k_spacing_per_angstrom: 0.3491 x 0.9666 x 0.6981"),
    ],
)
def test_a_metal_that_does_not_belong(tmp_path, hosts, fields, text):
    metal = make.lithium(tmp_path / "metal", **fields)
    assert text in refusal(*hosts, "--li", metal)


def test_only_lithium_may_differ(tmp_path, runs, hosts, metal):
    other = make.vacancy(tmp_path / "other", n_li=3)
    message = refusal(*hosts, other, *metal)
    assert f"{runs / 'li2'} is Li2 Mn2 O6 and {other} is Li3 Mn2 O5" in message


def test_what_can_not_be_done_is_one_line(tmp_path, runs, hosts, metal):
    assert "all 1 hosts have 4 Li" in refusal(runs / "li4", *metal)
    assert "neither was given" in refusal(*hosts)
    assert "expected Li metal, got Li4 Mn2 O6" in refusal(*hosts, "--li", runs / "li4")
    assert "must be a negative number" in refusal(*hosts, "--li-energy", 1.9)
    assert "a bare host has 4 Li" in refusal(*hosts, *metal, "--lithium-full", 3)
    assert "--allow 'mesh' is not a known setting" in refusal(*hosts, *metal, "--allow", "mesh")
    assert "ends in .png" in refusal(*hosts, *metal, "--figure", tmp_path / "v.txt")
    assert "there is no folder" in refusal(*hosts, *metal, "--figure", tmp_path / "no" / "v.png")
    assert "no such file" in refusal(*hosts, tmp_path / "none", *metal)


def test_a_host_that_failed_is_left_out_and_named(tmp_path, runs, metal):
    loose = make.host(tmp_path / "loose", -100.0, 2, settings=make.NOT_CONVERGED)
    result = call(runs / "li4", loose, runs / "li0", *metal, "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert average_v(found) == pytest.approx(4.35)
    assert len(found["voltages"][0]["curve"]["steps"]) == 1
    assert [host["status"] for host in found["hosts"]] == ["completed", "failed", "completed"]
    assert f"failed: {loose}: electrons not converged" in result.stderr
    alone = found_by(runs / "li4", loose, *metal, status=1)
    assert curve_of(alone) is None
    assert "needs hosts with different numbers of Li" in alone["voltages"][0]["reason"]


def test_a_host_that_failed_still_says_what_full_lithium_is(tmp_path, runs, metal):
    full = make.host(tmp_path / "full", settings=make.NOT_CONVERGED)
    found = found_by(full, runs / "li2", runs / "li0", *metal, status=1)
    (step,) = found["voltages"][0]["curve"]["steps"]
    assert (step["lithium_fraction_from"], step["lithium_fraction_to"]) == (0.5, 0.0)
    (full / "vasprun.xml").write_text("")
    unread = found_by(full, runs / "li2", runs / "li0", *metal, status=1)
    assert curve_of(unread) is None
    assert "give --lithium-full" in unread["voltages"][0]["reason"]
    found = found_by(full, runs / "li2", runs / "li0", *metal, "--lithium-full", 4, status=1)
    assert found["voltages"][0]["curve"]["steps"] == [step]


def test_a_metal_that_failed(tmp_path, hosts):
    metal = make.lithium(tmp_path / "metal", settings=make.NOT_CONVERGED)
    found = found_by(*hosts, "--li", metal, status=1)
    assert curve_of(found) is None
    assert found["voltages"][0]["reason"].startswith(
        "Li metal has no energy: electrons not converged"
    )
    result = call(*hosts, "--li", metal, "--figure", tmp_path / "v.png")
    assert result.stdout.startswith("no voltage: Li metal has no energy")
    assert "not drawn" in result.stderr


def test_a_table_and_a_figure(tmp_path, runs, hosts, metal):
    result = call(*hosts, *metal, "--figure", tmp_path / "v.png")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith("vasp 6.4.2, PBE+U, U(Mn) 3.9 eV, 520 eV; Li")
    assert "average 4.350 V" in result.stdout
    assert f"above the hull: {runs / 'li3'}" in "".join(result.stdout.split("\n"))
    assert (tmp_path / "v.png").read_bytes().startswith(b"\x89PNG")


def test_a_study_gives_its_own_voltage(finished, tmp_path):
    folder = finished.folder.path
    shown = call(folder, "--figure", tmp_path / "v.png")
    curve = finished.result.voltages[0].curve
    assert f"average {curve.average_v:.3f} V" in shown.stdout
    assert (tmp_path / "v.png").is_file()
    refused = call(folder, "--li-energy", -1.9)
    assert refused.exit_code == 2
    assert "a study has its own Li metal" in refused.stderr
