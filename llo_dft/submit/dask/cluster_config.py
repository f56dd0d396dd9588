"""The file that describes a cluster: its scheduler, the jobs of workers and of the driver.

The text of a directive is for the scheduler's own parser and the prologue is shell by intent;
everything else is held to words that neither a shell nor a scheduler reads as anything else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, get_args

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from llo_dft.errors import InputError
from llo_dft.typing import matching

if TYPE_CHECKING:
    from pathlib import Path

SchedulerName: TypeAlias = Literal["slurm", "pbs", "sge", "lsf"]

SCHEDULERS: tuple[SchedulerName, ...] = get_args(SchedulerName)

_WALLTIME = re.compile(r"(?:(\d+)-)?(\d{1,4}):([0-5]\d):([0-5]\d)", re.ASCII)


class ClusterConfigError(InputError):
    """A cluster file that can't be used; names the key, what came and what is expected."""


def _seconds(value: object) -> object:
    """Read HH:MM:SS or D-HH:MM:SS; YAML reads 24:00:00 without quotes as its seconds already."""
    if isinstance(value, str):
        match = _WALLTIME.fullmatch(value)
        if match is None:
            raise ValueError('expected "HH:MM:SS" or "D-HH:MM:SS"')
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return value


def _one_line(text: str) -> str:
    # a line break in a directive would begin a line of shell in the job's script
    if not text.isprintable() or not text.strip():
        raise ValueError("expected one line of printable characters")
    return text


Count = Annotated[int, Field(ge=1)]
Line = Annotated[str, AfterValidator(_one_line)]
Memory = Annotated[
    str,
    matching(
        re.compile(r"[0-9]+(\.[0-9]+)? ?(MB|GB|TB|MiB|GiB|TiB)"),
        'a number with MB, GB, TB, MiB, GiB or TiB, such as "32 GB"',
    ),
]
WallTime = Annotated[int, BeforeValidator(_seconds), Field(ge=60)]
Word = Annotated[
    str,
    matching(
        re.compile(r"[A-Za-z0-9_.,:@/+=-]+"),
        "one word of letters, digits and _.,:@/+=-, since it goes into the scheduler's directives",
    ),
]


class Section(BaseModel):
    """A table of a cluster file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class JobRequest(Section):
    """What every job asks the scheduler for.

    Attributes
    ----------
    queue, account
        Queue (Slurm: partition) and what the time is booked on.
    cores, memory
        Processor cores and memory of one node.
    walltime
        How long the job may run, s; in the file as "HH:MM:SS".
    resources
        PBS and SGE: the resource list (``-l``) in place of the one made of the above.
    directives
        Further options of the scheduler, one a line, as they would stand after ``#SBATCH``.
    skip_directives
        Lines of the job's header that contain one of these are left out.
    """

    queue: Word | None = None
    account: Word | None = None
    cores: Count
    memory: Memory
    walltime: WallTime
    resources: Line | None = None
    directives: list[Line] = []
    skip_directives: list[Line] = []


class WorkerJobs(JobRequest):
    """[workers]: the jobs that compute.

    Attributes
    ----------
    processes
        Calculations at a time in one job, each with an equal part of the cores.
    ranks
        MPI ranks that the one calculation of a job starts (``srun vasp_std``); 0: no MPI.
    nodes
        Nodes of one job; more than one needs MPI.
    min_jobs, max_jobs
        How many jobs to keep, even with nothing to do, and to have at most.
    idle
        How long a job may be without work before it is ended, s.
    """

    processes: Count = 1
    ranks: int = Field(0, ge=0)
    nodes: Count = 1
    min_jobs: int = Field(0, ge=0)
    max_jobs: Count
    idle: int = Field(120, ge=0)

    @model_validator(mode="after")
    def _parts_fit(self) -> WorkerJobs:
        if self.min_jobs > self.max_jobs:
            raise ValueError(f"min_jobs = {self.min_jobs} is more than max_jobs = {self.max_jobs}")
        if self.cores % self.processes:
            raise ValueError(f"cores = {self.cores} can't be shared by {self.processes} processes")
        if self.ranks and self.processes > 1:
            raise ValueError("with ranks, a job does one calculation at a time: processes = 1")
        if self.nodes > 1 and not self.ranks:
            raise ValueError("several nodes need ranks, the MPI ranks of a calculation")
        if self.ranks and (self.nodes * self.cores) % self.ranks:
            raise ValueError(f"{self.nodes * self.cores} cores can't be shared by its ranks")
        if self.ranks and self.ranks % self.nodes:
            raise ValueError(f"ranks = {self.ranks} can't be shared by {self.nodes} nodes")
        return self


class Network(Section):
    """[network]: names of network interfaces, as ``ip addr`` shows them; null: Dask chooses."""

    interface: Word | None = None
    driver_interface: Word | None = None


class ClusterConfig(Section):
    """A cluster file.

    Attributes
    ----------
    scheduler
        What runs the queue.
    workers, driver
        The jobs; the driver is in the queue only with ``llo-dft submit``.
    prologue
        Shell lines at the beginning of every job: modules, variables.
    python
        The Python of the compute nodes, if it is not the one that submits.
    retries
        How often a calculation whose worker died is taken up again.
    driver_timeout
        How long a worker looks for its driver before it ends by itself, s.
    """

    scheduler: SchedulerName
    workers: WorkerJobs
    driver: JobRequest | None = None
    prologue: str = ""
    network: Network = Network()
    python: Line | None = None
    retries: int = Field(3, ge=0)
    driver_timeout: int = Field(60, ge=5)


def load_cluster(path: Path) -> ClusterConfig:
    """Read a cluster file.

    Raises
    ------
    ClusterConfigError
        If it is missing, is not YAML, or does not fit; one line for each fault.
    """
    try:
        # safe_load makes plain data only; a tag that asks for an object is an error
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ClusterConfigError(
            f"there is no cluster file {path}; copy one of hpc_configs/dask_*.yaml and edit it"
        ) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ClusterConfigError(f"{path} can't be read as YAML: {reason}") from error
    if not isinstance(fields, dict):
        raise ClusterConfigError(
            f"{path}: expected the keys {', '.join(sorted(ClusterConfig.model_fields))}"
        )
    try:
        return ClusterConfig.model_validate(fields)
    except ValidationError as error:
        faults = [
            _fault(item["loc"], item["type"], item["msg"], item["input"]) for item in error.errors()
        ]
        raise ClusterConfigError("\n".join(f"{path}: {fault}" for fault in faults)) from error


def _fault(location: tuple[int | str, ...], kind: str, message: str, value: object) -> str:
    where = ".".join(map(str, location))
    if kind == "extra_forbidden":
        return f"unknown key {where}; expected {', '.join(_known_keys(location[:-1]))}"
    if kind == "missing":
        return f"{where} is missing"
    text = message.removeprefix("Value error, ")
    if isinstance(value, dict):
        return f"{where}: {text}"
    return f"{where} = {value!r}: {text}"


def _known_keys(table: tuple[int | str, ...]) -> list[str]:
    models: dict[tuple[int | str, ...], type[Section]] = {
        ("workers",): WorkerJobs,
        ("driver",): JobRequest,
        ("network",): Network,
    }
    return sorted(models.get(table, ClusterConfig).model_fields)
