"""A project of jobflow-remote: finding and reading it, and what a study's jobs need of it.

What each type of job requests, by the size of its cell, is a table in the project's ``metadata``,
which jobflow-remote leaves to its users.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar

from pydantic import Field, ValidationError, model_validator

from llo_dft.errors import InputError, printable
from llo_dft.recipe import Count, Section
from llo_dft.submit.dask.scripts import JOB_END_TIME, RANKS
from llo_dft.submit.node_request import NodeRequest, Word, fault_lines
from llo_dft.submit.script_header import header_options

if TYPE_CHECKING:
    from jobflow_remote.config.base import ExecutionConfig, Project, WorkerBase


#: "light": builds structures and writes results, in seconds. "potential": any calculation by a
#: machine-learned potential. The others are calculations by a DFT code.
JobTypeName: TypeAlias = Literal[
    "light", "potential", "cell_relaxation", "slab_relaxation", "static"
]


class JobSize(NodeRequest):
    """What one job requests; ``up_to_atoms`` is the largest cell that it is for, None: any."""

    up_to_atoms: Count | None = None

    @property
    def core_hours(self) -> float:
        """Core-hours charged if it runs to the end of its walltime."""
        return self.all_cores * self.walltime / 3600


class JobType(Section):
    """One type of job."""

    worker: Word
    """The worker of the project that takes it."""
    program: Word | None = None
    """The entry of the project's ``exec_config`` with its modules and variables."""
    sizes: list[JobSize] = Field(default_factory=list)
    """From the smallest cell to the largest; none for a worker without a queue."""
    core_seconds_per_atom_step: float | None = Field(None, gt=0)
    """Time of one core for one atom and one ionic step, s, from which times are estimated; None if
    the engine itself can tell."""

    @model_validator(mode="after")
    def _sizes_go_on(self) -> JobType:
        limits = [size.up_to_atoms for size in self.sizes]
        bounded = [limit for limit in limits if limit is not None]
        if limits and (limits[-1] is not None or len(bounded) != len(limits) - 1):
            raise ValueError(
                "only the last of the sizes may lack up_to_atoms: it takes all larger cells"
            )
        if bounded != sorted(set(bounded)):
            raise ValueError("the sizes must be sorted by up_to_atoms, each larger than the last")
        return self

    def size_for(self, atoms: int) -> JobSize | None:
        """Return what a cell of that many atoms needs; None for a worker without a queue."""
        for size in self.sizes:
            if size.up_to_atoms is None or atoms <= size.up_to_atoms:
                return size
        return None


class JobTypes(Section):
    """The table of a project.

    ``job_types`` are by name, unneeded ones may be left out; ``gpus`` are those of a node that the
    jobs of a worker take.
    """

    job_types: dict[JobTypeName, JobType]
    gpus: dict[Word, Count] = Field(default_factory=dict)


_T = TypeVar("_T")

#: Schedulers that a project for studies may name, and the longest job name of each; "shell" starts
#: processes on the runner's machine.
_LONGEST_NAME: Final = {"slurm": 60, "pbs": 15, "shell": 60}

#: jobflow-remote writes names and paths into scripts and commands unchanged.
PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
PLAIN_PATH: Final = re.compile(r"/[A-Za-z0-9_./+@=,:-]*")


@dataclass(frozen=True)
class RemoteProject:
    """A project: its absolute ``file``, as jobflow-remote reads it, and its table of job types.

    Raises ``InputError`` in every method, if the project has nothing of the requested name.
    """

    file: Path
    settings: Project
    table: JobTypes

    @property
    def name(self) -> str:
        """Its name."""
        return self.settings.name

    def job_type(self, name: JobTypeName) -> JobType:
        """Return a type of job."""
        return self._named("metadata.llo_dft.job_types", self.table.job_types, name)

    def worker(self, name: str) -> WorkerBase:
        """Return a worker."""
        worker = self._named("workers", self.settings.workers, name)
        if worker.scheduler_type not in _LONGEST_NAME:
            raise InputError(
                f"{self.file}: workers.{name}.scheduler_type = {worker.scheduler_type!r}; expected "
                f"one of {', '.join(_LONGEST_NAME)}"
            )
        return worker

    def _named(self, table: str, known: Mapping[Any, _T], name: str) -> _T:
        if name not in known:
            raise InputError(
                f"{self.file}: there is no {name!r} in {table}; it has {', '.join(known) or 'none'}"
            )
        return known[name]

    def request(
        self, worker_name: str, kind: JobType, size: JobSize | None
    ) -> tuple[dict[str, Any], ExecutionConfig]:
        """Return what a job on a worker writes into its header, and its modules and variables.

        The worker's own ``resources`` say where (partition, account); those of ``size`` take
        precedence. Variables of the project take precedence over ours.
        """
        from jobflow_remote.config.base import ExecutionConfig  # noqa: PLC0415 (a second)

        worker = self.worker(worker_name)
        resources = dict(worker.resources or {})
        program = ExecutionConfig()
        if kind.program is not None:
            program = self._named("exec_config", self.settings.exec_config, kind.program)
        if size is None:
            return resources, program
        gpus = self.table.gpus.get(worker_name, 0)
        resources |= header_options(str(worker.scheduler_type), size, gpus)
        if kind.program is None:
            return resources, program
        counted = {
            "OMP_NUM_THREADS": size.threads,
            "MKL_NUM_THREADS": size.threads,
            **({RANKS: size.ranks} if size.ranks else {}),
            JOB_END_TIME: f"$(($(date +%s) + {size.walltime}))",
        }
        export = counted | (program.export or {})
        return resources, program.model_copy(update={"export": export})

    def job_name(self, worker_name: str, name: str) -> str:
        """Return a job's name in a form that is safe in a script's header.

        Characters that a shell or a scheduler could interpret are replaced.
        """
        words = re.sub(r"[^A-Za-z0-9_.+-]+", "_", name).strip("_.+-") or "job"
        # PBS requires a letter first
        longest = _LONGEST_NAME[str(self.worker(worker_name).scheduler_type)]
        return (words if words[0].isalpha() else f"j{words}")[:longest]


def projects_folder() -> Path:
    """Return where jobflow-remote looks for projects: JFREMOTE_PROJECTS_FOLDER, or ~/.jfremote."""
    require_remote()
    from jobflow_remote import SETTINGS  # noqa: PLC0415 (a second)

    return Path(SETTINGS.projects_folder).expanduser()


def require_remote() -> None:
    """Raise ``InputError`` if jobflow-remote is not installed."""
    try:
        import jobflow_remote  # noqa: F401, PLC0415
    except ImportError as error:
        raise InputError(
            "--project needs jobflow-remote, which is not installed: pip install 'llo-dft[remote]'"
        ) from error


def load_project(name: str) -> RemoteProject:
    """Read a project by its name, or the file of one.

    Raises ``InputError`` if there is none, or it is invalid; a line for each fault.
    """
    require_remote()
    from jobflow_remote.config.base import Project  # noqa: PLC0415 (a second)
    from ruamel.yaml import YAML  # noqa: PLC0415 (comes with jobflow-remote)
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    file = _find(name).resolve()
    try:
        # jobflow-remote also reads YAML 1.2; "safe" gives plain data, and a tag that requests an
        # object is an error
        fields = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file} can't be read as YAML: {reason}") from error
    if not isinstance(fields, dict):
        raise InputError(f"{file}: expected a project of jobflow-remote")
    try:
        settings = Project.model_validate(fields)
    except ValidationError as error:
        # the input is left out: a file made by somebody else may contain a password
        faults = [
            f"{'.'.join(map(str, i['loc']))}: {last_line(i['msg']) or 'it does not fit'}"
            for i in error.errors()
        ]
        raise _refused(file, faults) from error
    table = read_job_types(file, settings.metadata)
    for key, worker in settings.workers.items():
        if not PLAIN_PATH.fullmatch(str(worker.work_dir)):
            raise InputError(
                f"{file}: workers.{key}.work_dir = {str(worker.work_dir)!r}; jobflow-remote "
                "writes it into scripts unchanged, so it may contain only letters, digits and "
                "/ . _ + - @ = , :"
            )
    return RemoteProject(file, settings, table)


def read_job_types(file: Path, metadata: Mapping[str, Any] | None) -> JobTypes:
    """Read the table from a project's metadata; ``InputError`` as for ``load_project``."""
    fields = (metadata or {}).get("llo_dft")
    if not isinstance(fields, dict):
        what = "metadata.llo_dft is missing: it says what each type of job requests"
        raise _refused(file, [what])
    try:
        return JobTypes.model_validate(fields)
    except ValidationError as error:
        raise _refused(file, fault_lines(error, "metadata.llo_dft.")) from error


def _refused(file: Path, faults: list[str]) -> InputError:
    return InputError("\n".join(f"{file}: {fault}" for fault in faults))


def _find(name: str) -> Path:
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        if path.is_file():
            return path
        raise InputError(f"there is no project file {name}")
    folder = projects_folder()
    if PLAIN_NAME.fullmatch(name) and (folder / f"{name}.yaml").is_file():
        return folder / f"{name}.yaml"
    known = sorted(file.stem for file in folder.glob("*.yaml"))
    raise InputError(
        f"there is no project {name!r} in {folder}, which has {', '.join(known) or 'none'}; "
        "'llo-dft hpc init' writes one"
    )


def last_line(text: str | None) -> str:
    """Return the last line of a text that is not blank: an error's message below its traceback."""
    lines = [line for line in (text or "").splitlines() if line.strip()]
    return printable(" ".join(lines[-1].split())) if lines else ""
