"""What of a submitted study is done, in the queue, running or failed: folder and queue together."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from monty.json import MontyDecoder

from llo_dft.documents.calculation import CalculationDocument
from llo_dft.errors import InputError
from llo_dft.study.remote.collect_results import why_missing
from llo_dft.study.remote.submission_record import read_submission
from llo_dft.study.states import QueueStatus
from llo_dft.submit.remote.project import load_project
from llo_dft.submit.remote.queue import AT_WORK, open_queue

if TYPE_CHECKING:
    from llo_dft.study.folder import StudyFolder
    from llo_dft.study.remote.submission_record import RemoteSubmission, SubmittedJob
    from llo_dft.study.states import CalculationState, State, StudyStatus
    from llo_dft.submit.remote.queue import RemoteJob, RemoteQueue, Stage

_STATES: Final[dict[Stage, State]] = {
    "waiting": "queued",
    "queued": "queued",
    "running": "running",
    "broken": "failed",
    "stopped": "interrupted",
}

#: For how long a runner may hold a job before it is taken for one that was killed, s. It holds
#: one while it copies its files or talks to the scheduler.
STALE_LOCK_S = 600.0


def with_queue(status: StudyStatus, folder: StudyFolder) -> StudyStatus:
    """Return the status of a study with what its project's queue says, if it was submitted.

    Where the database can't be reached, what the folder says stays.
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
    submitted = {one.label: one for one in record.jobs if one.label is not None}
    completed = {one.label for one in status.calculations if one.state == "completed"}
    calculations = [
        _state(one, jobs[submitted[one.label].id], queue) if one.label in submitted else one
        for one in status.calculations
    ]
    found = QueueStatus(
        project=record.project,
        states=dict(Counter(job.state for job in jobs.values())),
        broken={
            _called(one): jobs[one.id].reason
            for one in record.jobs
            if jobs[one.id].stage == "broken" and (one.label is None or one.label in completed)
        },
        held=[
            _called(one) for one in record.jobs if (jobs[one.id].lock_age_s or 0.0) > STALE_LOCK_S
        ],
    )
    return replace(status, calculations=calculations, queue=found)


def _state(here: CalculationState, job: RemoteJob, queue: RemoteQueue) -> CalculationState:
    """Return what became of a calculation: the folder knows of results, the queue of the rest."""
    if here.state == "completed":  # perhaps not yet taken up by the runner
        return here
    if job.stage == "ended":
        return here if here.state == "failed" else _skipped(here, job, queue)
    state = _STATES[job.stage]
    at_work = job.stage in AT_WORK
    return replace(
        here,
        state=state,
        reason=None if at_work else why_missing(job),
        folder=None if state == "queued" else job.folder,
    )


def _skipped(here: CalculationState, job: RemoteJob, queue: RemoteQueue) -> CalculationState:
    """Return the state of a calculation whose job ended and left nothing in the folder."""
    document = MontyDecoder().process_decoded(queue.output(job.id))
    if isinstance(document, CalculationDocument) and document.status == "skipped":
        return replace(here, state="skipped", reason=document.reason)
    return here


def _called(one: SubmittedJob) -> str:
    return one.label or one.name
