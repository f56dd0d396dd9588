"""Each fault shows what it should, and a run without it goes on."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import threading
import time
import warnings
from typing import TYPE_CHECKING

import pytest
from pymatgen.io.vasp.inputs import Poscar
from pymatgen.io.vasp.outputs import Oszicar, Outcar, Vasprun
from vasp_inputs import RELAX, STATIC, oxide, write_inputs

from llo_dft.engines.vasp.files.outcar import read_outcar
from llo_dft.engines.vasp.files.vasprun.read_vasprun import VaspFileError, read_vasprun
from llo_dft.testing.standin import install

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.testing.standin import StandIn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_inputs(tmp_path / "run", oxide(), RELAX)


def faulty(tmp_path: Path, kind: str, **settings: object) -> StandIn:
    return install(tmp_path, faults=[{"kind": kind, **settings}])


def assert_it_ends_well(standin: StandIn, folder: Path) -> None:
    standin.run(folder)
    run = read_vasprun(folder / "vasprun.xml")
    assert run.problems == ()
    assert math.isfinite(run.energy_ev)
    assert "reached required accuracy" in (folder / "OUTCAR").read_text()


def test_electrons_that_do_not_converge_use_all_of_nelm(tmp_path: Path, folder: Path):
    standin = faulty(tmp_path, "not_converged_electronic")
    standin.run(folder)
    run = read_vasprun(folder / "vasprun.xml")
    assert run.problems == ("electrons not converged: 60 steps, and NELM is 60",)
    assert run.energy_ev is None
    assert "aborting loop because EDIFF is reached" not in (folder / "OUTCAR").read_text()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Vasprun(folder / "vasprun.xml", parse_potcar_file=False)
    assert not theirs.converged_electronic
    assert {len(steps) for steps in Oszicar(folder / "OSZICAR").electronic_steps} == {60}


def test_a_small_nelm_is_too_small_without_any_fault(vasp: StandIn, tmp_path: Path):
    vasp.run(write_inputs(tmp_path, oxide(), STATIC | {"NELM": 5}))
    run = read_vasprun(tmp_path / "vasprun.xml")
    assert run.problems == ("electrons not converged: 5 steps, and NELM is 5",)


def test_ions_that_do_not_converge_use_all_of_nsw(tmp_path: Path, folder: Path):
    standin = faulty(tmp_path, "not_converged_ionic", after_steps=2)
    standin.run(folder)
    run = read_vasprun(folder / "vasprun.xml")
    assert run.problems == ("ions not converged: 60 steps, and NSW is 60",)
    assert len(Oszicar(folder / "OSZICAR").ionic_steps) == 60
    assert "reached required accuracy" not in (folder / "OUTCAR").read_text()
    (folder / "POSCAR").write_text((folder / "CONTCAR").read_text())
    assert_it_ends_well(standin, folder)


def test_a_small_nsw_is_too_small_without_any_fault(vasp: StandIn, tmp_path: Path):
    vasp.run(write_inputs(tmp_path, oxide(), RELAX | {"NSW": 3}))
    run = read_vasprun(tmp_path / "vasprun.xml")
    assert run.problems == ("ions not converged: 3 steps, and NSW is 3",)


def test_a_crash_leaves_half_a_step(tmp_path: Path, folder: Path):
    standin = faulty(tmp_path, "crash", after_steps=2)
    ended = standin.run(folder, expected=174)
    assert "SIGSEGV, segmentation fault occurred" in ended.stderr
    with pytest.raises(VaspFileError, match="truncated"):
        read_vasprun(folder / "vasprun.xml")
    assert len(Oszicar(folder / "OSZICAR").ionic_steps) == 2
    assert len(Oszicar(folder / "OSZICAR").electronic_steps) == 3
    assert Poscar.from_file(folder / "CONTCAR").structure.formula == "Li4 Mn2 O6"
    assert read_outcar(folder / "OUTCAR").wall_s is None


def test_a_static_run_crashes_in_its_only_step(tmp_path: Path):
    folder = write_inputs(tmp_path / "run", oxide(), STATIC)
    faulty(tmp_path, "crash", after_steps=3).run(folder, expected=174)
    assert (folder / "CONTCAR").read_text() == ""
    assert not (folder / "CHGCAR").exists()


def test_a_killed_run_says_nothing(tmp_path: Path, folder: Path):
    standin = faulty(tmp_path, "killed", after_steps=3)
    ended = standin.run(folder, expected=-signal.SIGKILL)
    assert ended.stderr == ""
    assert len(Oszicar(folder / "OSZICAR").ionic_steps) == 3
    with pytest.raises(VaspFileError, match="truncated"):
        read_vasprun(folder / "vasprun.xml")


def test_a_truncated_vasprun_is_all_that_is_wrong(tmp_path: Path, folder: Path):
    standin = faulty(tmp_path, "truncated_vasprun", kept=0.9)
    standin.run(folder)
    assert Outcar(folder / "OUTCAR").final_energy < 0
    with pytest.raises(VaspFileError, match="truncated"):
        read_vasprun(folder / "vasprun.xml", eigenvalues=True, dos=True)
    assert "finalpos" not in (folder / "vasprun.xml").read_text()


def test_an_energy_that_is_no_number_looks_like_a_result(tmp_path: Path, folder: Path):
    standin = faulty(tmp_path, "nan_energy")
    standin.run(folder)
    with pytest.raises(VaspFileError, match="not a number"):
        read_vasprun(folder / "vasprun.xml")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Vasprun(folder / "vasprun.xml", parse_potcar_file=False)
    assert theirs.converged
    assert math.isnan(theirs.final_energy)
    assert math.isnan(Oszicar(folder / "OSZICAR").final_energy)


def test_zbrent_stops_with_contcar(tmp_path: Path, folder: Path):
    standin = faulty(tmp_path, "zbrent", after_steps=2)
    said = standin.run(folder, expected=1).stdout
    assert "ZBRENT: fatal error in bracketing" in said
    assert "ZBRENT: fatal error in bracketing" in (folder / "OUTCAR").read_text()
    contcar = Poscar.from_file(folder / "CONTCAR").structure
    assert (contcar.frac_coords != oxide().frac_coords).any()
    assert_it_ends_well(standin, folder)


def test_a_relaxation_alone_has_faults_of_relaxations(tmp_path: Path):
    folder = write_inputs(tmp_path / "run", oxide(), STATIC)
    standin = faulty(tmp_path, "zbrent")
    standin.run(folder)
    assert [start["kind"] for start in standin.starts()] == [None]


def test_a_run_without_end_is_killed_at_its_limit(tmp_path: Path, folder: Path):
    standin = faulty(tmp_path, "wall_time", seconds_per_step=0.1, limit_s=1.0)
    before = time.monotonic()
    standin.run(folder, expected=-signal.SIGKILL)
    assert time.monotonic() - before >= 1.0
    assert len(Oszicar(folder / "OSZICAR").ionic_steps) >= 1


@pytest.mark.parametrize("keep", [True, False])
def test_stopcar_ends_a_run_without_end_between_steps(tmp_path: Path, folder: Path, keep: bool):  # noqa: FBT001
    standin = faulty(tmp_path, "wall_time", seconds_per_step=0.1)
    stopcar = folder / "STOPCAR"

    def order() -> None:
        written = tmp_path / "STOPCAR"
        written.write_text("LSTOP = .TRUE.\n")
        written.chmod(0o444 if keep else 0o644)
        written.rename(stopcar)

    _after_the_first_step(folder, order)
    said = standin.run(folder).stdout
    assert "soft stop encountered!  aborting job" in said
    assert Outcar(folder / "OUTCAR").is_stopped
    assert stopcar.exists() is keep  # VASP deletes it unless it may not
    run = read_vasprun(folder / "vasprun.xml")
    assert run.convergence.electronic
    assert not run.convergence.ionic
    assert read_outcar(folder / "OUTCAR").wall_s > 0.1
    stopcar.unlink(missing_ok=True)
    (folder / "POSCAR").write_text((folder / "CONTCAR").read_text())
    assert_it_ends_well(standin, folder)


def test_one_point_is_aborted_before_its_electrons_converge(tmp_path: Path):
    folder = write_inputs(tmp_path / "run", oxide(), STATIC)
    standin = faulty(tmp_path, "wall_time")
    (folder / "STOPCAR").write_text("LABORT = .TRUE.\n")
    said = standin.run(folder).stdout
    assert "hard stop encountered!  aborting job" in said
    run = read_vasprun(folder / "vasprun.xml")
    assert not run.convergence.electronic
    assert run.energy_ev is None


def _after_the_first_step(folder: Path, act) -> None:
    """Do something as soon as CONTCAR is there, beside the run."""

    def wait() -> None:
        contcar = folder / "CONTCAR"
        until = time.monotonic() + 60
        while time.monotonic() < until and not (contcar.exists() and contcar.stat().st_size):
            time.sleep(0.02)
        act()

    threading.Thread(target=wait, daemon=True).start()


def test_a_full_disk_is_said_as_fortran_says_it(tmp_path: Path, folder: Path):
    standin = faulty(tmp_path, "full_disk", bytes_left=50_000)
    ended = standin.run(folder, expected=38)
    assert "forrtl: No space left on device" in ended.stderr
    assert "severe (38): error during write, unit 20, file" in ended.stderr
    inputs = {"INCAR", "KPOINTS", "POSCAR", "POTCAR.spec"}
    sizes = [path.stat().st_size for path in folder.iterdir() if path.name not in inputs]
    assert 45_000 <= sum(sizes) <= 50_000  # what CONTCAR had before it was written anew is gone
    with pytest.raises(VaspFileError, match="truncated"):
        read_vasprun(folder / "vasprun.xml")


def test_a_disk_that_is_really_full_is_said_alike(vasp: StandIn, folder: Path):
    (folder / "OUTCAR").symlink_to("/dev/full")
    ended = vasp.run(folder, expected=38)
    assert "forrtl: No space left on device" in ended.stderr
    assert str(folder / "OUTCAR") in ended.stderr


def test_nonsense_in_its_settings_is_named(tmp_path: Path, folder: Path):
    standin = install(tmp_path)
    (standin.folder / "standin.toml").write_text("grid = 3")
    ended = standin.run(folder, expected=96)
    assert ended.stderr.startswith("stand-in for VASP: unknown key 'grid' in the settings")
    assert len(ended.stderr.splitlines()) == 1
    assert not (folder / "OUTCAR").exists()


def test_without_settings_it_just_runs(folder: Path, vasp: StandIn):
    environment = os.environ | vasp.environment
    del environment["STANDIN_VASP_CONFIG"]
    subprocess.run([vasp.command], cwd=folder, env=environment, check=True, capture_output=True)
    assert read_vasprun(folder / "vasprun.xml").problems == ()


def test_the_log_of_starts_is_one_line_each(vasp: StandIn, folder: Path):
    vasp.run(folder)
    line = (vasp.folder / "standin_starts.jsonl").read_text().splitlines()[-1]
    assert json.loads(line)["comment"] == "Li4 Mn2 O6"
