"""What a run of a flow gives back, and the events that it reports while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from jobflow import Response

#: A job's uuid and its index (1, and one more for each time that it was replaced).
JobKey: TypeAlias = tuple[str, int]

#: What happened to a job: "added" when the runner first hears of it (at the start, or from another
#: job's response), "started" when it is handed to the executor, then exactly one of the others.
EventKind: TypeAlias = Literal["added", "started", "finished", "failed", "skipped"]


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to one job; enough to draw a progress bar.

    ``detail`` is the error of a failed job, the reason of a skipped one, else empty.
    """

    kind: EventKind
    name: str
    uuid: str
    index: int
    detail: str = ""


@dataclass(frozen=True)
class JobFailure:
    """A job that was started and gave no response.

    ``error_type`` is the class name of what was raised, ``message`` what it says; the
    ``traceback`` is the worker's, empty where the worker died.
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
    """Every job of a flow, in exactly one of three, each in the order of run_locally.

    Attributes
    ----------
    responses
        ``{uuid: {index: Response}}`` of the jobs that ran, as jobflow's run_locally gives it.
    failures
        The jobs that failed.
    not_run
        The jobs whose parents failed, or that were stopped by a response.
    """

    responses: dict[str, dict[int, Response]] = field(default_factory=dict)
    failures: dict[JobKey, JobFailure] = field(default_factory=dict)
    not_run: dict[JobKey, JobNotRun] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every job ran and gave a response."""
        return not self.failures and not self.not_run
