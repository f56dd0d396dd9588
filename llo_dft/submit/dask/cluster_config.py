"""The file that describes a cluster: its scheduler, the jobs of workers and of the driver.

The text of a directive is for the scheduler's own parser, and the prologue is meant to be shell;
everything else is limited to words that neither a shell nor a scheduler interprets.
"""

from pathlib import Path
from typing import Final, Literal, Self, TypeAlias

import yaml
from pydantic import Field, ValidationError, model_validator

from llo_dft.errors import InputError
from llo_dft.recipe import Count, Section
from llo_dft.submit.node_request import CoreRequest, Line, NodeRequest, Word, fault_lines

SchedulerName: TypeAlias = Literal["slurm", "pbs", "sge", "lsf"]


class JobRequest(CoreRequest):
    """What every job requests from the scheduler."""

    queue: Word | None = None
    account: Word | None = None
    """queue, account: queue (Slurm: partition) and the account that is charged."""
    resources: Line | None = None
    """PBS and SGE: the resource list (``-l``), replacing the one made from the other fields."""
    directives: list[Line] = Field(default_factory=list)
    """Further options of the scheduler, one per line, as written after ``#SBATCH``."""
    skip_directives: list[Line] = Field(default_factory=list)
    """Lines of the job's header that contain one of these are left out."""


class WorkerJobs(JobRequest, NodeRequest):
    """[workers]: the jobs that compute."""

    processes: Count = 1
    """Calculations at a time in one job, each with an equal share of the cores."""
    min_jobs: int = Field(0, ge=0)
    max_jobs: Count
    """min_jobs, max_jobs: how many jobs to keep even without work, and at most."""
    idle: int = Field(120, ge=0)
    """How long a job may be idle before it is ended, s."""

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.min_jobs > self.max_jobs:
            raise ValueError(f"min_jobs = {self.min_jobs} is more than max_jobs = {self.max_jobs}")
        if self.cores % self.processes:
            raise ValueError(f"cores = {self.cores} can't be shared by {self.processes} processes")
        if self.ranks and self.processes > 1:
            raise ValueError("with ranks, a job does one calculation at a time: processes = 1")
        return self

    @property
    def calculation_threads(self) -> int:
        """Cores of one rank, or of one of the processes."""
        return self.threads // self.processes


class Network(Section):
    """[network]: names of network interfaces, as ``ip addr`` shows them; null: Dask chooses."""

    interface: Word | None = None
    driver_interface: Word | None = None


class ClusterConfig(Section):
    """A cluster file."""

    scheduler: SchedulerName
    workers: WorkerJobs
    driver: JobRequest | None = None
    """Needed only for ``llo-dft submit``."""
    prologue: str = ""
    """Shell lines at the beginning of every job: modules, variables."""
    network: Network = Network()
    python: Line | None = None
    """The Python of the compute nodes, if it differs from the submitting one."""
    retries: int = Field(3, ge=0)
    """How often a calculation whose worker died is retried."""
    driver_timeout: int = Field(60, ge=5)
    """How long a worker looks for its driver before it ends by itself, s."""


_TABLES: Final[dict[str, type[Section]]] = {
    "": ClusterConfig,
    "workers": WorkerJobs,
    "driver": JobRequest,
    "network": Network,
}


def load_cluster(path: Path) -> ClusterConfig:
    """Read a cluster file.

    Raises ``InputError`` if it is missing, is not YAML, or does not fit; one line for each
    fault.
    """
    try:
        # safe_load makes plain data only; a tag that asks for an object is an error
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"there is no cluster file {path}; copy one of hpc_configs/dask_*.yaml and edit it"
        ) from error
    except RecursionError as error:
        raise InputError(f"{path} is nested too deeply; expected tables") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path} can't be read as YAML: {reason}") from error
    if not isinstance(fields, dict):
        raise InputError(
            f"{path}: expected the keys {', '.join(sorted(ClusterConfig.model_fields))}"
        )
    try:
        return ClusterConfig.model_validate(fields)
    except ValidationError as error:
        faults = fault_lines(error, tables=_TABLES)
        raise InputError("\n".join(f"{path}: {fault}" for fault in faults)) from error
