"""Try what a project's jobs will do: the scheduler's check of one, and its environment."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from typing import TYPE_CHECKING, Final

from llo_dft.hpc.batch import BATCH_SYSTEMS, BatchError
from llo_dft.hpc.remote_resources import job_name

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.hpc.cluster_config import SchedulerName
    from llo_dft.hpc.job_types import JobSize, JobType
    from llo_dft.hpc.remote_project import RemoteProject

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
        # what follows is of a cluster file, which a project has none of
        raise ProbeError(str(error).partition(";")[0]) from error


def try_header(project: RemoteProject, worker: str, size: JobSize | None) -> None:
    """Have Slurm check a job's header, without submitting it; other schedulers can't.

    Raises
    ------
    ProbeError
        With what Slurm said.
    """
    found = project.worker(worker)
    if found.scheduler_type != "slurm":
        return
    options = project.resources(worker, size) | {"job_name": job_name("slurm", "llo-dft doctor")}
    script = found.get_scheduler_io().get_submission_script(["true"], options)
    done = _run(["sbatch", "--test-only"], script, dict(os.environ))
    if done.returncode:
        raise ProbeError(" ".join(done.stderr.split()) or "sbatch said nothing")


def run_as_job(
    project: RemoteProject, worker: str, kind: JobType, arguments: tuple[str, ...]
) -> str:
    """Run this package here as a job on a node would, and return what it prints.

    Modules are loaded and variables set as the project has them, from an empty environment.

    Raises
    ------
    ProbeError
        If it does not come that far; with the end of what it said.
    """
    command = [job_python(project, worker), "-P", "-m", "llo_dft.cli.main", *arguments]
    return _as_job(project, worker, kind, f"exec {shlex.join(command)}")


def find_vasp(project: RemoteProject, worker: str, kind: JobType) -> str:
    """Return the path of VASP itself, the last word of its command, as a job on a node finds it.

    Raises
    ------
    ProbeError
        If it is not found.
    """
    # as the shell sets it; the colon, so that something is said in any case
    told = _as_job(project, worker, kind, 'echo ":$ATOMATE2_VASP_CMD"')
    words = shlex.split(told.strip().removeprefix(":"))
    if not words:
        raise ProbeError("ATOMATE2_VASP_CMD is not set")
    try:
        return _as_job(project, worker, kind, f"command -v {shlex.quote(words[-1])}").strip()
    except ProbeError as error:
        raise ProbeError(f"{words[-1]} is not found") from error


def _as_job(project: RemoteProject, worker: str, kind: JobType, command: str) -> str:
    settings = project.worker(worker)
    program = project.program(kind, kind.sizes[-1] if kind.sizes else None)
    lines = [
        settings.pre_run or "",
        program.pre_run or "",
        *(f"export {name}={value}" for name, value in (program.export or {}).items()),
        *(f"module load {module} || exit 3" for module in program.modules or []),
        command,
    ]
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    done = _run(["bash", "-s"], "\n".join(lines), {**kept, "PATH": _PATH})
    if not done.stdout.strip():
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise ProbeError(said[-1] if said else f"exit status {done.returncode}")
    return done.stdout


def job_python(project: RemoteProject, worker: str) -> str:
    """Return the Python that a worker's jobs are started with."""
    command = project.worker(worker).execution_cmd or "jf"
    return shlex.split(command)[0].replace("{{", "{").replace("}}", "}")


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
