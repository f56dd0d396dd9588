"""What of a study is done, running, failed, and why: read from its folder alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from llo_dft.calculations.cache import CalculationCache
from llo_dft.study.folder import StudyFolderError
from llo_dft.study.states import CalculationState, StudyStatus
from llo_dft.study.study_files import read_results
from llo_dft.submit.dask.submission import driver_status

if TYPE_CHECKING:
    from llo_dft.calculations.cache import JournalEntry
    from llo_dft.documents.study_result import CalculationRecord, StudyResult
    from llo_dft.study.folder import StudyFolder


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
    if entry is None or not entry.key:
        skipped = entry is not None and entry.event == "skipped"
        reason = None if entry is None else entry.reason
        untried = CalculationState(label, "skipped" if skipped else "missing", reason)
        return _as_told(label, told, untried)
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
