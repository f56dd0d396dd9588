"""Try what a job will do before there is one: the scheduler's check, and an empty environment."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from typing import TYPE_CHECKING, Final

from llo_dft.submit.batch import BATCH_SYSTEMS, BatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from llo_dft.submit.dask.cluster_config import SchedulerName

#: A job starts with nothing of the environment that it is submitted from but these.
_KEPT: Final = ("HOME", "USER", "LOGNAME", "LANG")
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"

_PATIENCE_S: Final = 180.0


class ProbeError(RuntimeError):
    """What was tried went wrong; says what it said."""


def ask_scheduler(scheduler: SchedulerName) -> int:
    """Return how many jobs of this user the scheduler has.

    Raises
    ------
    ProbeError
        If it can't be asked.
    """
    try:
        return len(BATCH_SYSTEMS[scheduler].states())
    except BatchError as error:
        # what follows says what to do with a cluster file; who asks knows better
        raise ProbeError(str(error).partition(";")[0]) from error


def try_slurm_script(script: str) -> None:
    """Have Slurm check a job's script, without submitting it. No other scheduler can.

    Raises
    ------
    ProbeError
        With what Slurm said.
    """
    done = _run(["sbatch", "--test-only"], script, dict(os.environ))
    if done.returncode:
        raise ProbeError(" ".join(done.stderr.split()) or "sbatch said nothing")


def run_from_nothing(lines: Iterable[str], *, login: bool) -> str:
    """Run lines of shell as a job would, from an empty environment, and return what they print.

    Parameters
    ----------
    lines
        Of the person's own project or cluster file, and what is to be tried.
    login
        Whether the job's shell is a login shell.

    Raises
    ------
    ProbeError
        If they print nothing; with the last line of what they said.
    """
    done = _from_nothing(lines, login=login)
    if not done.stdout.strip():
        said = _lines(done.stderr)
        raise ProbeError(said[-1] if said else f"exit status {done.returncode}")
    return done.stdout


def complaints_from_nothing(lines: Iterable[str], *, login: bool) -> list[str]:
    """Return what lines of shell say on stderr, run as ``run_from_nothing`` does.

    Raises
    ------
    ProbeError
        If they do not end.
    """
    return _lines(_from_nothing(lines, login=login).stderr)


def program_found_by(as_job: Callable[[str], str], variable: str) -> str:
    """Return the path of a program itself, the last word of its command, behind what starts it.

    Parameters
    ----------
    as_job
        Runs a line of shell as a job would, and returns what it prints.
    variable
        Environment variable of the command.

    Raises
    ------
    ProbeError
        If it is not found.
    """
    # as the shell sets it; the colon, so that something is said in any case
    told = as_job(f'echo ":${variable}"')
    words = shlex.split(told.strip().splitlines()[-1].removeprefix(":"))
    if not words:
        raise ProbeError(f"{variable} is not set")
    try:
        return as_job(f"command -v {shlex.quote(words[-1])}").strip()
    except ProbeError as error:
        raise ProbeError(f"{words[-1]} is not found") from error


def why_not_writable(folder: Path) -> str | None:
    """Say why nothing can be made in a folder, or in the nearest one above it; None if it can."""
    there = folder
    while not there.exists():
        there = there.parent
    try:
        with tempfile.TemporaryDirectory(dir=there):
            return None
    except OSError as error:
        return f"{there}: {error.strerror}"


def _from_nothing(lines: Iterable[str], *, login: bool) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    shell = ["bash", "-l", "-s"] if login else ["bash", "-s"]
    return _run(shell, "\n".join(lines), {**kept, "PATH": _PATH})


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _run(
    command: list[str], text: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 (a list; the script is the person's own project)
            command,
            input=text,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
        )
    except FileNotFoundError as error:
        raise ProbeError(f"{command[0]} is not on the PATH") from error
    except subprocess.TimeoutExpired as error:
        raise ProbeError(f"{command[0]} did not end within {_PATIENCE_S:.0f} s") from error
