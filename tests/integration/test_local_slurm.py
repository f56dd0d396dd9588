"""The Slurm that the other tests use is a real one, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import slurm as helper

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("slurm")]

DAEMONS = {"munged", "slurmctld", "slurmd"}


def programs_of(folder: Path) -> set[str]:
    """Name the programs that run with a Slurm's files, its jobs' among them."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                told = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                program = (entry / "comm").read_text().strip()
            except OSError:  # it has just ended, or is another's
                continue
            if str(folder).encode() in told:
                found.add(program)
    return found


def test_a_job_runs_to_its_end(slurm: helper.LocalSlurm, tmp_path: Path) -> None:
    job = slurm.submit("#!/bin/bash\necho from $SLURM_JOB_ID\n", tmp_path, "--wait", "-o", "out")
    assert (tmp_path / "out").read_text() == f"from {job}\n"
    slurm.wait_until("an empty queue", lambda: not slurm.jobs())


def fail_while_a_job_runs(second: helper.LocalSlurm, folder: Path) -> None:
    with second:
        second.submit("#!/bin/bash\nexec sleep 600\n", folder, "--output=out")
        second.wait_until("a job", lambda: [job.state for job in second.jobs()] == ["RUNNING"])
        assert programs_of(second.folder) > DAEMONS
        raise RuntimeError("as a failing test would")


def test_one_ends_with_its_jobs_and_files_when_a_test_fails(tmp_path: Path) -> None:
    outer = os.environ["SLURM_CONF"]
    second = helper.LocalSlurm()
    with pytest.raises(RuntimeError, match="as a failing test would"):
        fail_while_a_job_runs(second, tmp_path)
    assert os.environ["SLURM_CONF"] == outer
    assert programs_of(second.folder) == set()
    assert not second.folder.exists()


def test_a_killed_session_takes_its_daemons_along() -> None:
    program = (
        "import os, signal, slurm\n"
        "with slurm.LocalSlurm() as one:\n"
        "    print(one.folder, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(str(helper.__file__)).parent,
        check=False,
        capture_output=True,
        text=True,
    )
    folder = Path(done.stdout.strip())
    assert folder.is_dir()
    end = time.monotonic() + 20
    while programs_of(folder):
        assert time.monotonic() < end
        time.sleep(0.05)
    shutil.rmtree(folder)
