"""What of a study is done, running, failed, and why: read from its folder alone."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from llo_dft.cache import CalculationCache
from llo_dft.study.folder import StudyFolderError
from llo_dft.study.results import read_results

if TYPE_CHECKING:
    from llo_dft.cache import JournalEntry
    from llo_dft.documents.study import StudyResult
    from llo_dft.study.folder import StudyFolder

State: TypeAlias = Literal["completed", "running", "failed", "interrupted", "skipped", "missing"]


@dataclass(frozen=True)
class CalculationState:
    """One planned calculation: what became of it, and why if it did not complete."""

    label: str
    state: State
    reason: str | None = None
    folder: str | None = None


@dataclass(frozen=True)
class StudyStatus:
    """All planned calculations of a study."""

    study: str
    calculations: list[CalculationState]

    @property
    def counts(self) -> dict[str, int]:
        """Number of calculations by state."""
        found = Counter(calculation.state for calculation in self.calculations)
        return {state: found.get(state, 0) for state in get_args(State)}

    @property
    def is_complete(self) -> bool:
        """Whether every planned calculation completed."""
        return all(calculation.state == "completed" for calculation in self.calculations)

    def as_json(self) -> dict[str, Any]:
        """Return what a script reads."""
        return {
            "study": self.study,
            "complete": self.is_complete,
            "counts": self.counts,
            "calculations": [asdict(calculation) for calculation in self.calculations],
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
    planned = json.loads(manifest.read_text(encoding="utf-8"))["structures"]
    labels = [
        "O2",
        *(PurePosixPath(entry["file"]).stem for entry in planned if entry["kind"] != "interface"),
    ]
    cache = CalculationCache(folder.calculations)
    running = folder.is_running()
    last = {entry.label: entry for entry in cache.journal()}
    skipped = (
        {} if running or not folder.results.is_file() else _skipped(read_results(folder.results))
    )
    return StudyStatus(
        study=recipe.study.name,
        calculations=[_state(label, cache, last, skipped, running=running) for label in labels],
    )


def _state(
    label: str,
    cache: CalculationCache,
    last: dict[str, JournalEntry],
    skipped: dict[str, tuple[State, str | None]],
    *,
    running: bool,
) -> CalculationState:
    entry = last.get(label)
    if entry is None:
        state, reason = skipped.get(label, ("missing", None))
        return CalculationState(label, state, reason)
    # the folder decides: a kill may have come between its rename and the line in the journal
    if cache.has_completed(entry.key):
        return CalculationState(label, "completed", folder=entry.key)
    if entry.event == "completed":
        return CalculationState(label, "missing", "its folder was removed")
    if entry.event == "failed":
        document = cache.failed(entry.key)
        reason = document.reason if document is not None else "its folder is gone"
        return CalculationState(label, "failed", reason, f"{entry.key}.failed")
    if running:
        return CalculationState(label, "running")
    state, reason = skipped.get(label, ("interrupted", "the run ended before it did"))
    return CalculationState(label, state, reason)


def _skipped(result: StudyResult) -> dict[str, tuple[State, str | None]]:
    """Return what a finished run says of the calculations that left nothing in the cache."""
    found: dict[str, tuple[State, str | None]] = {}
    for host in result.hosts:
        if host.status != "completed":
            found[host.label] = (host.status, host.reason)
        for vacancy in host.vacancies:
            if vacancy.status != "completed":
                found[f"{host.label}_vac_{vacancy.pair}"] = (vacancy.status, vacancy.reason)
    return found
