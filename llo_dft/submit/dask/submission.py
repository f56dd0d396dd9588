"""A driver in the queue: what is on record of it, in the study's folder, and its status."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from llo_dft.plain_files import no_links
from llo_dft.submit.batch import BATCH_SYSTEMS, BatchError
from llo_dft.submit.dask.cluster_config import ClusterConfig
from llo_dft.submit.records import Record, SubmissionError, read_record, write_record
from llo_dft.typing import Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Submission(Record):
    """What is on record of a driver.

    Attributes
    ----------
    title, command
        Name of its jobs, and what each of them runs.
    recipe_folder
        Where the files are that the recipe names.
    config
        The cluster, as it was when the study was submitted.
    status, reason
        "pending" as long as another round follows, "completed" or "failed"; why not, or how the
        last round ended.
    jobs
        Ids of the jobs, one a round. The last is the next round's, which waits for the others
        and is cancelled if nothing is left for it to do.
    n_rounds, reached
        How many rounds have begun, and how far the study was when the last one did.
    """

    title: str
    recipe_folder: str
    config: ClusterConfig
    command: list[str]
    status: Status = "pending"
    reason: str = ""
    jobs: list[str] = Field(default_factory=list)
    n_rounds: int = 0
    reached: str = ""


class DriverStatus(BaseModel):
    """Status of a driver.

    Attributes
    ----------
    status
        "missing" if another round should follow but no job of it is in the queue, or the queue
        can't be asked from here; the reason says which.
    jobs
        Its jobs that are in the queue: their statuses by their ids.
    n_rounds, reason
        As in `Submission`.
    """

    status: Status
    jobs: dict[str, Status] = Field(default_factory=dict)
    n_rounds: int
    reason: str

    def __str__(self) -> str:
        """Put it on one line."""
        jobs = ", ".join(f"job {job} {status}" for job, status in self.jobs.items())
        words = [self.status, jobs, f"round {self.n_rounds}" if self.n_rounds else "", self.reason]
        return "; ".join(word for word in words if word)


def cluster_folder(study: Path) -> Path:
    """Return the folder of a study that holds what belongs to the cluster: logs, mostly."""
    return study / "cluster"


def record_file(study: Path) -> Path:
    """Return the file with what is on record of a study's driver."""
    return study / "submit.json"


@contextmanager
def changing(study: Path) -> Iterator[Submission]:
    """Give what is on record to be changed; other processes wait.

    Raises
    ------
    SubmissionError
        If there is nothing on record.
    """
    none = SubmissionError(f"{study} was not submitted: 'llo-dft submit' does it")
    path = record_file(study)
    if not path.is_file():
        raise none
    with open(path.with_name(".submit.lock"), "w", opener=no_links) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        submission = read_record(path, Submission)
        if submission is None:
            raise none
        yield submission
        write_record(path, submission)


def driver_status(study: Path) -> DriverStatus | None:
    """Return the status of a study's driver; None if it was never submitted.

    Raises
    ------
    SubmissionError
        If its file can't be read.
    """
    submission = read_record(record_file(study), Submission)
    if submission is None:
        return None
    known: dict[str, Any] = {"n_rounds": submission.n_rounds, "reason": submission.reason}
    if submission.status != "pending":
        return DriverStatus(status=submission.status, **known)
    batch = BATCH_SYSTEMS[submission.config.scheduler]
    try:
        queue = batch.own_jobs(cluster_folder(study.resolve()), "driver")
    except BatchError as error:
        return DriverStatus(status="missing", **known | {"reason": str(error)})
    jobs = {job: queue[job].status for job in submission.jobs if job in queue}
    if not jobs:
        known["reason"] = "no job of it is in the queue any more; submit the study again to resume"
        return DriverStatus(status="missing", **known)
    status: Status = "running" if "running" in jobs.values() else "pending"
    return DriverStatus(status=status, jobs=jobs, **known)


def check_not_driven(study: Path) -> None:
    """Refuse a study whose driver is in the queue.

    Raises
    ------
    SubmissionError
        If it is.
    """
    found = driver_status(study)
    if found is not None and found.status in {"pending", "running"}:
        raise SubmissionError(
            f"the driver of {study} is in the queue already ({found}); 'llo-dft status' shows "
            "how far it is, 'llo-dft cancel' ends it"
        )
