"""Rerun what failed of a submitted study, and all that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monty.json import MontyDecoder

from llo_dft.documents.calculation import CalculationDocument
from llo_dft.study.remote.job_requests import requests
from llo_dft.study.remote.submission_record import require_submission
from llo_dft.submit.remote.project import load_project
from llo_dft.submit.remote.queue import AT_WORK, descendants, open_queue

if TYPE_CHECKING:
    from llo_dft.study.folder import StudyFolder
    from llo_dft.study.remote.submission_record import RemoteSubmission, SubmittedJob
    from llo_dft.submit.remote.project import RemoteProject
    from llo_dft.submit.remote.queue import RemoteJob, RemoteQueue


@dataclass(frozen=True)
class Retried:
    """What `retry_study` did.

    Attributes
    ----------
    rerun
        Names of the jobs that failed and run again.
    left
        Those that do not yet, and why.
    freed
        Those that a runner held which was killed.
    """

    rerun: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    freed: list[str] = field(default_factory=list)


def retry_study(folder: StudyFolder, stale_after_s: float) -> Retried:
    """Rerun the jobs that broke and the calculations that failed.

    What they ask for is read from the project again, so that a longer walltime counts. What is
    computed is not computed again: a job that runs once more finds it in the study's folder.

    Parameters
    ----------
    folder
        The study.
    stale_after_s
        For how long a runner may have held a job before it is taken for one that was killed, s.

    Raises
    ------
    InputError
        If the study was not submitted, or the database can't be reached.
    """
    record = require_submission(folder.path)
    project = load_project(record.project)
    by_id = {job.id: job for job in record.jobs}
    done = Retried()
    with open_queue(project) as queue:
        jobs = queue.jobs(record.flow)
        held = [job for job in jobs.values() if (job.lock_age_s or 0.0) > stale_after_s]
        queue.unlock(record.flow, held, stale_after_s)
        done.freed.extend(_name(by_id[job.id]) for job in held)
        failed = [job for job in jobs.values() if _failed(by_id[job.id], job, queue)]
        after = {job.id: descendants(jobs, job.id) for job in failed}
        for job in failed:
            if any(job.id in after[other.id] for other in failed):
                continue  # it runs again after the other one
            name = _name(by_id[job.id])
            at_work = [one for one in after[job.id] if jobs[one].stage in AT_WORK]
            if at_work:
                names = ", ".join(sorted(_name(by_id[one]) for one in at_work))
                done.left[name] = f"what follows from it is at work ({names}); retry after that"
                continue
            _ask_again(queue, project, record, {job.id, *after[job.id]})
            queue.rerun(job.id)
            done.rerun.append(name)
    return done


def _failed(submitted: SubmittedJob, job: RemoteJob, queue: RemoteQueue) -> bool:
    """Tell whether a job broke, or ended well with a calculation that failed."""
    if job.stage in {"broken", "stopped"}:
        return True
    if job.stage != "ended" or submitted.label is None:
        return False
    document = MontyDecoder().process_decoded(queue.output(job.id))
    return isinstance(document, CalculationDocument) and document.status == "failed"


def _ask_again(
    queue: RemoteQueue, project: RemoteProject, record: RemoteSubmission, ids: set[str]
) -> None:
    chosen = [job for job in record.jobs if job.id in ids]
    for request in requests(chosen, project, record.worker):
        queue.ask_for(
            request.job.id,
            request.worker,
            project.resources(request.worker, request.size),
            project.program(request.kind, request.size),
        )


def _name(submitted: SubmittedJob) -> str:
    return submitted.label or submitted.name
