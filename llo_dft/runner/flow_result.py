"""What a run of a flow gives back, and what it tells while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from jobflow import Response

#: A job's uuid and its index (1, and one more for each time that it was replaced).
JobKey: TypeAlias = tuple[str, int]

#: "added" when the runner first hears of a job (at the start, or from another job's response),
#: "started" when it is handed to the executor, then exactly one of the other three.
EventKind: TypeAlias = Literal["added", "started", "finished", "failed", "skipped"]


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to one job; enough to draw a progress bar.

    Attributes
    ----------
    kind
        What happened; see `EventKind`.
    name, uuid, index
        The job.
    detail
        The error of a failed job, the reason of a skipped one, else empty.
    """

    kind: EventKind
    name: str
    uuid: str
    index: int
    detail: str = ""


@dataclass(frozen=True)
class JobFailure:
    """A job that was started and gave no response.

    Attributes
    ----------
    name, uuid, index
        The job.
    error_type
        The class name of what was raised, such as ``ValueError``.
    message
        What the error says.
    traceback
        The traceback as text, from the worker; empty where the worker died.
    """

    name: str
    uuid: str
    index: int
    error_type: str
    message: str
    traceback: str = ""

    def __str__(self) -> str:
        """Give the failure on one line."""
        return f"{self.name}: {self.error_type}: {self.message}"


@dataclass(frozen=True)
class JobNotRun:
    """A job that was never started, and why."""

    name: str
    uuid: str
    index: int
    reason: str


@dataclass(frozen=True)
class FlowResult:
    """What became of every job of a flow: each is in exactly one of the three.

    Attributes
    ----------
    responses
        ``{uuid: {index: Response}}`` of the jobs that ran, as jobflow's run_locally gives it,
        in the order in which run_locally would run them.
    failures
        The jobs that failed, in that order.
    not_run
        The jobs whose parents failed, or that were stopped by a response, in that order.
    """

    responses: dict[str, dict[int, Response]] = field(default_factory=dict)
    failures: dict[JobKey, JobFailure] = field(default_factory=dict)
    not_run: dict[JobKey, JobNotRun] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every job ran and gave a response."""
        return not self.failures and not self.not_run
