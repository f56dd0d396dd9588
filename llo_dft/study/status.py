"""What of a study is done, running, failed, and why: read from its folder alone."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from llo_dft.cache import CalculationCache
from llo_dft.hpc.submission import driver_status
from llo_dft.study.folder import StudyFolderError
from llo_dft.study.results import read_results

if TYPE_CHECKING:
    from llo_dft.cache import JournalEntry
    from llo_dft.documents.study import CalculationRecord, StudyResult
    from llo_dft.hpc.submission import DriverStatus
    from llo_dft.study.folder import StudyFolder
    from llo_dft.study.remote_status import QueueStatus

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


def study_status(folder: StudyFolder) -> StudyStatus:
    """Read the state of every planned calculation.

    Raises
    ------
    StudyFolderError
        If there is no study, or it was never built or run.
    """
    recipe = folder.recipe()
    manifest = folder.path / "manifest.json"
    if not manifest.is_file():
        raise StudyFolderError(f"{folder.path} was neither built nor run yet")
    labels = json.loads(manifest.read_text(encoding="utf-8"))["calculations"]
    cache = CalculationCache(folder.calculations)
    driver = driver_status(folder.path)
    # a lock that a driver on another node holds is not seen on every file system
    running = folder.is_running() or (driver is not None and driver.state == "running")
    last = {entry.label: entry for entry in cache.journal()}
    told = {} if running or not folder.results.is_file() else _told(read_results(folder.results))
    return StudyStatus(
        study=recipe.study.name,
        calculations=[_state(label, cache, last, told, running=running) for label in labels],
        driver=driver,
    )


def _state(
    label: str,
    cache: CalculationCache,
    last: dict[str, JournalEntry],
    told: dict[str, CalculationRecord],
    *,
    running: bool,
) -> CalculationState:
    entry = last.get(label)
    if entry is None:
        return _as_told(label, told, CalculationState(label, "missing"))
    # the folder decides: a kill may have come between its rename and the line in the journal
    if cache.has_completed(entry.key):
        record = told.get(label)
        made = record.corrections if record is not None and record.key == entry.key else []
        return CalculationState(label, "completed", folder=entry.key, corrections=made)
    if entry.event == "failed":
        document = cache.failed(entry.key)
        reason = document.reason if document is not None else "its folder is gone"
        made = document.corrections if document is not None else []
        return CalculationState(label, "failed", reason, f"{entry.key}.failed", corrections=made)
    if entry.event != "started":
        return CalculationState(label, "missing", "its folder was removed")
    if running:
        return CalculationState(label, "running")
    ended = CalculationState(label, "interrupted", "the run ended before it did")
    return _as_told(label, told, ended)


def _as_told(
    label: str, told: dict[str, CalculationRecord], otherwise: CalculationState
) -> CalculationState:
    """Return what the results say of a calculation that left nothing in the cache."""
    record = told.get(label)
    if record is None or record.status == "completed":
        return otherwise
    return CalculationState(label, record.status, record.reason, applicable=record.applicable)


def _told(result: StudyResult) -> dict[str, CalculationRecord]:
    """Return what a finished run says of each calculation."""
    return {record.label: record for record in result.calculations}
