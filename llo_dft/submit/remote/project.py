"""A project of jobflow-remote: found, read, and what of it a study's jobs need."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from llo_dft.errors import InputError
from llo_dft.submit.dask.scripts import JOB_END_TIME
from llo_dft.submit.remote.header_resources import SCHEDULERS, header_options
from llo_dft.submit.remote.job_types import JobTypesError, read_job_types

if TYPE_CHECKING:
    from jobflow_remote.config.base import ExecutionConfig, Project, WorkerBase

    from llo_dft.submit.remote.job_types import JobSize, JobType, JobTypeName, JobTypes

#: jobflow-remote writes names and paths into scripts and commands as they are.
PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
PLAIN_PATH: Final = re.compile(r"/[A-Za-z0-9_./+@=,:-]*")


class RemoteProjectError(InputError):
    """A project that can't be used; says where its fault is, and what to do."""


@dataclass(frozen=True)
class RemoteProject:
    """A project.

    Attributes
    ----------
    file
        Its file, absolute.
    settings
        As jobflow-remote reads it.
    table
        What each type of job asks for.
    """

    file: Path
    settings: Project
    table: JobTypes

    @property
    def name(self) -> str:
        """Its name."""
        return self.settings.name

    def job_type(self, name: JobTypeName) -> JobType:
        """Return a type of job.

        Raises
        ------
        RemoteProjectError
            If the project has none of that name.
        """
        known = self.table.job_types
        if name not in known:
            raise RemoteProjectError(
                f"{self.file}: metadata.llo_dft.job_types has no {name}, which this study needs; "
                f"it has {', '.join(known)}"
            )
        return known[name]

    def worker(self, name: str) -> WorkerBase:
        """Return a worker.

        Raises
        ------
        RemoteProjectError
            If there is none of that name, or its scheduler is not known here.
        """
        worker = self.settings.workers.get(name)
        if worker is None:
            raise RemoteProjectError(
                f"{self.file} has no worker {name!r}; it has {', '.join(self.settings.workers)}"
            )
        if worker.scheduler_type not in SCHEDULERS:
            raise RemoteProjectError(
                f"{self.file}: workers.{name}.scheduler_type = {worker.scheduler_type!r}; expected "
                f"one of {', '.join(SCHEDULERS)}"
            )
        return worker

    def resources(self, worker_name: str, size: JobSize | None) -> dict[str, Any]:
        """Return what a job on a worker writes into its header: where, and how much.

        The worker's own ``resources`` say where (partition, account); what ``size`` says counts
        before them.
        """
        worker = self.worker(worker_name)
        own = dict(worker.resources or {})
        if size is None:
            return own
        gpus = self.table.gpus.get(worker_name, 0)
        return own | header_options(str(worker.scheduler_type), size, gpus)

    def program(self, job_type: JobType, size: JobSize | None) -> ExecutionConfig:
        """Return modules and variables of a job.

        Raises
        ------
        RemoteProjectError
            If the project has none of the name that the type gives.
        """
        from jobflow_remote.config.base import ExecutionConfig  # noqa: PLC0415 (a second)

        if job_type.program is None:
            return ExecutionConfig()
        known = self.settings.exec_config
        if job_type.program not in known:
            raise RemoteProjectError(
                f"{self.file} has no exec_config {job_type.program!r}, which a job type names; it "
                f"has {', '.join(known) or 'none'}"
            )
        found = known[job_type.program]
        if size is None:
            return found
        counted = {
            "OMP_NUM_THREADS": size.threads,
            "MKL_NUM_THREADS": size.threads,
            JOB_END_TIME: f"$(($(date +%s) + {size.walltime}))",
        }
        return found.model_copy(update={"export": counted | (found.export or {})})


def projects_folder() -> Path:
    """Return where jobflow-remote looks for projects: JFREMOTE_PROJECTS_FOLDER, or ~/.jfremote."""
    require_remote()
    from jobflow_remote import SETTINGS  # noqa: PLC0415 (a second)

    return Path(SETTINGS.projects_folder).expanduser()


def require_remote() -> None:
    """Refuse to go on without jobflow-remote.

    Raises
    ------
    RemoteProjectError
        If it is not installed.
    """
    try:
        import jobflow_remote  # noqa: F401, PLC0415
    except ImportError as error:
        raise RemoteProjectError(
            "--project needs jobflow-remote, which is not installed: pip install 'llo-dft[remote]'"
        ) from error


def load_project(name: str) -> RemoteProject:
    """Read a project by its name, or the file of one.

    Raises
    ------
    RemoteProjectError
        If there is none, or it does not fit; a line for each fault.
    """
    require_remote()
    from jobflow_remote.config.base import Project  # noqa: PLC0415 (a second)
    from ruamel.yaml import YAML  # noqa: PLC0415 (comes with jobflow-remote)
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    file = _find(name).resolve()
    try:
        # jobflow-remote reads YAML 1.2 too; "safe" is plain data, and a tag that asks for an
        # object an error
        fields = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        reason = " ".join(str(error).split())
        raise RemoteProjectError(f"{file} can't be read as YAML: {reason}") from error
    if not isinstance(fields, dict):
        raise RemoteProjectError(f"{file}: expected a project of jobflow-remote")
    try:
        settings = Project.model_validate(fields)
    except ValidationError as error:
        # the input is left out of it: a file that somebody else made may hold a password
        faults = (f"{'.'.join(map(str, i['loc']))}: {_last_line(i['msg'])}" for i in error.errors())
        raise RemoteProjectError("\n".join(f"{file}: {fault}" for fault in faults)) from error
    try:
        table = read_job_types(settings.metadata)
    except JobTypesError as error:
        faults_there = (f"{file}: {fault}" for fault in str(error).splitlines())
        raise RemoteProjectError("\n".join(faults_there)) from error
    _check_paths(file, settings)
    return RemoteProject(file, settings, table)


def _find(name: str) -> Path:
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        if path.is_file():
            return path
        raise RemoteProjectError(f"there is no project file {name}")
    folder = projects_folder()
    if PLAIN_NAME.fullmatch(name) and (folder / f"{name}.yaml").is_file():
        return folder / f"{name}.yaml"
    known = sorted(file.stem for file in folder.glob("*.yaml"))
    raise RemoteProjectError(
        f"there is no project {name!r} in {folder}, which has {', '.join(known) or 'none'}; "
        "'llo-dft hpc init' writes one"
    )


def _check_paths(file: Path, settings: Project) -> None:
    """Refuse folders that a shell would read as something else than a path."""
    for name, worker in settings.workers.items():
        if not PLAIN_PATH.fullmatch(str(worker.work_dir)):
            raise RemoteProjectError(
                f"{file}: workers.{name}.work_dir = {str(worker.work_dir)!r}; jobflow-remote "
                "writes it into scripts as it is, so it may hold only letters, digits and "
                "/ . _ + - @ = , :"
            )


def _last_line(text: str) -> str:
    """Return what an error says below its traceback, if it brings one."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it does not fit"
