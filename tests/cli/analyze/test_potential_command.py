"""llo-dft analyze potential, on plain VASP run folders."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from slab_runs import slab_run, write_slab

from llo_dft.documents.electrons.local_potential import PotentialSummary

if TYPE_CHECKING:
    from pathlib import Path


def found_by(command, *arguments: object, status: int = 0) -> list[dict[str, Any]]:
    result = command("analyze", "potential", *arguments, "--json")
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


def test_work_function_of_a_slab(tmp_path: Path, command):
    (found,) = found_by(command, write_slab(tmp_path / "slab"))
    for face in ("upper", "lower"):
        levels = found["faces"][face]
        assert levels["vacuum"]["level_ev"] == pytest.approx(5.25)
        assert levels["work_function_ev"] == pytest.approx(5.25 - slab_run().fermi)
        vbm = found["vbm_ev"]
        assert levels["ionization_energy_ev"] == pytest.approx(5.25 - vbm)
    assert found["dipole_step_ev"] == 0.0
    assert found["alignment"] is None
    assert PotentialSummary.model_validate(found).profile.height_angstrom == pytest.approx(24.0)


def test_a_dipole_gives_each_face_its_own(tmp_path: Path, command):
    (found,) = found_by(command, write_slab(tmp_path / "slab", (5.5, 4.75)))
    work = {face: found["faces"][face]["work_function_ev"] for face in ("upper", "lower")}
    assert work["upper"] - work["lower"] == pytest.approx(0.75)
    assert found["dipole_step_ev"] == pytest.approx(0.75)


def test_the_second_is_aligned_to_the_first_by_a_face_or_a_region(tmp_path: Path, command):
    paths = [write_slab(tmp_path / "one", (5.5, 5.0)), write_slab(tmp_path / "two", (4.5, 4.75))]
    shift = found_by(command, *paths)[1]["alignment"]
    assert shift == {"method": "vacuum", "reference_ev": 5.0, "other_ev": 4.75, "shift_ev": 0.25}
    upper = found_by(command, *paths, "--face", "upper")[1]["alignment"]
    assert upper["shift_ev"] == pytest.approx(1.0)
    region = found_by(command, *paths, "--region", "4:7")[1]["alignment"]
    assert region["method"] == "region"
    assert region["shift_ev"] == pytest.approx(0.0, abs=0.01)  # the wells are the same
    result = command("analyze", "potential", *paths)
    assert "add +0.250 eV to its levels (aligned by vacuum)" in result.stdout


def test_a_slope_is_a_problem_and_no_number(tmp_path: Path, command):
    (found,) = found_by(command, write_slab(tmp_path / "slab", tilt=2.0), status=1)
    assert found["faces"] == {}
    assert found["dipole_step_ev"] is None
    assert "isn't flat" in found["problems"][0]


def test_without_a_run_there_is_a_level_and_no_work_function(tmp_path: Path, command):
    (found,) = found_by(command, write_slab(tmp_path / "slab", vasprun=False))
    assert found["faces"]["lower"]["work_function_ev"] is None
    assert "no vasprun.xml or vaspout.h5 beside it" in " ".join(found["notes"])


def test_a_fixed_moment_leaves_no_work_function_and_says_why(tmp_path: Path, command):
    fixed = {"NUPDOWN": ("", f"{2:16.8f}")}
    (found,) = found_by(command, write_slab(tmp_path / "slab", settings=fixed))
    assert found["faces"]["upper"]["work_function_ev"] is None
    assert found["faces"]["upper"]["ionization_energy_ev"] is not None
    assert "no work function: with a fixed moment (NUPDOWN = 2)" in " ".join(found["notes"])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"settings": {"NELM": ("int", "     4")}}, "electrons not converged"),
        ({"symbols": ("Li", "Li", "Mn", "O", "O")}, "of another run"),
    ],
)
def test_a_run_that_does_not_count_gives_no_work_function(
    tmp_path: Path, command, change: dict[str, Any], problem: str
):
    from llo_dft.testing.vasprun_writer import Run, text

    folder = write_slab(tmp_path / "slab")
    run = Run(**({"lattice": slab_run().lattice} | change))
    (folder / "vasprun.xml").write_text(text(run), encoding="latin-1")
    (found,) = found_by(command, folder, status=1)
    assert problem in " ".join(found["problems"])
    assert found["faces"]["upper"]["work_function_ev"] is None


def test_a_damaged_run_is_named_and_the_level_kept(tmp_path: Path, command):
    folder = write_slab(tmp_path / "slab")
    content = (folder / "vasprun.xml").read_text(encoding="latin-1")
    (folder / "vasprun.xml").write_text(content[:9000], encoding="latin-1")
    (found,) = found_by(command, folder, status=1)
    assert "truncated" in found["problems"][0]
    assert found["faces"]["upper"]["vacuum"]["level_ev"] == pytest.approx(5.25)


def test_outcar_with_another_level_is_noted(tmp_path: Path, command):
    folder = write_slab(tmp_path / "slab")
    line = (
        " vacuum level on the upper side and lower side of the slab         5.250         6.000\n"
    )
    (folder / "OUTCAR").write_text(line)
    (found,) = found_by(command, folder)
    assert "lower face: 5.250 eV from LOCPOT, 6.000 eV by the program" in found["notes"]
    assert not any("upper face" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--axis", "z"), "--axis must be a, b or c, got 'z'"),
        (("--region", "5"), "--region must be LO:HI in angstrom with LO below HI, got '5'"),
        (("--region", "0:nan"), "--region must be LO:HI"),
        (("--window", "99"), "at most the cell's height"),
        (
            ("--figure", "no/such/folder.png"),
            "--figure no/such/folder.png: there is no folder no/such",
        ),
        (
            ("--figure", "picture.nonsense"),
            "--figure picture.nonsense: expected a name that ends in",
        ),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, command, arguments, message: str):
    result = command("analyze", "potential", write_slab(tmp_path / "slab"), *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_what_is_not_there_is_named_and_the_rest_goes_on(tmp_path: Path, command):
    good = write_slab(tmp_path / "slab")
    result = command("analyze", "potential", good, tmp_path / "none", "--json")
    assert result.exit_code == 1
    first, second = json.loads(result.stdout)
    assert first["faces"]
    assert "there is no such file or folder" in second["problems"][0]
    assert command("analyze", "potential", tmp_path / "none").exit_code == 2


def test_the_figure_has_the_levels_and_the_planes(tmp_path: Path, command):
    paths = [write_slab(tmp_path / "one", (5.5, 5.0)), write_slab(tmp_path / "two")]
    result = command("analyze", "potential", *paths, "--figure", "potential.png")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "potential.png").stat().st_size > 20_000


def test_band_centres_are_counted_from_the_vacuum_of_locpot(tmp_path: Path, command):
    folder = write_slab(tmp_path / "slab", (5.5, 5.0))
    result = command("analyze", "band-center", folder, "--reference", "vacuum", "--json")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    assert found["reference_ev"] == pytest.approx(5.25)
    assert "vacuum level: from LOCPOT" in found["notes"]
    assert any("5.500 and 5.000 eV on the two sides: their mean" in n for n in found["notes"])
    (folder / "LOCPOT").unlink()
    result = command("analyze", "band-center", folder, "--reference", "vacuum")
    assert result.exit_code == 2
    assert "put its LOCPOT (LVHAR = .TRUE.)" in result.stderr
    result = command("analyze", "band-center", folder, "--reference", "core")
    assert "OUTCAR with ICORELEVEL = 1" in result.stderr


def test_a_locpot_of_another_cell_gives_no_reference(tmp_path: Path, command):
    folder = write_slab(tmp_path / "slab")
    from llo_dft.testing.vasprun_writer import Run, text

    (folder / "vasprun.xml").write_text(text(Run()), encoding="latin-1")
    result = command("analyze", "band-center", folder, "--reference", "vacuum")
    assert result.exit_code == 2
    assert "LOCPOT is of another run" in result.stderr


@pytest.mark.parametrize("name", ["LOCPOT", "vasprun.xml"])
def test_a_stand_ins_potential_is_said_to_be_that(tmp_path: Path, command, name: str):
    path = write_slab(tmp_path / "slab")
    first, _, rest = (path / name).read_text(encoding="latin-1").partition("\n")
    mark = "STAND-IN, not VASP 6.4.2"
    changed = (
        f"{mark}\n{rest}" if name == "LOCPOT" else f"{first}\n{rest}".replace("6.4.2", mark, 1)
    )
    (path / name).write_text(changed, encoding="latin-1")
    result = command("analyze", "potential", path, "--json")
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)
    assert found["mock"] is True
    assert "a stand-in for VASP wrote these files" in found["problems"][0]
