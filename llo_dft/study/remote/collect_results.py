"""From the queue back into the study's folder: the same files as after a run here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobflow import OnMissing, job

from llo_dft.calculations.cache import NO_RESULT, CalculationCache
from llo_dft.study.folder import StudyFolder
from llo_dft.study.result_files import write_study
from llo_dft.submit.remote.queue import open_queue

if TYPE_CHECKING:
    from jobflow import Flow, Job

    from llo_dft.documents.study_result import StudyResult
    from llo_dft.study.remote.submission_record import RemoteSubmission
    from llo_dft.submit.remote.project import RemoteProject


@job
def write_results(folder: str, calculations: dict[str, Any]) -> dict[str, int]:
    """Write the files of a study whose calculations have ended.

    Parameters
    ----------
    folder
        The study's folder, absolute. The calculations are read there.
    calculations
        What must have ended before; None where a job broke down.

    Returns
    -------
    Number of calculations by status.
    """
    study = StudyFolder(Path(folder))
    with study.lock():
        cache = CalculationCache(study.calculations)
        cache.sweep()
        for label, document in calculations.items():
            if document is None:
                cache.note_without_result(label, "missing", NO_RESULT)
        return write_study(study).counts


def last_job(flow: Flow, folder: StudyFolder) -> Job:
    """Return the job that follows all calculations of a flow, whether they succeed or not."""
    last: Job = write_results(str(folder.path.resolve()), flow.output)
    last.config.on_missing_references = OnMissing.NONE
    return last


def collect_now(
    folder: StudyFolder, project: RemoteProject, record: RemoteSubmission
) -> StudyResult:
    """Write the files of a study from the calculations that have ended so far.

    Raises
    ------
    InputError
        If the database can't be reached, or there is no plan in the folder.
    """
    with open_queue(project) as queue:
        jobs = queue.jobs(record.flow)
    with folder.lock():
        cache = CalculationCache(folder.calculations)
        for submitted in record.jobs:
            if submitted.label is not None and jobs[submitted.id].status != "completed":
                reason = jobs[submitted.id].reason
                cache.note_without_result(submitted.label, "missing", reason)
        return write_study(folder)
