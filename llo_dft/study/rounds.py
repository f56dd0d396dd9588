"""Rounds of one study: calculations that a walltime stopped are resumed in the next."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from llo_dft.calculations.cache import CONTINUE, CalculationCache
from llo_dft.study.run_study import PreparedRun, Progress, run_study

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager

    from llo_dft.documents.study_result import StudyResult
    from llo_dft.study.folder import StudyFolder


def run_rounds(
    prepared: PreparedRun,
    *,
    workers: int,
    executor: Callable[[], AbstractContextManager[Callable[[], Executor]]],
    on_progress: Callable[[Progress], None] | None = None,
) -> StudyResult:
    """Run a study, and again as long as calculations were stopped half way and get further.

    ``executor`` makes what `run_study` takes as its executor, for each round; the rest is as there,
    and so are its errors.
    """
    while True:
        before = how_far(prepared.folder)
        result = run_study(prepared, workers=workers, executor=executor(), on_progress=on_progress)
        if not _stopped_half_way(prepared.folder) or how_far(prepared.folder) == before:
            return result


def how_far(folder: StudyFolder) -> str:
    """Return how far a study is: another text whenever something was got done."""
    states = hashlib.sha256()
    for state in _stopped_half_way(folder):
        for file in sorted(state.glob("*.json")):
            states.update(str(file.relative_to(folder.path)).encode() + file.read_bytes())
    n_completed = CalculationCache(folder.calculations).n_completed()
    return f"{n_completed} completed, others {states.hexdigest()[:12]}"


def _stopped_half_way(folder: StudyFolder) -> list[Path]:
    """Return the folders that stopped calculations left to resume from."""
    return sorted(folder.calculations.glob(f"*/{CONTINUE}"))
