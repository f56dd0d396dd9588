"""llo-dft analyze charge-difference on folders of VASP files."""

from __future__ import annotations

import gzip
import json
import re
import shutil

import numpy as np
import pytest
from charge_models import (
    LOWER,
    SHAPE,
    UPPER,
    density,
    transfer,
    write,
    write_interface,
    write_run,
)
from pymatgen.io.vasp.outputs import Chgcar

from llo_dft.documents.electrons.charge import ChargeDifference
from llo_dft.report.figures import electron_transfer, interface_picture
from llo_dft.testing.plain_run_writer import HSE06, NOT_CONVERGED

FIGURES = ("bonds", "isosurface", "planar_average")
FILES = {
    "CHGCAR",
    "charge_difference.json",
    "difference.cube",
    "difference.npz",
    *(f"{name}.{ending}" for name in FIGURES for ending in ("png", "svg", "pdf")),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return write_interface(tmp_path_factory.mktemp("interface"))


@pytest.fixture(autouse=True)
def no_pictures(request, monkeypatch):
    """Leave out the figures, which take longer than all else; one test has them."""
    if request.function is not test_document_and_files:
        monkeypatch.setattr(electron_transfer, "save_planar_average", lambda *_: None)
        monkeypatch.setattr(electron_transfer, "save_bonds", lambda *_: None)
        monkeypatch.setattr(interface_picture, "save_isosurface", lambda *_: None)


def run(command, folders, *options):
    return command("analyze", "charge-difference", *folders, "-o", "out", *options)


def test_document_and_files(command, folders, tmp_path):
    result = run(command, folders, "--json")
    assert result.exit_code == 0, result.output
    document = ChargeDifference.model_validate(json.loads(result.stdout))
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    stored = (tmp_path / "out" / "charge_difference.json").read_text()
    assert ChargeDifference.model_validate_json(stored) == document
    assert document.electrons_whole == pytest.approx(24.0, abs=1e-6)
    assert (document.electrons_a, document.electrons_b) == pytest.approx((12.0, 12.0), abs=1e-6)
    assert abs(document.residual_e) < 1e-9
    assert sorted(document.part_of_atom) == ["a", "a", "a", "b", "b", "b"]
    (bond,) = document.bonds
    assert bond.length_angstrom == pytest.approx(1.6)
    assert bond.former_part == "b"
    # electrons went from above the bond's middle to below it: gained below, so positive
    assert max(document.planar.cumulative_e) == pytest.approx(0.305, abs=0.002)
    assert min(document.planar.cumulative_e) > -1e-6
    assert repr(document).startswith("ChargeDifference(LiMnPO3, 0.305 e moved, residual")


def test_the_grids_are_the_transfer(command, folders, tmp_path):
    assert run(command, folders).exit_code == 0
    stored = np.load(tmp_path / "out" / "difference.npz", allow_pickle=False)
    np.testing.assert_allclose(stored["difference_e_per_a3"], transfer(0.4), atol=1e-10)
    theirs = Chgcar.from_file(str(tmp_path / "out" / "CHGCAR"))
    np.testing.assert_allclose(
        theirs.data["total"] / theirs.structure.volume, transfer(0.4), atol=1e-10
    )
    # and it is what pymatgen subtracts
    ab, a, b = (Chgcar.from_file(str(folder / "CHGCAR")) for folder in folders)
    difference = ab.data["total"] - a.data["total"] - b.data["total"]
    np.testing.assert_allclose(
        stored["difference_e_per_a3"], difference / ab.structure.volume, atol=1e-10
    )


def test_summary_for_people_and_compressed_files(command, folders, tmp_path):
    packed = tmp_path / "A.gz"
    packed.write_bytes(gzip.compress((folders[1] / "CHGCAR").read_bytes()))
    result = run(command, (folders[0] / "CHGCAR", packed, folders[2]), "--axis", "c")
    assert result.exit_code == 0, result.output
    assert "P6-O3 across the interface: 1.600 A" in result.stdout
    assert "electrons: AB 24.0000, A 12.0000, B 12.0000; residual" in result.stdout


def moved_part(folder):
    atoms = [*UPPER[:2], ("Li", [0.2, 0.1, 0.46])]
    write(folder / "CHGCAR", atoms, density(UPPER))


def charged_part(folder):
    write(folder / "CHGCAR", UPPER, density(UPPER) * 1.01)


def other_grid(folder):
    write(folder / "CHGCAR", UPPER, density(UPPER)[:, :, : SHAPE[2] // 2])


def half_written(folder):
    path = write(folder / "CHGCAR", UPPER, density(UPPER))
    path.write_bytes(path.read_bytes()[:100_000])


def empty(folder):
    folder.mkdir()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (moved_part, r"Li 1 of B at \(0\.2000, 0\.1000, 0\.4600\) isn't in AB"),
        (charged_part, r"don't add up: AB has 24\.0\d+, A 12\.0\d+ and B 12\.1\d+"),
        (other_grid, r"grid is \(20, 20, 32\).* is \(20, 20, 64\); set NGXF"),
        (half_written, r"CHGCAR: truncated at byte \d+ \(in a grid\): the file ends here"),
        (empty, r"there is no CHGCAR, plain or compressed, in this folder"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(command, folders, tmp_path, spoil, message):
    spoil(tmp_path / "B")
    result = run(command, (*folders[:2], tmp_path / "B"), "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert re.search(message, line), line
    assert [path.name for path in tmp_path.iterdir()] == ["B"]


def test_parts_exchanged_for_the_whole(command, folders):
    result = run(command, (folders[1], folders[0], folders[2]))
    assert result.exit_code == 2
    assert "isn't in AB" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [(("--axis", "z"), "--axis must be a, b or c"), (("--level", "-1"), "--level must be larger")],
)
def test_options(command, folders, options, message):
    result = run(command, folders, *options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_an_older_result_is_kept(command, folders, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "kept").write_text("")
    result = run(command, folders)
    assert result.exit_code == 2
    assert "not empty; name another one with -o" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["kept"]


def test_a_failure_while_writing_leaves_nothing(command, folders, tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("llo_dft.runs.charge_difference.write_cube", full_disk)
    result = run(command, folders)
    assert result.exit_code == 2
    assert "out can't be written: No space left on device" in result.stderr
    assert list(tmp_path.iterdir()) == []


# The settings of the runs


@pytest.fixture
def with_runs(folders, tmp_path):
    """The three folders with the runs that made their densities."""
    folders = [shutil.copytree(one, tmp_path / "with_runs" / one.name) for one in folders]
    for folder, atoms in zip(folders, ([*LOWER, *UPPER], LOWER, UPPER), strict=True):
        write_run(folder, atoms)
    return folders


def test_settings_that_agree_are_named(command, with_runs, tmp_path):
    result = run(command, with_runs)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("vasp 6.4.2, PBE+U, U(Mn) 3.9 eV, 520 eV\n")
    assert "not compared" not in result.stdout
    document = json.loads((tmp_path / "out" / "charge_difference.json").read_text())
    assert document["fingerprint"]["functional"] == "PBE+U"  # A; B has no Mn for a U
    assert document["allowed"] == document["allowed_differences"] == document["notes"] == []


def test_settings_that_are_not_known_are_said_to_be_that(command, folders):
    found = json.loads(run(command, folders, "--json").stdout)
    assert found["fingerprint"] is None
    assert [note.split(": ")[1] for note in found["notes"]] == 3 * [
        "no vasprun.xml or vaspout.h5 of its run beside it, settings not compared"
    ]


@pytest.mark.parametrize(
    ("changes", "texts", "fields"),
    [
        (
            {"settings": HSE06, "u_values": None},
            ["functional: 'PBE+U' and 'HSE06'", "u_values_ev[Mn]: 3.9 and 0.0"],
            ["functional", "u_values_ev"],
        ),
        (
            {"replace": ("PAW_PBE O 08Apr2002", "PAW_PBE O_s 07Sep2000")},
            ["pseudopotentials[O]: 'PAW_PBE O 08Apr2002' and 'PAW_PBE O_s 07Sep2000'"],
            ["pseudopotentials"],
        ),
        ({"n_kpoints": 2}, ["(3 x 1 x 1, with Gamma)", "(2 x 1 x 1"], ["k_spacing_per_angstrom"]),
        ({"spins": 1}, ["spin_polarized: True and False"], ["spin_polarized"]),
    ],
)
def test_densities_that_do_not_belong_together(
    command, with_runs, tmp_path, changes, texts, fields
):
    write_run(with_runs[1], LOWER, **changes)
    refused = run(command, with_runs, "--allow", "model")  # another field
    assert refused.exit_code == 2
    (line,) = refused.stderr.splitlines()
    assert line.startswith(f"llo-dft: The densities of '{with_runs[0] / 'vasprun.xml'}' and ")
    assert not (tmp_path / "out").exists()
    allow = [word for field in fields for word in ("--allow", field)]
    result = run(command, with_runs, *allow, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["allowed"] == fields
    for text in texts:
        assert text in line
        assert text in "".join(found["allowed_differences"])
        assert text in result.stderr


def test_a_density_of_electrons_that_did_not_converge(command, with_runs):
    write_run(with_runs[2], UPPER, settings=NOT_CONVERGED)
    result = run(command, with_runs)
    assert result.exit_code == 2
    assert "B/vasprun.xml: unconverged: 4 steps, and NELM is 4" in result.stderr


def test_a_stand_ins_density_is_said_to_be_that(command, with_runs):
    mark = ("6.4.2", "STAND-IN, not VASP 6.4.2")
    for folder, atoms in zip(with_runs, ([*LOWER, *UPPER], LOWER, UPPER), strict=True):
        write_run(folder, atoms, replace=mark)
    result = run(command, with_runs)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("MOCK OUTPUTS - NOT A RESULT\n")


def test_a_stand_ins_density_does_not_go_with_a_real_one(command, with_runs):
    write_run(with_runs[1], LOWER, replace=("6.4.2", "STAND-IN, not VASP 6.4.2"))
    result = run(command, with_runs, "--allow", "engine_version")
    assert result.exit_code == 2
    assert "mock: False and True" in result.stderr


def test_the_mark_in_a_density_alone_is_enough(command, folders, tmp_path):
    lines = (folders[1] / "CHGCAR").read_text().partition("\n")
    (tmp_path / "CHGCAR").write_text(f"STAND-IN, not VASP 6.4.2\n{lines[2]}")
    result = run(command, (folders[0], tmp_path / "CHGCAR", folders[2]), "--json")
    assert json.loads(result.stdout)["mock"] is True
