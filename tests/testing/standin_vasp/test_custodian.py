"""Real custodian around the stand-in: what it can repair is repaired, the rest is reported."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest
from custodian import Custodian
from custodian.custodian import ValidationError
from custodian.vasp.handlers import (
    NonConvergingErrorHandler,
    UnconvergedErrorHandler,
    VaspErrorHandler,
    WalltimeHandler,
)
from custodian.vasp.jobs import VaspJob
from custodian.vasp.validators import VaspFilesValidator, VasprunXMLValidator
from pymatgen.io.vasp.inputs import Incar
from vasp_inputs import RELAX, oxide, write_inputs

from llo_dft.engines.vasp.files.vasprun.read_vasprun import read_vasprun
from llo_dft.testing.standin import install

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.testing.standin import StandIn

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_inputs(tmp_path / "run", oxide(), RELAX)


def under_custodian(standin: StandIn, folder: Path, monkeypatch, *handlers) -> list[dict]:
    """Run, and return the corrections that custodian wrote down."""
    standin.use(monkeypatch)
    monkeypatch.chdir(folder)
    Custodian(
        [VaspErrorHandler(), UnconvergedErrorHandler(), *handlers],
        [VaspJob(["vasp_std"], gamma_vasp_cmd=["vasp_gam"], auto_npar=False)],
        validators=[VasprunXMLValidator(), VaspFilesValidator()],
        max_errors=3,
        **standin.custodian,
    ).run()
    (job,) = json.loads((folder / "custodian.json").read_text())
    return job["corrections"]


def test_zbrent_is_repaired_from_contcar(tmp_path: Path, folder: Path, monkeypatch):
    standin = install(tmp_path, faults=[{"kind": "zbrent", "after_steps": 2}])
    (repair,) = under_custodian(standin, folder, monkeypatch)
    assert repair["errors"] == ["zbrent"]
    assert Incar.from_file(folder / "INCAR")["EDIFF"] == 1e-6
    assert len(standin.starts()) == 2
    run = read_vasprun(folder / "vasprun.xml")
    assert run.problems == ()
    assert run.parameters["NELMIN"] == 8
    start = read_vasprun(folder / "vasprun.xml").header.initial
    moved = abs(start.fractional - oxide().frac_coords)
    assert abs(moved - moved.round()).max() > 1e-3  # it went on from where it stopped


def test_electrons_that_do_not_converge_get_another_algorithm(tmp_path, folder, monkeypatch):
    standin = install(tmp_path, faults=[{"kind": "not_converged_electronic"}])
    handler = NonConvergingErrorHandler(nionic_steps=100)  # the other one is to see it
    (repair,) = under_custodian(standin, folder, monkeypatch, handler)
    assert repair["errors"] == ["Unconverged"]
    run = read_vasprun(folder / "vasprun.xml")
    assert run.problems == ()
    assert run.incar["ALGO"] == "All"


def test_ions_that_do_not_converge_go_on(tmp_path: Path, folder: Path, monkeypatch):
    standin = install(tmp_path, faults=[{"kind": "not_converged_ionic", "after_steps": 2}])
    (repair,) = under_custodian(standin, folder, monkeypatch)
    assert repair["errors"] == ["Unconverged"]
    run = read_vasprun(folder / "vasprun.xml")
    assert run.problems == ()
    assert run.incar["IBRION"] == 1
    assert math.isfinite(run.energy_ev)


def test_what_can_not_be_repaired_is_an_error(tmp_path: Path, folder: Path, monkeypatch):
    standin = install(tmp_path, faults=[{"kind": "killed", "times": 0}])
    with pytest.raises(ValidationError, match="VasprunXMLValidator"):
        under_custodian(standin, folder, monkeypatch)
    assert len(standin.starts()) == 1


def test_the_wall_time_ends_a_run_in_order(tmp_path: Path, folder: Path, monkeypatch):
    standin = install(tmp_path, faults=[{"kind": "wall_time", "seconds_per_step": 0.2}])
    monkeypatch.delenv("CUSTODIAN_WALLTIME_START", raising=False)
    handler = WalltimeHandler(wall_time=1, buffer_time=1)
    monkeypatch.delenv("CUSTODIAN_WALLTIME_START", raising=False)
    (first, *_) = under_custodian(standin, folder, monkeypatch, handler)
    assert first["errors"] == ["Walltime reached"]
    assert "soft stop encountered" in (folder / "OUTCAR").read_text()
    run = read_vasprun(folder / "vasprun.xml")
    assert run.convergence.electronic
    assert not run.convergence.ionic
