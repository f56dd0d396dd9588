"""Submit a study to jobflow-remote, collect its results, and remove it from its queue."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobflow import Flow, Job, OnMissing, job

from llo_dft.calculations.cache import NO_RESULT, CalculationCache
from llo_dft.documents.study_result import StudyResult
from llo_dft.study.folder import StudyFolder
from llo_dft.study.manifest import write_structures
from llo_dft.study.remote.job_requests import (
    RequestedJob,
    ask,
    jobs_of_budget,
    requests,
    submitted_jobs,
)
from llo_dft.study.remote.submission_record import (
    RemoteSubmission,
    check_not_submitted,
    record_path,
    require_submission,
)
from llo_dft.study.result_files import write_study
from llo_dft.study.run_study import PreparedRun, make_flow, take_from_beside
from llo_dft.study.study_files import write_plan
from llo_dft.submit.records import write_record
from llo_dft.submit.remote.project import RemoteProject, load_project
from llo_dft.submit.remote.queue import open_queue


@dataclass(frozen=True)
class PreparedSubmission:
    """A study and a project that were found good, and what each job would ask for.

    ``later`` are the calculations of which a budget chooses some while the study runs.
    """

    prepared: PreparedRun
    project: RemoteProject
    worker: str | None
    flow: Flow
    wanted: list[RequestedJob]
    later: list[RequestedJob]


def prepare_submission(
    prepared: PreparedRun, project: RemoteProject, worker: str | None
) -> PreparedSubmission:
    """Make the flow of a study and the requests of its jobs; nothing is written.

    A ``worker`` takes the calculations in place of their types' own workers.

    Raises ``InputError`` if the project lacks a worker or a type of job.
    """
    folder = prepared.folder
    plan, engine = prepared.plan, prepared.engine
    flow = make_flow(plan, engine, folder.calculations, prepared.ranker, prepared.potential)
    flow.add_jobs(last_job(flow, folder))
    wanted = requests(submitted_jobs(flow, plan, engine), project, worker)
    later = requests(jobs_of_budget(plan, engine), project, worker)
    ask(flow, wanted, later, project)
    return PreparedSubmission(prepared, project, worker, flow, wanted, later)


def submit_study(submission: PreparedSubmission) -> None:
    """Put the flow into the project's queue, and record it in the study's folder.

    Raises ``InputError`` if the study is already submitted, another run has locked its folder, or
    the database can't be reached.
    """
    prepared, folder = submission.prepared, submission.prepared.folder
    with open_queue(submission.project) as queue:
        queue.make_ready()  # before anything is written
        with folder.lock():
            check_not_submitted(folder.path)
            folder.claim(prepared.recipe, prepared.files)
            take_from_beside(prepared)
            write_structures(prepared.plan, folder.path, prepared.engine.no_crossings)
            write_plan(prepared.plan, folder)
            # recorded first: a flow in the queue without a record could not be removed
            record = RemoteSubmission(
                project=str(submission.project.file),
                flow=submission.flow.uuid,
                worker=submission.worker,
                jobs=[request.job for request in submission.wanted],
            )
            write_record(record_path(folder.path), record)
            try:
                queue.add(submission.flow, submission.wanted[0].worker)
            except BaseException:
                record_path(folder.path).unlink()
                raise


def cancel_study(folder: StudyFolder) -> list[str]:
    """Remove a study from the queue and delete its record; finished calculations are kept.

    Returns the scheduler's ids of the jobs that were cancelled.

    Raises ``InputError`` if it was not submitted, or the database can't be reached.
    """
    record = require_submission(folder.path)
    with open_queue(load_project(record.project)) as queue:
        jobs = queue.find(record.flow)
        queue.remove(record.flow)
    record_path(folder.path).unlink()
    return [job.process for job in jobs.values() if job.is_at_work and job.process]


@job
def write_results(folder: str, calculations: dict[str, Any]) -> dict[str, int]:
    """Write the files of a study whose calculations have ended.

    The calculations are read in the study's folder, an absolute path; those that must have ended
    before are given, None for a failed job.

    Returns the number of calculations by status.
    """
    study = StudyFolder(Path(folder))
    with study.lock():
        cache = CalculationCache(study.calculations)
        cache.sweep()
        for label, document in calculations.items():
            if document is None:
                cache.note("missing", label, reason=NO_RESULT)
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

    Raises ``InputError`` if the database can't be reached, or there is no plan in the folder.
    """
    with open_queue(project) as queue:
        jobs = queue.jobs(record.flow)
    with folder.lock():
        cache = CalculationCache(folder.calculations)
        for submitted in record.jobs_in(jobs).values():
            if submitted.label is not None and jobs[submitted.id].status != "completed":
                reason = jobs[submitted.id].reason
                cache.note("missing", submitted.label, reason=reason)
        return write_study(folder)
