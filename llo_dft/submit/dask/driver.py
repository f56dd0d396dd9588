"""The driver in the queue: it submits itself again before its walltime ends, and goes on.

Each round first puts the next one into the queue, to start when this one is over however it ends:
so a round that is killed, cancelled or lost with its node is gone on with too. A round that ends
by itself cancels the next. A round after one that got nothing done ends at once: another would be
like it.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

from llo_dft.submit.batch import BATCH_SYSTEMS, BatchError
from llo_dft.submit.dask.job_record import JobRecord
from llo_dft.submit.dask.scripts import JOB_END_TIME, driver_script
from llo_dft.submit.dask.submission import SubmissionError, SubmissionFile, driver_status
from llo_dft.submit.interruption import Interruption, interruptible

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from llo_dft.submit.batch import BatchSystem
    from llo_dft.submit.dask.cluster_config import ClusterConfig, JobRequest
    from llo_dft.submit.dask.submission import DriverEnd, Submission

#: Of the walltime, what is kept to end the workers and to write what there is: a twentieth, but
#: no less and no more than this, s.
_MARGIN, _LEAST_MARGIN_S, _MOST_MARGIN_S = 0.05, 20.0, 300.0


def cluster_folder(study: Path) -> Path:
    """Return the folder of a study that holds what belongs to the cluster: logs, mostly."""
    return study / "cluster"


def driver_request(config: ClusterConfig) -> JobRequest:
    """Return what the driver's job asks for.

    Raises
    ------
    SubmissionError
        If the cluster file does not say.
    """
    if config.driver is None:
        raise SubmissionError(
            "the cluster file has no table 'driver'; expected its cores, memory and walltime"
        )
    return config.driver


def check_not_driven(folder: Path) -> None:
    """Refuse a study whose driver is in the queue.

    Raises
    ------
    SubmissionError
        If it is.
    """
    status = driver_status(folder)
    if status is not None and status.state in {"queued", "running"}:
        raise SubmissionError(
            f"the driver of {folder} is in the queue already ({status}); 'llo-dft status' shows "
            "how far it is, 'llo-dft cancel' ends it"
        )


def submit_driver(folder: Path, submission: Submission) -> str:
    """Put the first round into the queue.

    Returns
    -------
    str
        The job's id.

    Raises
    ------
    InputError
        If there is a driver already, or the scheduler refuses.
    """
    check_not_driven(folder)
    file = SubmissionFile(folder)
    file.write(submission)
    try:
        with file.changing() as record:
            job = _submit(folder, record, after=None)
    except BatchError:
        file.path.unlink()
        raise
    return job


def drive(
    folder: Path,
    work: Callable[[Submission], None],
    how_far: Callable[[], str],
) -> str:
    """Do one round.

    Parameters
    ----------
    folder
        The study's folder.
    work
        Runs the study to its end.
    how_far
        Says how far the study is: another text whenever something was got done.

    Returns
    -------
    str
        What became of it, in words.

    Raises
    ------
    InputError, Interruption
        What `work` raises.
    """
    file = SubmissionFile(folder)
    with file.changing() as record:
        reached = how_far()
        if record.state != "going on":
            return f"nothing to do: {record.state}; {record.reason}"
        if record.n_rounds and reached == record.reached:
            record.state = "stopped"
            record.reason = (
                f"round {record.n_rounds} got no calculation done: see its log, and whether one "
                "fits into the walltime"
            )
            return record.reason
        record.n_rounds += 1
        record.reached = reached
        following = _submit(folder, record, after=_own_id(record))
        limit = driver_request(record.config).walltime
    margin = min(max(_MARGIN * limit, _LEAST_MARGIN_S), _MOST_MARGIN_S)
    end = float(os.environ.get(JOB_END_TIME, time.time() + limit))
    try:
        with interruptible(end - margin - time.time()):
            work(record)
    except Interruption as error:
        return _interrupted(file, following, error)
    except BaseException as error:  # whatever it is, the next round would meet it again
        _end(file, following, "stopped", f"{type(error).__name__}: {error}")
        raise
    _end(file, following, "finished", "")
    return "finished"


def cancel(folder: Path) -> list[str]:
    """Cancel a driver, its next round and its workers.

    Returns
    -------
    list of str
        The jobs that were in the queue.

    Raises
    ------
    InputError
        If the study was never submitted, or the scheduler refuses.
    """
    with SubmissionFile(folder).changing() as record:
        batch = BATCH_SYSTEMS[record.config.scheduler]
        workers = JobRecord(cluster_folder(folder))
        # the next round first: it would start when this one is gone
        mine = [*reversed(record.jobs), *workers.read()]
        there = batch.states()
        found = [job for job in mine if job in there]
        batch.cancel_jobs(found)
        if record.state == "going on":
            record.state, record.reason = "stopped", "cancelled"
    return found


def _submit(folder: Path, record: Submission, after: str | None) -> str:
    config = record.config
    logs = cluster_folder(folder)
    logs.mkdir(parents=True, exist_ok=True)
    script = driver_script(config, driver_request(config), record.command)
    batch: BatchSystem = BATCH_SYSTEMS[config.scheduler]
    job = batch.submit_script(script, logs, record.title, after)
    record.jobs.append(job)
    return job


def _own_id(record: Submission) -> str:
    found = re.match(r"\d+", os.environ.get(BATCH_SYSTEMS[record.config.scheduler].id_variable, ""))
    return record.jobs[-1] if found is None else found[0]


def _interrupted(file: SubmissionFile, following: str, error: Interruption) -> str:
    """Note what ended a round; return it in words."""
    ended = "at the end of its walltime" if error.out_of_time else f"by a signal ({error})"
    with file.changing() as record:
        if not _is_mine(record, following):
            return f"ended {ended}: {record.reason or 'the study was submitted anew'}"
        record.reason = f"round {record.n_rounds} was ended {ended}"
    return f"{record.reason}; job {following} goes on"


def _end(file: SubmissionFile, following: str, state: DriverEnd, reason: str) -> None:
    with file.changing() as record:
        if _is_mine(record, following):
            record.state = state
            record.reason = " ".join(reason.split())
        BATCH_SYSTEMS[record.config.scheduler].cancel_jobs([following])


def _is_mine(record: Submission, following: str) -> bool:
    """Whether the record is still for this round to change.

    It is not after a person's ``cancel``, whose word stays, nor when the study was submitted anew
    since then, which a round that is slow to end finds.
    """
    return record.state == "going on" and following in record.jobs
