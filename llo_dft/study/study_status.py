"""Status of a study: of each calculation, read from its folder; of its driver or its queue."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from llo_dft.calculations.cache import CalculationCache
from llo_dft.study.folder import StudyFolderError
from llo_dft.study.study_files import read_results
from llo_dft.submit.dask.submission import driver_status
from llo_dft.typing import Status

if TYPE_CHECKING:
    from llo_dft.calculations.cache import JournalEntry
    from llo_dft.documents.study_result import CalculationRecord
    from llo_dft.study.folder import StudyFolder
    from llo_dft.submit.dask.submission import DriverStatus


@dataclass(frozen=True)
class CalculationStatus:
    """Status of one planned calculation, and why if it did not complete.

    ``corrections`` are known once a run ended; ``applicable`` is False where the relaxed
    structures turned out to have no place for it.
    """

    label: str
    status: Status
    reason: str | None = None
    folder: str | None = None
    applicable: bool = True
    corrections: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class QueueStatus:
    """A study in the queue of a project.

    Attributes
    ----------
    project, reason
        Its project's file, and why that queue could not be asked; "" if it could.
    states
        Number of jobs by their state as jobflow-remote calls it, small ones too.
    broken
        The small jobs that failed, and those that failed when their calculation was done; and why.
    held
        Jobs that a runner has held for so long that it must have been killed.
    """

    project: str
    states: dict[str, int]
    broken: dict[str, str]
    held: list[str]
    reason: str = ""

    def lines(self) -> list[str]:
        """Return it as text for people."""
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


@dataclass(frozen=True)
class StudyStatus:
    """All planned calculations of a study, and its driver or its jobs in a queue."""

    study: str
    calculations: list[CalculationStatus]
    driver: DriverStatus | None = None
    queue: QueueStatus | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Number of calculations by status."""
        found = Counter(calculation.status for calculation in self.calculations)
        return {status: found.get(status, 0) for status in get_args(Status)}

    @property
    def is_complete(self) -> bool:
        """Whether every planned calculation completed."""
        return all(one.status == "completed" for one in self.calculations if one.applicable)

    def as_json(self) -> dict[str, Any]:
        """Return what a script reads."""
        return {
            "study": self.study,
            "complete": self.is_complete,
            "counts": self.counts,
            "calculations": [asdict(calculation) for calculation in self.calculations],
            "driver": None if self.driver is None else self.driver.model_dump(mode="json"),
            "queue": None if self.queue is None else asdict(self.queue),
        }


def study_status(folder: StudyFolder) -> StudyStatus:
    """Read the status of every planned calculation from a study's folder.

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
    driver = driver_status(folder.path)
    # a lock that a driver on another node holds is not seen on every file system
    running = folder.is_running() or (driver is not None and driver.status == "running")
    records: dict[str, CalculationRecord] = {}
    if not running and folder.results.is_file():
        records = {one.label: one for one in read_results(folder.results).calculations}
    cache = CalculationCache(folder.calculations)
    last = {entry.label: entry for entry in cache.journal()}
    return StudyStatus(
        study=recipe.study.name,
        calculations=[
            _status(label, cache, last.get(label), records.get(label), running=running)
            for label in labels
        ],
        driver=driver,
    )


def _status(
    label: str,
    cache: CalculationCache,
    entry: JournalEntry | None,
    record: CalculationRecord | None,
    *,
    running: bool,
) -> CalculationStatus:
    """Return the status of a calculation.

    ``entry`` is its last one in the journal, ``record`` what the results of a finished run say.
    """
    untried: Status = "missing"
    reason = None
    if entry is not None and not entry.key:  # it was not tried, or left nothing
        untried = "skipped" if entry.event == "skipped" else "missing"
        reason, entry = entry.reason, None
    # the folder decides: a kill may have come between its rename and the line in the journal
    if entry is not None and cache.has_completed(entry.key):
        made = record.corrections if record is not None and record.key == entry.key else []
        return CalculationStatus(label, "completed", folder=entry.key, corrections=made)
    if entry is not None and entry.event == "failed":
        document = cache.failed(entry.key)
        reason = "its folder is gone" if document is None else document.reason
        made = [] if document is None else document.corrections
        return CalculationStatus(label, "failed", reason, f"{entry.key}.failed", corrections=made)
    if entry is not None and entry.event != "started":
        return CalculationStatus(label, "missing", "its folder was removed")
    if entry is not None and running:
        return CalculationStatus(label, "running")
    if record is None or record.status == "completed":
        reason = reason if entry is None else "the run ended before it did"
        return CalculationStatus(label, untried, reason)
    return CalculationStatus(label, record.status, record.reason, applicable=record.applicable)
