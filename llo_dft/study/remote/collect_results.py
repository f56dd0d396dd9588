"""From the queue back into the study's folder: the same files as after a run here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jobflow import job
from monty.json import MontyDecoder

from llo_dft.analysis.study_analysis import study_result
from llo_dft.calculations.cache import CalculationCache
from llo_dft.documents.calculation import CalculationDocument
from llo_dft.engines.registry import oxygen_reference
from llo_dft.study.folder import StudyFolder
from llo_dft.study.planning.oxygen_settings import oxygen_settings
from llo_dft.study.study_files import stored_plan, with_failures, write_results
from llo_dft.submit.remote.queue import open_queue

if TYPE_CHECKING:
    from llo_dft.documents.study_result import StudyResult
    from llo_dft.study.remote.submission_record import RemoteSubmission
    from llo_dft.submit.remote.project import RemoteProject
    from llo_dft.submit.remote.queue import RemoteJob


@job
def write_study(result: StudyResult, folder: str) -> dict[str, int]:
    """Write the files of a study that has come to its end.

    Parameters
    ----------
    result
        What its last job found.
    folder
        The study's folder, absolute.

    Returns
    -------
    Number of calculations by status.
    """
    study = StudyFolder(Path(folder))
    with study.lock():
        cache = CalculationCache(study.calculations)
        cache.sweep()
        return write_results(result, cache, study).counts


def collect_now(
    folder: StudyFolder, project: RemoteProject, record: RemoteSubmission
) -> StudyResult:
    """Write the files of a study from what there is, whether or not it has come to its end.

    Raises
    ------
    InputError
        If the database can't be reached, or there is no plan in the folder.
    """
    recipe = folder.recipe()
    made: dict[str, CalculationDocument | None] = {}
    reasons: dict[str, str] = {}
    with open_queue(project) as queue:
        jobs = queue.jobs(record.flow)
        for submitted in record.jobs:
            if submitted.label is None:
                continue
            found = jobs[submitted.id]
            if found.stage == "ended":
                made[submitted.label] = _document(queue.output(submitted.id))
            else:
                made[submitted.label] = None
                reasons[submitted.label] = why_missing(found)
    result = study_result(
        stored_plan(folder),
        oxygen_settings(recipe, oxygen_reference(recipe.engine)),
        made,
        engine=recipe.engine.name,
        protocol=recipe.engine.protocol,
    )
    with folder.lock():
        cache = CalculationCache(folder.calculations)
        return write_results(with_failures(result, reasons), cache, folder)


def why_missing(found: RemoteJob) -> str:
    """Say why a calculation has no result, by its job in the queue."""
    if found.stage == "broken":
        return found.reason
    return {
        "waiting": "it waits for others",
        "queued": "it is in the queue",
        "running": "it is running",
        "stopped": "it was stopped by hand",
        "ended": "it left no result",
    }[found.stage]


def _document(output: object) -> CalculationDocument:
    found = MontyDecoder().process_decoded(output)
    if not isinstance(found, CalculationDocument):
        raise TypeError(f"a calculation's job returned {type(found).__name__}")
    return found
