"""Status of a study: of each calculation, from its folder; of its driver or its queue."""

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import Any, get_args

from llo_dft.calculations.cache import CacheError, CalculationCache, JournalEntry
from llo_dft.documents.asked_and_built import AskedAndBuilt
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.study_result import CalculationRecord, StudyResult
from llo_dft.errors import printable
from llo_dft.plain_files import from_json
from llo_dft.study.folder import StudyFolder, StudyFolderError
from llo_dft.study.study_files import changed_files, read_results, recover
from llo_dft.submit.dask.driver import DriverStatus, driver_status
from llo_dft.typing import Status


@dataclass(frozen=True)
class CalculationStatus:
    """Status of one planned calculation, and why if it did not complete.

    ``corrections`` are known once a run ended; ``applicable`` is False if the relaxed structures
    turned out to have no site for it.
    """

    label: str
    status: Status
    reason: str | None = None
    folder: str | None = None
    applicable: bool = True
    corrections: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class QueueStatus:
    """A study in the queue of a project, and why that could not be queried; "" if it could.

    ``states`` are numbers of jobs by jobflow-remote's name of their state; ``broken`` are small
    jobs that failed, and those that failed after their calculation was done, and why; ``held`` are
    jobs that a runner has locked for so long that it must have been killed.
    """

    project: str
    states: dict[str, int]
    broken: dict[str, str]
    held: list[str]
    reason: str = ""

    def lines(self) -> list[str]:
        """Return it as readable text."""
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
    """All planned calculations of a study, and its driver or its jobs in a queue.

    ``lacking`` says what the study's result lacks even if every calculation completed, ``built``
    compares what was built with what was requested.
    """

    study: str
    calculations: list[CalculationStatus]
    driver: DriverStatus | None = None
    queue: QueueStatus | None = None
    lacking: str = ""
    built: list[AskedAndBuilt] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Number of calculations by status, without those that have no site in the study."""
        found = Counter(one.status for one in self.calculations if one.applicable)
        return {status: found.get(status, 0) for status in get_args(Status)}

    @property
    def not_needed(self) -> str:
        """How many planned calculations have no site in the study, in words; "" if all have."""
        number = sum(not one.applicable for one in self.calculations)
        return f"; {number} more were not needed" if number else ""

    @property
    def is_complete(self) -> bool:
        """Whether every planned calculation completed, and the result has no gap."""
        calculations = [one for one in self.calculations if one.applicable]
        return not self.lacking and all(one.status == "completed" for one in calculations)

    def as_json(self) -> dict[str, Any]:
        """Return what a script reads."""
        driver = None if self.driver is None else self.driver.model_dump(mode="json")
        own = {"complete": self.is_complete, "counts": self.counts, "driver": driver}
        own["built"] = [row.model_dump() for row in self.built]
        return asdict(replace(self, driver=None, built=[])) | own


def study_status(folder: StudyFolder) -> StudyStatus:
    """Read the status of every planned calculation from a study's folder.

    Raises ``StudyFolderError`` if there is no study, it was never built or run, or one of its files
    can't be read.
    """
    recipe = folder.recipe()
    manifest = folder.path / "manifest.json"
    if not manifest.is_file():
        raise StudyFolderError(f"{folder.path} was neither built nor run yet")
    try:
        planned = from_json(manifest.read_bytes())
        labels = [str(label) for label in planned["calculations"]]
        built = [AskedAndBuilt.model_validate(row) for row in planned["built"]]
        notes = [printable(str(note)) for note in planned["notes"]]
    except (ValueError, KeyError, TypeError) as error:
        raise StudyFolderError(
            f"{manifest} is not a manifest of this package; run or build the study again, its "
            "calculations are kept"
        ) from error
    driver = driver_status(folder.path)
    # a lock of a driver on another node is not visible on every file system
    running = folder.is_running() or (driver is not None and driver.status == "running")
    result: StudyResult | None = None
    if not running:
        recover(folder.path)
        result = read_results(folder.results) if folder.results.is_file() else None
    records = {} if result is None else {one.label: one for one in result.calculations}
    cache = CalculationCache(folder.calculations)
    last = {entry.label: entry for entry in cache.journal()}
    return StudyStatus(
        study=recipe.study.name,
        calculations=[
            _status(label, cache, last.get(label), records.get(label), running=running)
            for label in labels
        ],
        driver=driver,
        lacking=_lacking(result, folder, running=running),
        built=built,
        notes=notes,
    )


def _lacking(result: StudyResult | None, folder: StudyFolder, *, running: bool) -> str:
    if running:
        return "its run has not ended"
    if result is None:
        return "there is no results.json yet"
    if not result.is_complete:
        return "it has gaps; results.json says why"
    changed = changed_files(result, folder.path)
    return f"changed after they were written: {', '.join(changed)}" if changed else ""


def _status(
    label: str,
    cache: CalculationCache,
    entry: JournalEntry | None,
    record: CalculationRecord | None,
    *,
    running: bool,
) -> CalculationStatus:
    """Return the status of a calculation.

    ``entry`` is its last one in the journal, ``record`` that in the results of a finished run.
    """
    untried: Status = "missing"
    reason = None
    if entry is not None and not entry.key:  # it was not attempted, or left nothing
        untried = "skipped" if entry.event == "skipped" else "missing"
        reason, entry = entry.reason, None
    # the folder decides: a kill may have come between its rename and the journal's line
    found: CalculationDocument | None = None
    try:
        if entry is not None:
            found = cache.completed(entry.key)
            if found is None and entry.event == "failed":
                found = cache.failed(entry.key)
    except CacheError as error:
        reason, entry, record = str(error), None, None
    if entry is not None and found is not None and found.status == "completed":
        made = record.corrections if record is not None and record.key == entry.key else []
        return CalculationStatus(label, "completed", folder=entry.key, corrections=made)
    if entry is not None and entry.event == "failed":
        reason = "its folder is gone" if found is None else found.reason
        made = [] if found is None else found.corrections
        return CalculationStatus(label, "failed", reason, f"{entry.key}.failed", corrections=made)
    if entry is not None and entry.event != "started":
        return CalculationStatus(label, "missing", "its folder was removed")
    if entry is not None and running:
        return CalculationStatus(label, "running")
    if record is None or record.status == "completed":
        reason = reason if entry is None else "the run ended before it did"
        return CalculationStatus(label, untried, reason)
    return CalculationStatus(label, record.status, record.reason, applicable=record.applicable)
