from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from llo_dft.submit.remote.run_job import run_job

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders of jobs that are run; each leaves what jobflow-remote's leave."""
    found: list[Path] = []

    def run(folder: Path) -> None:
        found.append(folder)
        (folder / "jfremote_out.json").write_text(json.dumps({"end_time": 1, "error": None}))

    monkeypatch.setattr("jobflow_remote.jobs.run.run_remote_job", run)
    return found


def test_a_job_that_came_twice_is_run_once(tmp_path: Path, runs: list[Path]) -> None:
    run_job(tmp_path)
    run_job(tmp_path)
    assert runs == [tmp_path]


@pytest.mark.parametrize("left", ['{"start_time": 1}', "", '{"start_ti'])
def test_a_job_that_was_killed_is_run_again(tmp_path: Path, runs: list[Path], left: str) -> None:
    (tmp_path / "jfremote_out.json").write_text(left)
    run_job(tmp_path)
    assert runs == [tmp_path]


def test_the_second_waits_for_the_first(tmp_path: Path, runs: list[Path]) -> None:
    program = (
        "import fcntl, sys, time\n"
        "file = open(sys.argv[1] + '/.llo_dft.lock', 'w')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('has it', flush=True)\n"
        "time.sleep(60)\n"
    )
    first = subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE)
    assert first.stdout is not None
    assert first.stdout.readline() == b"has it\n"
    killer = threading.Timer(0.5, first.kill)
    started = time.monotonic()
    killer.start()
    run_job(tmp_path)
    assert time.monotonic() - started > 0.4
    assert runs == [tmp_path]
    killer.join()
    first.wait()
    first.stdout.close()
