"""llo-dft doctor: what is found, what is missing, and what to do about it."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def test_doctor_for_a_script(command: Any) -> None:
    done = command("doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert findings["jobflow"]["found"] == version("jobflow")
    assert findings["structures/Li2MnO3.cif"]["state"] == "ok"
    assert {finding["state"] for finding in findings.values()} <= {"ok", "missing", "optional"}
    lacking = [f for f in findings.values() if f["state"] == "missing"]
    assert all(finding["remedy"] for finding in lacking)
    assert done.exit_code == (1 if lacking else 0)


def test_doctor_tells_what_is_lacking_and_what_to_do(
    command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llo_dft.engines.potentials.known_potentials.find_spec", lambda _: None)
    done = command("doctor")
    assert done.exit_code == 1
    assert "MISSING engines: none is installed" in done.stdout
    assert "pip install 'llo-dft[chgnet]'" in done.stdout


def test_doctor_of_a_cluster_file(command: Any) -> None:
    done = command("doctor", "--on", "none.yaml", "--json")
    assert done.exit_code == 1
    (finding,) = json.loads(done.stdout)
    assert (finding["what"], finding["state"]) == ("cluster file none.yaml", "missing")
    assert "none.yaml" in finding["remedy"]


def test_doctor_says_what_to_do(command: Any) -> None:
    done = command("doctor", "--project", "lab")
    assert done.exit_code == 1
    assert "MISSING project lab: it can't be used" in done.stdout
    assert "'llo-dft hpc init' writes one" in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--recipe", "quickstart"), "--recipe goes with --project or --on"),
        (("--project", "lab", "--on", "c.yaml"), "--project NAME or --on CLUSTER"),
    ],
)
def test_options_that_do_not_go_together(command: Any, options: tuple[str, ...], said: str) -> None:
    done = command("doctor", *options)
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_doctor_reads_a_timing_from_a_finished_run(command: Any, tmp_path: Path) -> None:
    assert "no OUTCAR in this folder" in command("doctor", "--calibrate", tmp_path).stderr
    (tmp_path / "OUTCAR").write_text(
        " running   16 mpi-ranks, with    1 threads/rank\n"
        "   k-points  NKPTS =  2  k-points in BZ  NKDIM =  2  number of bands    NBANDS=    96\n"
        "   ISPIN  =      2    spin polarized calculation?\n"
        " k-point   1 :   0.0000 0.0000 0.0000  plane waves:    5901\n"
        "      LOOP:  cpu time    2.0000: real time    2.5000\n",
        encoding="utf-8",
    )
    done = command("doctor", "--calibrate", tmp_path)
    assert done.exit_code == 0
    assert "export LLO_DFT_VASP_CYCLE=40,5901,96,2,2" in done.stdout
