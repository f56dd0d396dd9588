"""What each type of job asks for, by the size of its cell: a table in a project of jobflow-remote.

It is kept in the project's ``metadata``, where jobflow-remote lets everybody keep what is theirs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import Field, ValidationError, model_validator

from llo_dft.errors import InputError
from llo_dft.recipe import Count, Section
from llo_dft.submit.node_request import NodeRequest, Word, fault_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

#: "light": builds structures and writes results, in seconds. "potential": any calculation by a
#: machine-learned potential. The others are calculations by a DFT code.
JobTypeName: TypeAlias = Literal[
    "light", "potential", "cell_relaxation", "slab_relaxation", "static"
]


class JobTypesError(InputError):
    """A table that can't be used; says which key, what came and what is expected."""


class JobSize(NodeRequest):
    """What one job asks for; ``up_to_atoms`` is the largest cell that it is for, None: any."""

    up_to_atoms: Count | None = None

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
        raise JobTypesError("\n".join(fault_lines(error, "metadata.llo_dft."))) from error
