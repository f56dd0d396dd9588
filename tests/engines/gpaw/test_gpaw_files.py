"""The driver's result, read apart from the run: recorded of a real run, and damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from llo_dft.engines.gpaw.gpaw_files import GpawFileError, read_back, read_result

#: Written by GPAW 26.7.0: primitive Li2MnO3, PBE+U, protocol fast, static.
RECORDED = Path(__file__).parents[2] / "data/gpaw_outputs/li2mno3_static"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(RECORDED, tmp_path / "run"))


def changed(folder, **fields):
    path = folder / "result_gpaw.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | fields), encoding="utf-8")


def test_a_real_run_says_what_it_was_computed_with():
    found = read_back(RECORDED)
    fingerprint = found.fingerprint
    assert (fingerprint.engine, fingerprint.engine_version) == ("gpaw", "26.7.0")
    assert (fingerprint.functional, fingerprint.cutoff_ev) == ("PBE+U", 400.0)
    assert fingerprint.u_values_ev == {"Mn": 3.9}
    assert fingerprint.u_shells == {"Mn": 2}
    assert fingerprint.settings == {"U_SCALED_PROJECTORS": True}
    assert fingerprint.own_settings["SMEARING_EV"] == 0.05
    assert fingerprint.pseudopotentials["O"] == "PAW PBE 32ecd46bf208036f09c70b0ec9a88b78"
    assert not found.mock


def test_a_real_run_has_numbers_of_each_atom():
    found = read_result(RECORDED)
    assert found.energy_ev == pytest.approx(-66.2841, abs=1e-3)
    assert [round(m, 1) for m in found.moments_mu_b if m > 1] == [3.1, 3.1]
    assert found.total_moment_mu_b == pytest.approx(6.0, abs=1e-3)  # two Mn4+, t2g3
    assert found.structure.composition.reduced_formula == "Li2MnO3"
    assert found.max_force_ev_per_angstrom == pytest.approx(0.713, abs=1e-2)


def test_u_is_read_back_with_the_scaling_of_its_projectors(folder):
    parameters = json.loads((folder / "result_gpaw.json").read_text("utf-8"))["parameters"]
    changed(folder, parameters=parameters | {"setups": {"Mn": ":d,4.2,0"}})
    found = read_back(folder).fingerprint
    assert (found.u_values_ev, found.settings) == ({"Mn": 4.2}, {"U_SCALED_PROJECTORS": False})
    changed(folder, parameters=parameters | {"setups": {}})
    assert read_back(folder).fingerprint.functional == "PBE"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"energy_ev": None}, "lacks the energy, or the numbers of some of the 12 atoms"),
        ({"moments_mu_b": [3.0]}, "the numbers of some of the 12 atoms"),
        ({"energy_ev": float("nan")}, "energy_ev: .*finite number"),
        ({"format": 2}, "format: Input should be 1"),
        ({"code": "import os"}, "code: Extra inputs are not permitted"),
        ({"problem": "not converged"}, "result_gpaw.json: not converged"),
        ({"parameters": {}}, "lacks a parameter of GPAW's: 'kpts'"),
    ],
)
def test_damage_is_named(folder, fields, message):
    changed(folder, **fields)
    with pytest.raises(GpawFileError, match=message):
        read_back(folder)


def test_a_file_that_is_cut_off_or_not_there_is_named(folder):
    path = folder / "result_gpaw.json"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(
        GpawFileError, match="is not a result of the GPAW driver: all of it: Invalid"
    ):
        read_result(folder)
    path.unlink()
    with pytest.raises(GpawFileError, match="can't be read: No such file"):
        read_result(folder)
