"""Status of a submitted study, from its folder and its project's queue."""

from collections import Counter
from dataclasses import replace
from typing import Final

from llo_dft.errors import InputError
from llo_dft.study.folder import StudyFolder
from llo_dft.study.remote.submission_record import RemoteSubmission, read_submission
from llo_dft.study.study_status import CalculationStatus, QueueStatus, StudyStatus
from llo_dft.submit.remote.project import load_project
from llo_dft.submit.remote.queue import RemoteJob, RemoteQueue, open_queue

#: How long a runner may lock a job before it counts as killed, s. It locks one while it copies its
#: files or talks to the scheduler.
STALE_LOCK_S: Final = 600.0


def with_queue(status: StudyStatus, folder: StudyFolder) -> StudyStatus:
    """Return the status of a study, including its project's queue if it was submitted.

    If the database can't be reached, only the folder counts.
    """
    record = read_submission(folder.path)
    if record is None:
        return status
    try:
        with open_queue(load_project(record.project)) as queue:
            return _merged(status, record, queue)
    except InputError as error:
        unknown = QueueStatus(record.project, {}, {}, [], " ".join(str(error).split()))
        return replace(status, queue=unknown)


def _merged(status: StudyStatus, record: RemoteSubmission, queue: RemoteQueue) -> StudyStatus:
    jobs = queue.jobs(record.flow)
    submitted = {one.label: one for one in record.jobs_in(jobs).values() if one.label is not None}
    completed = {one.label for one in status.calculations if one.status == "completed"}
    calculations = [
        _status(one, jobs[submitted[one.label].id]) if one.label in submitted else one
        for one in status.calculations
    ]
    found = QueueStatus(
        project=record.project,
        states=dict(Counter(job.state for job in jobs.values())),
        broken={
            one.title: jobs[one.id].reason
            for one in record.jobs
            if jobs[one.id].status == "failed" and (one.label is None or one.label in completed)
        },
        held=[one.title for one in record.jobs if (jobs[one.id].lock_age_s or 0.0) > STALE_LOCK_S],
    )
    return replace(status, calculations=calculations, queue=found)


def _status(here: CalculationStatus, job: RemoteJob) -> CalculationStatus:
    """Return the status of a calculation: results from the folder, the rest from the queue."""
    # a result may exist before the runner notices; a job may end well without one
    if "completed" in {here.status, job.status}:
        return here
    return replace(
        here,
        status=job.status,
        reason=None if job.is_at_work else job.reason,
        folder=None if job.status == "pending" else job.folder,
    )
