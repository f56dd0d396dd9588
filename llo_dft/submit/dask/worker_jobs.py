"""Keeps as many worker jobs in the queue as there is work for, replacing those that ended.

Dask's own scaling treats a job that was cancelled, or reached its walltime, as one still to come;
and it waits forever for workers whose jobs die at their start.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from llo_dft.submit.batch import BatchError, BatchSystem

if TYPE_CHECKING:
    from distributed import Client, Scheduler

    from llo_dft.submit.dask.cluster_config import WorkerJobs
    from llo_dft.submit.dask.executor import DaskExecutor

#: Seconds between checks of the work, and of the queue, at first and when nothing changes.
_STEP_S = 0.5
_FIRST_LOOK_S, _LAST_LOOK_S = 2.0, 60.0

#: Consecutive jobs that may end before their workers start; consecutive submissions that may be
#: refused while there is no job, and the wait after one.
_MAX_FALSE_STARTS: Final = 3
_MAX_REFUSALS: Final = 5
_AFTER_REFUSAL_S = 30.0

_LOG_LINES: Final = 15


class WorkersFailedError(BatchError):
    """Workers that do not start; the message quotes their log."""


@dataclass
class Workforce:
    """What Dask's scheduler, in a thread of this process, knows about the workers."""

    scheduler: Scheduler
    client: Client
    executors: list[DaskExecutor]

    def n_tasks(self) -> int:
        """Return how many tasks wait or run."""
        return sum(executor.n_held for executor in self.executors)

    def at_work(self) -> dict[str, int]:
        """Return the number of tasks of each present worker, by name."""
        # list() of a dict's values is one step of the interpreter: its thread may change it
        workers = list(self.scheduler.workers.values())
        return {str(worker.name): len(worker.processing) for worker in workers}

    def retire(self, names: set[str]) -> None:
        """Retire workers; they get no more tasks."""
        workers = list(self.scheduler.workers.values())
        addresses = [worker.address for worker in workers if worker.name in names]
        if addresses:
            self.client.retire_workers(addresses)


@dataclass(eq=False)
class _Job:
    id: str
    workers: set[str]
    came_up: bool = False
    idle_since: float | None = None


@dataclass(eq=False)
class WorkerJobPool(threading.Thread):
    """A thread that submits, replaces and ends worker jobs."""

    batch: BatchSystem
    limits: WorkerJobs
    """Limits on the number of jobs, and workers per job."""
    workforce: Workforce
    submit: Callable[[str], str]
    """Submits a worker job of a given name; returns its id."""
    folder: Path
    """Of the jobs' logs."""
    say: Callable[[str], None]
    """Called with the number of jobs, in words, whenever it changes."""
    on_failure: Callable[[BatchError], None]
    """Called with the reason when no worker can be started, after which the thread ends."""

    def __post_init__(self) -> None:
        """Start without a job."""
        super().__init__(name="worker-jobs", daemon=True)
        self._jobs: list[_Job] = []
        self._ending = threading.Event()
        self._n_submitted = self._false_starts = self._refusals = 0
        self._submit_from = self._look_from = 0.0
        self._look_after = _FIRST_LOOK_S
        self._reported = ""

    def submit_first(self) -> None:
        """Submit the first jobs, in the caller's thread.

        Raises ``BatchError`` if the scheduler does not accept them.
        """
        for _ in range(max(1, self.limits.min_jobs)):
            self._submit()

    def run(self) -> None:
        """Do a step at intervals, until `end` is called."""
        while not self._ending.wait(_STEP_S):
            try:
                self.step()
            except WorkersFailedError as error:
                self.on_failure(error)
                return
            except BatchError:
                continue  # a scheduler too busy to answer: the next step tries again
            # without this thread the run would wait forever for workers
            except Exception as error:  # noqa: BLE001
                self.on_failure(WorkersFailedError(f"{type(error).__name__}: {error}"))
                return

    def end(self) -> None:
        """End the thread and cancel all jobs."""
        self._ending.set()
        if self.is_alive():
            self.join()
        try:
            self.batch.end_workers(self.folder)
        except BatchError as error:
            self.say(f"workers: {error}; without their driver they end by themselves")

    def step(self) -> None:
        """Check the work and the jobs, and act accordingly."""
        present = self.workforce.at_work()
        for job in self._jobs:
            if job.workers & present.keys():
                job.came_up = True
                self._false_starts = 0
        missing = any(job.workers - present.keys() for job in self._jobs)
        if missing and time.monotonic() >= self._look_from:
            self._look_into_queue(present)
        needed = -(-self.workforce.n_tasks() // self.limits.processes)
        wanted = min(max(needed, self.limits.min_jobs), self.limits.max_jobs)
        self._end_surplus(len(self._jobs) - wanted, present)
        if len(self._jobs) < wanted and time.monotonic() >= self._submit_from:
            self._try_to_submit(wanted - len(self._jobs))
        self._report(present)

    def _look_into_queue(self, present: dict[str, int]) -> None:
        """Forget the finished jobs, however they ended."""
        self._look_after = min(self._look_after * 1.5, _LAST_LOOK_S)
        self._look_from = time.monotonic() + self._look_after
        queue = self.batch.jobs()
        for job in list(self._jobs):
            if job.id in queue or job.workers & present.keys():
                continue
            self._jobs.remove(job)
            if job.came_up:
                continue
            self._false_starts += 1
            if self._false_starts == _MAX_FALSE_STARTS:
                raise WorkersFailedError(
                    f"{_MAX_FALSE_STARTS} worker jobs in a row ended before a worker started; "
                    f"{last_words(self.folder, job.id)}"
                )

    def _try_to_submit(self, number: int) -> None:
        try:
            for _ in range(number):
                self._submit()
        except BatchError as error:
            self._refusals += 1
            self._submit_from = time.monotonic() + _AFTER_REFUSAL_S
            if self._refusals >= _MAX_REFUSALS and not self._jobs:
                raise WorkersFailedError(f"no worker could be started: {error}") from error
        else:
            self._refusals = 0

    def _submit(self) -> None:
        name = f"worker-{self._n_submitted}"
        self._n_submitted += 1
        several = self.limits.processes > 1
        workers = {f"{name}-{i}" for i in range(self.limits.processes)} if several else {name}
        self._jobs.append(_Job(self.submit(name), workers))
        self._look_after = _FIRST_LOOK_S
        self._look_from = time.monotonic() + self._look_after

    def _end_surplus(self, surplus: int, present: dict[str, int]) -> None:
        """End jobs that were idle for a while: first those that still wait in the queue."""
        now = time.monotonic()
        for job in sorted(self._jobs, key=lambda job: job.came_up):
            if surplus <= 0 or any(present.get(worker) for worker in job.workers):
                job.idle_since = None
                continue
            job.idle_since = job.idle_since or now
            if now - job.idle_since >= self.limits.idle:
                surplus -= 1
                self.workforce.retire(job.workers & present.keys())
                self.batch.cancel_jobs([job.id])
                self._jobs.remove(job)

    def _report(self, present: dict[str, int]) -> None:
        running = sum(bool(job.workers & present.keys()) for job in self._jobs)
        words = f"workers: {running} jobs running, {len(self._jobs) - running} in the queue"
        if words != self._reported:
            self._reported = words
            self.say(words)


def last_words(folder: Path, job: str) -> str:
    """Return the end of a job's log."""
    for log in sorted(folder.iterdir()):
        if re.search(rf"(?<!\d){job}(?!\d)", log.name) is None or not log.is_file():
            continue
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        if lines:
            return "\n".join([f"the end of {log}:", *lines[-_LOG_LINES:]])
    return (
        f"job {job} left no log in {folder}: the study's folder must be on a file system that "
        "the compute nodes share"
    )
