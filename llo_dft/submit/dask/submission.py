"""A driver in the queue: what is on record of it, in the study's folder."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from llo_dft.errors import InputError
from llo_dft.submit.batch import BATCH_SYSTEMS
from llo_dft.submit.dask.certificates import write_private
from llo_dft.submit.dask.cluster_config import ClusterConfig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: "going on": in the queue or at work; the others: it ends there, and why is on record.
DriverEnd: TypeAlias = Literal["going on", "finished", "stopped"]


class SubmissionError(InputError):
    """A driver that is there already, or is not; says what to do."""


class Submission(BaseModel):
    """What is on record of a driver.

    Attributes
    ----------
    title
        Name of its jobs.
    recipe_folder
        Where the files are that the recipe names.
    config
        The cluster, as it was when the study was submitted.
    command
        What a round runs.
    state, reason
        Whether another round follows; why not, or what became of the last one.
    jobs
        Ids of the jobs, one a round. The last is the next round's, which waits for the others
        and is cancelled if nothing is left for it to do.
    n_rounds
        How many rounds have begun.
    reached
        How far the study was when the last round began.
    """

    model_config = ConfigDict(extra="forbid")

    title: str
    recipe_folder: str
    config: ClusterConfig
    command: list[str]
    state: DriverEnd = "going on"
    reason: str = ""
    jobs: list[str] = []
    n_rounds: int = 0
    reached: str = ""


class DriverStatus(BaseModel):
    """Where a driver stands.

    Attributes
    ----------
    state
        As on record; "lost" if it should go on but no job of it is in the queue any more,
        "unknown" if the queue can't be asked from here.
    jobs
        Its jobs that are in the queue: their states by their ids.
    n_rounds, reason
        As in `Submission`.
    """

    state: Literal["queued", "running", "finished", "stopped", "lost", "unknown"]
    jobs: dict[str, str]
    n_rounds: int
    reason: str

    def __str__(self) -> str:
        """Say it on one line."""
        jobs = ", ".join(f"job {job} {state}" for job, state in self.jobs.items())
        words = [self.state, jobs, f"round {self.n_rounds}" if self.n_rounds else "", self.reason]
        return "; ".join(word for word in words if word)


class SubmissionFile:
    """``submit.json`` in a study's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "submit.json"

    def read(self) -> Submission | None:
        """Return what is on record, or None.

        Raises
        ------
        SubmissionError
            If the file was changed by hand.
        """
        try:
            return Submission.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise SubmissionError(
                f"{self.path} can't be read ({error.error_count()} faults); cancel its jobs by "
                "hand, remove it and submit again"
            ) from error

    def write(self, submission: Submission) -> None:
        """Replace what is on record."""
        partial = self.path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        # the prologue in it is a person's own, and may hold what is not for everybody
        write_private(partial, submission.model_dump_json(indent=1) + "\n")
        partial.replace(self.path)

    @contextmanager
    def changing(self) -> Iterator[Submission]:
        """Give what is on record to be changed; other processes wait.

        Raises
        ------
        SubmissionError
            If there is nothing on record.
        """
        none = SubmissionError(f"{self.folder} was not submitted: 'llo-dft submit' does it")
        if not self.path.is_file():
            raise none
        with self.path.with_name(".submit.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            submission = self.read()
            if submission is None:
                raise none
            yield submission
            self.write(submission)


def driver_status(folder: Path) -> DriverStatus | None:
    """Tell where the driver of a study stands; None if it was never submitted.

    Raises
    ------
    SubmissionError
        If its file can't be read.
    """
    submission = SubmissionFile(folder).read()
    if submission is None:
        return None
    common = {"n_rounds": submission.n_rounds, "reason": submission.reason}
    if submission.state != "going on":
        return DriverStatus(state=submission.state, jobs={}, **common)
    try:
        queue = BATCH_SYSTEMS[submission.config.scheduler].states()
    except InputError as error:
        return DriverStatus(state="unknown", jobs={}, **common | {"reason": str(error)})
    jobs = {job: queue[job] for job in submission.jobs if job in queue}
    if not jobs:
        common["reason"] = "no job of it is in the queue any more; submit the study again to go on"
        return DriverStatus(state="lost", jobs={}, **common)
    state = "running" if "running" in jobs.values() else "queued"
    return DriverStatus(state=state, jobs=dict(jobs), **common)
