"""What each type of job asks for, by the size of its cell: a table in a project of jobflow-remote.

It is kept in the project's ``metadata``, where jobflow-remote lets everybody keep what is theirs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from pydantic import Field, ValidationError, model_validator

from llo_dft.errors import InputError
from llo_dft.submit.dask.cluster_config import Count, Memory, Section, WallTime, Word

if TYPE_CHECKING:
    from collections.abc import Mapping

#: "light": builds structures and writes results, in seconds. "potential": any calculation by a
#: machine-learned potential. The others are calculations by a DFT code.
JobTypeName: TypeAlias = Literal[
    "light", "potential", "cell_relaxation", "slab_relaxation", "static"
]

_BYTES: Final = {
    "MB": 1000**2,
    "GB": 1000**3,
    "TB": 1000**4,
    "MiB": 1024**2,
    "GiB": 1024**3,
    "TiB": 1024**4,
}


class JobTypesError(InputError):
    """A table that can't be used; says which key, what came and what is expected."""


class JobSize(Section):
    """What one job asks for.

    Attributes
    ----------
    up_to_atoms
        The largest cell that this is for; None: all that are larger.
    nodes, cores, memory
        Nodes, and processor cores and memory of each.
    ranks
        MPI ranks in all, for the program that the job starts; 0: it starts none by itself.
    walltime
        How long the job may run, s; in the file as "HH:MM:SS".
    """

    up_to_atoms: Count | None = None
    nodes: Count = 1
    ranks: int = Field(0, ge=0)
    cores: Count
    memory: Memory
    walltime: WallTime

    @model_validator(mode="after")
    def _parts_fit(self) -> JobSize:
        if self.nodes > 1 and not self.ranks:
            raise ValueError("several nodes need ranks, the MPI ranks of a calculation")
        if self.ranks and (self.all_cores % self.ranks or self.ranks % self.nodes):
            raise ValueError(
                f"{self.nodes} nodes of {self.cores} cores can't be shared by {self.ranks} ranks"
            )
        return self

    @property
    def all_cores(self) -> int:
        """Cores of all nodes."""
        return self.nodes * self.cores

    @property
    def threads(self) -> int:
        """Cores of one rank, or of the one process where there are no ranks."""
        return self.all_cores // (self.ranks or 1)

    @property
    def memory_mib(self) -> int:
        """Memory of a node, MiB, rounded up."""
        number, unit = re.fullmatch(r"([\d.]+) ?(\w+)", self.memory, re.ASCII).groups()  # type: ignore[union-attr]
        return -(-int(float(number) * _BYTES[unit]) // 1024**2)

    @property
    def core_hours(self) -> float:
        """What is booked if it runs to the end of its walltime."""
        return self.all_cores * self.walltime / 3600


class JobType(Section):
    """One type of job.

    Attributes
    ----------
    worker
        The worker of the project that takes it.
    program
        The entry of the project's ``exec_config`` with its modules and variables.
    sizes
        From the smallest cell to the largest; none for a worker without a queue.
    core_seconds_per_atom_step
        Time of one core for one atom and one ionic step, s, from which times are estimated; None
        if the engine itself can tell.
    """

    worker: Word
    program: Word | None = None
    sizes: list[JobSize] = Field(default_factory=list)
    core_seconds_per_atom_step: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _sizes_go_on(self) -> JobType:
        limits = [size.up_to_atoms for size in self.sizes]
        bounded = [limit for limit in limits if limit is not None]
        if limits and (limits[-1] is not None or len(bounded) != len(limits) - 1):
            raise ValueError(
                "of the sizes the last one alone has no up_to_atoms: it takes all else"
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

    Attributes
    ----------
    job_types
        By name; those that no study needs may be left out.
    gpus
        By worker, how many GPUs of a node its jobs take.
    """

    job_types: dict[JobTypeName, JobType]
    gpus: dict[Word, Count] = Field(default_factory=dict)


def read_job_types(metadata: Mapping[str, Any] | None) -> JobTypes:
    """Read the table from a project's metadata.

    Raises
    ------
    JobTypesError
        If it is missing, or does not fit; a line for each fault.
    """
    fields = (metadata or {}).get("llo_dft")
    if not isinstance(fields, dict):
        raise JobTypesError("metadata.llo_dft is missing: it says what each type of job asks for")
    try:
        return JobTypes.model_validate(fields)
    except ValidationError as error:
        raise JobTypesError("\n".join(_fault(dict(item)) for item in error.errors())) from error


def _fault(item: Mapping[str, Any]) -> str:
    where = ".".join(map(str, ("metadata", "llo_dft", *item["loc"])))
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] in {"missing", "extra_forbidden"} or isinstance(item["input"], dict):
        return f"{where}: {message}"
    return f"{where} = {item['input']!r}: {message}"
