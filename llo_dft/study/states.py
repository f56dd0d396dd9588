"""What became of a study: of each calculation, of its driver, of its jobs in a queue."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from llo_dft.submit.dask.submission import DriverStatus

State: TypeAlias = Literal[
    "completed", "running", "queued", "failed", "interrupted", "skipped", "missing"
]


@dataclass(frozen=True)
class CalculationState:
    """One planned calculation: what became of it, and why if it did not complete.

    ``corrections`` are known once a run ended; ``applicable`` is False where the relaxed
    structures turned out to have no place for it.
    """

    label: str
    state: State
    reason: str | None = None
    folder: str | None = None
    applicable: bool = True
    corrections: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class QueueStatus:
    """Where a study stands in the queue.

    Attributes
    ----------
    project
        Its project's file.
    states
        Number of jobs by their state as jobflow-remote calls it; the small jobs between the
        calculations too.
    broken
        The small jobs that broke, and those that broke when their calculation was done; and why.
    held
        Jobs that a runner has held for so long that it must have been killed.
    reason
        Why the queue could not be asked; "" otherwise.
    """

    project: str
    states: dict[str, int]
    broken: dict[str, str]
    held: list[str]
    reason: str = ""

    def lines(self) -> list[str]:
        """Say it for people."""
        if self.reason:
            return [f"queue: {self.reason}"]
        states = ", ".join(f"{number} {state}" for state, number in sorted(self.states.items()))
        lines = [f"queue: {states} of {sum(self.states.values())} jobs"]
        lines += [f"  broken    {name}: {reason}" for name, reason in self.broken.items()]
        if self.held:
            lines.append(
                f"  a runner that held {', '.join(self.held)} seems to have been killed; "
                "'llo-dft retry' frees them"
            )
        return lines

    def as_json(self) -> dict[str, Any]:
        """Return what a script reads."""
        return vars(self)


@dataclass(frozen=True)
class StudyStatus:
    """All planned calculations of a study, and its driver or its jobs in a queue."""

    study: str
    calculations: list[CalculationState]
    driver: DriverStatus | None = None
    queue: QueueStatus | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Number of calculations by state."""
        found = Counter(calculation.state for calculation in self.calculations)
        return {state: found.get(state, 0) for state in get_args(State)}

    @property
    def is_complete(self) -> bool:
        """Whether every planned calculation completed."""
        return all(
            calculation.state == "completed"
            for calculation in self.calculations
            if calculation.applicable
        )

    def as_json(self) -> dict[str, Any]:
        """Return what a script reads."""
        return {
            "study": self.study,
            "complete": self.is_complete,
            "counts": self.counts,
            "calculations": [asdict(calculation) for calculation in self.calculations],
            "driver": None if self.driver is None else self.driver.model_dump(mode="json"),
            "queue": None if self.queue is None else self.queue.as_json(),
        }
