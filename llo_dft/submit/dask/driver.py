"""A driver in the queue: its record in the study's folder, its status, and its rounds.

It submits itself again before its walltime ends, and resumes. Each round first puts the next one
into the queue, to start when this one has ended for any reason: so a round that is killed,
cancelled or lost with its node is resumed too. A round that ends by itself cancels the next. A
round after one without progress ends at once: another would be the same.
"""

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import BaseModel, Field

from llo_dft.errors import InputError
from llo_dft.plain_files import no_links
from llo_dft.submit.batch import BATCH_SYSTEMS, BatchError
from llo_dft.submit.dask.cluster_config import ClusterConfig, JobRequest
from llo_dft.submit.dask.scripts import JOB_END_TIME, driver_script
from llo_dft.submit.interruption import Interruption, interruptible
from llo_dft.submit.records import Record, read_record, write_record
from llo_dft.typing import Status


class Submission(Record):
    """The record of a driver."""

    title: str
    """Name of its jobs."""
    recipe_folder: str
    """Folder of the files that the recipe names."""
    config: ClusterConfig
    """The cluster, as when the study was submitted."""
    command: list[str]
    """What each job runs."""
    status: Status = "pending"
    """As long as another round follows "pending", then "completed" or "failed"."""
    reason: str = ""
    """Why it failed, or how the last round ended."""
    jobs: list[str] = Field(default_factory=list)
    """Ids of the jobs, one per round. The last is the next round's, which waits for the others and
    is cancelled if nothing remains to be done."""
    n_rounds: int = 0
    """How many rounds have started."""
    reached: str = ""
    """The study's progress when the last one did."""


class DriverStatus(BaseModel):
    """Status of a driver.

    ``status`` is "missing" if another round should follow but has no job in the queue, or the queue
    can't be queried from here; ``reason`` says which. ``jobs`` are those in the queue, by id.
    """

    status: Status
    jobs: dict[str, Status] = Field(default_factory=dict)
    n_rounds: int
    reason: str

    def __str__(self) -> str:
        """Return it on one line."""
        jobs = ", ".join(f"job {job} {status}" for job, status in self.jobs.items())
        words = [self.status, jobs, f"round {self.n_rounds}" if self.n_rounds else "", self.reason]
        return "; ".join(word for word in words if word)


def cluster_folder(study: Path) -> Path:
    """Return the folder of a study with the logs of its jobs."""
    return study / "cluster"


def record_file(study: Path) -> Path:
    """Return the file with the record of a study's driver."""
    return study / "submit.json"


@contextmanager
def changing(study: Path) -> Iterator[Submission]:
    """Yield the record for changes; other processes wait.

    Raises ``InputError`` if there is no record.
    """
    path = record_file(study)
    if not path.is_file():
        raise InputError(f"{study} was not submitted; use 'llo-dft submit'")
    with open(path.with_name(".submit.lock"), "w", opener=no_links) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        submission = read_record(path, Submission)
        if submission is None:
            raise InputError(f"the record of {study} was removed during this command")
        yield submission
        write_record(path, submission)


def driver_status(study: Path) -> DriverStatus | None:
    """Return the status of a study's driver; None if it was never submitted.

    Raises ``InputError`` if its file can't be read.
    """
    submission = read_record(record_file(study), Submission)
    if submission is None:
        return None
    found = DriverStatus(
        status=submission.status, n_rounds=submission.n_rounds, reason=submission.reason
    )
    if submission.status != "pending":
        return found
    batch = BATCH_SYSTEMS[submission.config.scheduler]
    try:
        queue = batch.own_jobs(cluster_folder(study.resolve()), "driver")
    except BatchError as error:
        found.status, found.reason = "missing", str(error)
        return found
    found.jobs = {job: queue[job].status for job in submission.jobs if job in queue}
    if "running" in found.jobs.values():
        found.status = "running"
    elif not found.jobs:
        found.status = "missing"
        found.reason = "it has no job in the queue any more; submit the study again to resume"
    return found


def check_not_driven(study: Path) -> None:
    """Raise ``InputError`` if the driver of a study is in the queue."""
    found = driver_status(study)
    if found is not None and found.status in {"pending", "running"}:
        raise InputError(
            f"the driver of {study} is already in the queue ({found}); 'llo-dft status' shows "
            "its progress, 'llo-dft cancel' ends it"
        )


#: Part of the walltime kept to end the workers and write results: a twentieth, but no less and no
#: more than this, s.
_MARGIN: Final = 0.05
_LEAST_MARGIN_S, _MOST_MARGIN_S = 20.0, 300.0


def driver_request(config: ClusterConfig) -> JobRequest:
    """Return what the driver's job requests.

    Raises ``InputError`` if the cluster file does not say.
    """
    if config.driver is None:
        raise InputError(
            "the cluster file has no table 'driver'; expected its cores, memory and walltime"
        )
    return config.driver


def submit_driver(study: Path, submission: Submission) -> str:
    """Put the first round into the queue and return the job's id.

    Raises ``InputError`` if there already is a driver, or the scheduler refuses.
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

    ``study`` is the folder by the path that it was submitted with, ``work`` runs the study to its
    end, and ``how_far`` returns its progress as a text that changes whenever something was done.

    Raises ``InputError`` or ``Interruption``: what `work` raises.
    """
    with changing(study) as record:
        reached = how_far()
        if record.status != "pending":
            return f"nothing to do: {record.status}; {record.reason}"
        if record.n_rounds and reached == record.reached:
            record.status = "failed"
            record.reason = (
                f"round {record.n_rounds} finished no calculation: see its log, and whether one "
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
    except BaseException as error:  # whatever it is, it would happen again in the next round
        _end(study, following, "failed", f"{type(error).__name__}: {error}")
        raise
    _end(study, following, "completed", "")
    return "completed"


def cancel(study: Path) -> list[str]:
    """Cancel a driver, its next round and its workers; return those that were in the queue.

    Raises ``InputError`` if the study was never submitted, or the scheduler refuses.
    """
    with changing(study) as record:
        batch = BATCH_SYSTEMS[record.config.scheduler]
        logs = cluster_folder(study.resolve())
        # the next round first: it would start when this one has ended
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
    """Whether this round may still change the record.

    Not after a user's ``cancel``, which is final, nor if the study was submitted again meanwhile,
    which a round that ends slowly may find.
    """
    return record.status == "pending" and following in record.jobs
