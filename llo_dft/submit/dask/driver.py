"""The driver in the queue: it submits itself again before its walltime ends, and resumes.

Each round first puts the next one into the queue, to start when this one is over however it ends:
so a round that is killed, cancelled or lost with its node is resumed too. A round that ends
by itself cancels the next. A round after one that got nothing done ends at once: another would be
like it.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Final

from llo_dft.submit.batch import BATCH_SYSTEMS, BatchError
from llo_dft.submit.dask.scripts import JOB_END_TIME, driver_script
from llo_dft.submit.dask.submission import (
    changing,
    check_not_driven,
    cluster_folder,
    record_file,
)
from llo_dft.submit.interruption import Interruption, interruptible
from llo_dft.submit.records import SubmissionError, write_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from llo_dft.submit.dask.cluster_config import ClusterConfig, JobRequest
    from llo_dft.submit.dask.submission import Submission
    from llo_dft.typing import Status

#: Of the walltime, what is kept to end the workers and to write what there is: a twentieth, but
#: no less and no more than this, s.
_MARGIN: Final = 0.05
_LEAST_MARGIN_S, _MOST_MARGIN_S = 20.0, 300.0


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


def submit_driver(study: Path, submission: Submission) -> str:
    """Put the first round into the queue and return the job's id.

    Raises
    ------
    InputError
        If there is a driver already, or the scheduler refuses.
    """
    check_not_driven(study)
    write_record(record_file(study), submission)
    try:
        with changing(study) as record:
            return _submit(study.resolve(), record, after=None)
    except BatchError:
        record_file(study).unlink()
        raise


def drive(study: Path, work: Callable[[Submission], None], how_far: Callable[[], str]) -> str:
    """Do one round, and return how it ended, in words.

    Parameters
    ----------
    study
        The study's folder, by the path that it was submitted by.
    work, how_far
        Runs the study to its end, and returns how far it is: another text whenever something was
        got done.

    Raises
    ------
    InputError, Interruption
        What `work` raises.
    """
    with changing(study) as record:
        reached = how_far()
        if record.status != "pending":
            return f"nothing to do: {record.status}; {record.reason}"
        if record.n_rounds and reached == record.reached:
            record.status = "failed"
            record.reason = (
                f"round {record.n_rounds} got no calculation done: see its log, and whether one "
                "fits into the walltime"
            )
            return record.reason
        record.n_rounds += 1
        record.reached = reached
        following = _submit(study, record, after=_own_id(record))
        limit = driver_request(record.config).walltime
    margin = min(max(_MARGIN * limit, _LEAST_MARGIN_S), _MOST_MARGIN_S)
    end = float(os.environ.get(JOB_END_TIME, time.time() + limit))
    try:
        with interruptible(end - margin - time.time()):
            work(record)
    except Interruption as error:
        return _interrupted(study, following, error)
    except BaseException as error:  # whatever it is, the next round would meet it again
        _end(study, following, "failed", f"{type(error).__name__}: {error}")
        raise
    _end(study, following, "completed", "")
    return "completed"


def cancel(study: Path) -> list[str]:
    """Cancel a driver, its next round and its workers; return those that were in the queue.

    Raises
    ------
    InputError
        If the study was never submitted, or the scheduler refuses.
    """
    with changing(study) as record:
        batch = BATCH_SYSTEMS[record.config.scheduler]
        logs = cluster_folder(study.resolve())
        # the next round first: it would start when this one is gone
        found = [*reversed(batch.own_jobs(logs, "driver")), *batch.own_jobs(logs, "worker")]
        batch.cancel_jobs(found)
        if record.status == "pending":
            record.status, record.reason = "failed", "cancelled"
    return found


def _submit(study: Path, record: Submission, after: str | None) -> str:
    config = record.config
    logs = cluster_folder(study)
    logs.mkdir(parents=True, exist_ok=True)
    script = driver_script(config, driver_request(config), record.command)
    batch = BATCH_SYSTEMS[config.scheduler]
    job = batch.submit_script(script, logs, record.title, "driver", after)
    record.jobs.append(job)
    return job


def _own_id(record: Submission) -> str:
    found = re.match(r"\d+", os.environ.get(BATCH_SYSTEMS[record.config.scheduler].id_variable, ""))
    return record.jobs[-1] if found is None else found[0]


def _interrupted(study: Path, following: str, error: Interruption) -> str:
    """Note how a round was ended; return it in words."""
    ended = "at the end of its walltime" if error.out_of_time else f"by a signal ({error})"
    with changing(study) as record:
        if not _is_mine(record, following):
            return f"ended {ended}: {record.reason or 'the study was submitted anew'}"
        record.reason = f"round {record.n_rounds} was ended {ended}"
    return f"{record.reason}; job {following} resumes it"


def _end(study: Path, following: str, status: Status, reason: str) -> None:
    with changing(study) as record:
        if _is_mine(record, following):
            record.status = status
            record.reason = " ".join(reason.split())
        BATCH_SYSTEMS[record.config.scheduler].cancel_jobs([following])


def _is_mine(record: Submission, following: str) -> bool:
    """Whether the record is still for this round to change.

    It is not after a person's ``cancel``, whose word stays, nor when the study was submitted anew
    since then, which a round that is slow to end finds.
    """
    return record.status == "pending" and following in record.jobs
