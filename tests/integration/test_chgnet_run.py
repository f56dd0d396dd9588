"""From a recipe to its figure with CHGNet, as a user starts it, and through a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from studies import write_recipe
from typer.testing import CliRunner

from llo_dft.calculations.cache import CalculationCache
from llo_dft.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.calculations.cache import JournalEntry

pytestmark = pytest.mark.skipif(find_spec("chgnet") is None, reason="needs chgnet")

#: Energies of a run that was killed and of one that was not: each calculation starts from the
#: same bits and runs on one thread.
SAME_ENERGY_EV = 1e-6

#: How long one run, or a worker's end, may take on a busy machine.
PATIENCE_S = 300.0
WORKERS_END_S = 20.0

N_CALCULATIONS = 7


def start(folder: Path, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "llo_dft.cli.main", "run", "tiny.toml", "-o", name]
    return subprocess.Popen(
        [*command, "--workers", "1", "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a recipe of seven calculations of a few steps is."""
    made: Path = tmp_path_factory.mktemp("chgnet")
    write_recipe(
        made,
        delithiation={"fractions": [1.0, 0.5]},
        vacancies={"environments": ["2TM+1Li"]},
        oxygen={"scheme": "none"},
        engine={"model": "r2scan", "overrides": {"force_tolerance": 0.5, "rattle": 0.0}},
    )
    return made


def here(folder: Path) -> tuple[str, str]:
    """Run the command in this process; return what it prints."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        arguments = ["run", "tiny.toml", "-o", "whole", "--workers", "1", "--json"]
        done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.stderr
    return done.stdout, done.stderr


def as_a_user(folder: Path) -> tuple[str, str]:
    """Run the command as a program, with a worker of its own; return what it prints."""
    process = start(folder, "whole")
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, stderr
    return stdout, stderr


# By default the command runs in this process; as a program with a worker of its own it is slow.
@pytest.fixture(scope="module", params=[here, pytest.param(as_a_user, marks=pytest.mark.slow)])
def uninterrupted(folder: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    """What a run prints that was left alone."""
    stdout, stderr = request.param(folder)
    printed: dict[str, Any] = json.loads(stdout)
    return printed | {"stderr": stderr}


def journal(folder: Path) -> list[JournalEntry]:
    return CalculationCache(folder / "calculations").journal()


def keys(entries: list[JournalEntry], event: str) -> list[str]:
    return [entry.key for entry in entries if entry.event == event]


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def energies(results: dict[str, Any]) -> list[float]:
    hosts = results["hosts"]
    made = [vacancy["formation_energy_ev"] for host in hosts for vacancy in host["vacancies"]]
    return [host["energy_ev"] for host in hosts] + made


def test_a_run_gives_its_results_table_and_figure(
    folder: Path, uninterrupted: dict[str, Any]
) -> None:
    written = json.loads((folder / "whole" / "results.json").read_text(encoding="utf-8"))
    progress = uninterrupted["stderr"].splitlines()
    assert uninterrupted | {"digest": written["digest"]} == written | {
        "stderr": uninterrupted["stderr"]
    }
    assert written["counts"] == {"completed": N_CALCULATIONS}
    assert written["fingerprint"]["engine"] == "chgnet"
    assert written["mock"] is False
    table = (folder / "whole" / "results.csv").read_text(encoding="utf-8")
    assert len(table.splitlines()) == 1 + 2
    assert (folder / "whole" / "vacancy_energy.png").read_bytes().startswith(b"\x89PNG")
    assert [line[:6] for line in progress[-N_CALCULATIONS:]] == [
        f"[{i}/{N_CALCULATIONS}] " for i in range(1, 8)
    ]
    # a fresh oxide holds its O by some eV, and less so the less Li there is
    full, half = (host["vacancies"][0]["formation_energy_ev"] for host in written["hosts"])
    assert 0.5 < half < full < 5.0


@pytest.mark.slow
@pytest.mark.parametrize("uninterrupted", [as_a_user], indirect=True)
def test_a_run_that_was_killed_goes_on_to_the_same_energies(
    folder: Path, uninterrupted: dict[str, Any]
) -> None:
    target = folder / "killed"
    first = start(folder, "killed")
    deadline = time.monotonic() + PATIENCE_S
    while not keys(journal(target), "completed"):
        assert first.poll() is None, first.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=PATIENCE_S)
    workers = {entry.process for entry in journal(target)}
    deadline = time.monotonic() + WORKERS_END_S
    while any(map(is_alive, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    before = journal(target)
    completed = keys(before, "completed")
    assert 1 <= len(completed) < N_CALCULATIONS
    assert not (target / "results.json").exists()

    second = start(folder, "killed")
    stdout, stderr = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 0, stderr
    after = journal(target)
    assert after[: len(before)] == before
    started_again = set(keys(after[len(before) :], "started"))
    assert started_again.isdisjoint(completed)
    assert len(started_again) == N_CALCULATIONS - len(completed)
    assert len(set(keys(after, "completed"))) == len(keys(after, "completed")) == N_CALCULATIONS
    assert not list((target / "calculations").glob(".partial-*"))
    results = json.loads(stdout)
    assert results["counts"] == {"completed": N_CALCULATIONS}
    assert energies(results) == pytest.approx(energies(uninterrupted), abs=SAME_ENERGY_EV)
