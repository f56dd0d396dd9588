"""Try what a project's jobs will do: the scheduler's check of one, and its environment."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from llo_dft.submit.probe import program_found_by, run_from_nothing, try_slurm_script
from llo_dft.submit.remote.header_resources import job_name

if TYPE_CHECKING:
    from llo_dft.submit.remote.job_types import JobSize, JobType
    from llo_dft.submit.remote.project import RemoteProject


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
    try_slurm_script(found.get_scheduler_io().get_submission_script(["true"], options))


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


def find_program(project: RemoteProject, worker: str, kind: JobType, variable: str) -> str:
    """Return the path of the program of a variable's command, as a job on a node finds it.

    Raises
    ------
    ProbeError
        If it is not found.
    """
    return program_found_by(lambda command: _as_job(project, worker, kind, command), variable)


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
    return run_from_nothing(lines, login=False)


def job_python(project: RemoteProject, worker: str) -> str:
    """Return the Python that a worker's jobs are started with."""
    command = project.worker(worker).execution_cmd or "jf"
    return shlex.split(command)[0].replace("{{", "{").replace("}}", "}")
