"""The pool of worker jobs against a batch system and a workforce that are played here."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from llo_dft.submit.batch import BatchError, BatchJob
from llo_dft.submit.dask import worker_jobs
from llo_dft.submit.dask.cluster_config import WorkerJobs
from llo_dft.submit.dask.worker_jobs import WorkerJobPool, WorkersFailedError, last_words

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from llo_dft.typing import Status


@dataclass
class Play:
    """A queue, and the workers that its jobs start, worked by hand."""

    queue: dict[str, Status] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)  # worker by job
    present: dict[str, int] = field(default_factory=dict)
    tasks: int = 0
    refusal: str = ""
    deaf: bool = False
    retired: list[set[str]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    # the batch system
    def submit(self, name: str) -> str:
        if self.refusal:
            raise BatchError(self.refusal)
        job = str(100 + len(self.named))
        self.queue[job] = "pending"
        self.named[job] = name
        return job

    def jobs(self) -> dict[str, BatchJob]:
        if self.deaf:
            raise BatchError("squeue did not answer")
        return {job: BatchJob("name", status, "") for job, status in self.queue.items()}

    def end_workers(self, folder: Path) -> None:
        assert folder.is_dir()
        self.cancel_jobs(list(self.queue))

    def cancel_jobs(self, ids: Iterable[str]) -> None:
        for job in ids:
            self.cancelled.append(job)
            self.end(job)

    # the workforce
    def n_tasks(self) -> int:
        return self.tasks

    def at_work(self) -> dict[str, int]:
        return dict(self.present)

    def retire(self, names: set[str]) -> None:
        self.retired.append(names)

    # by hand
    def begin(self, job: str, processes: int = 1, busy: int = 0) -> None:
        self.queue[job] = "running"
        name = self.named[job]
        names = [f"{name}-{i}" for i in range(processes)] if processes > 1 else [name]
        self.present |= dict.fromkeys(names, busy)

    def end(self, job: str) -> None:
        self.queue.pop(job, None)
        name = self.named[job]
        self.present = {n: b for n, b in self.present.items() if n != name and f"{name}-" not in n}


@pytest.fixture
def play() -> Play:
    return Play()


class Pool(WorkerJobPool):
    """A pool that looks at the queue in every step and keeps what it said."""

    def __init__(self, play: Play, folder: Path, **limits: int) -> None:
        self.said: list[str] = []
        self.failures: list[BatchError] = []
        least = {"cores": 4, "memory": "1 GB", "walltime": 60, "max_jobs": 3, "idle": 0}
        super().__init__(
            batch=play,
            limits=WorkerJobs.model_validate(least | limits),
            workforce=play,
            submit=play.submit,
            folder=folder,
            say=self.said.append,
            on_failure=self.failures.append,
        )


@pytest.fixture(autouse=True)
def _look_always(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_FIRST_LOOK_S", "_LAST_LOOK_S", "_AFTER_REFUSAL_S"):
        monkeypatch.setattr(worker_jobs, name, 0.0)
    monkeypatch.setattr(worker_jobs, "_STEP_S", 0.01)


def test_as_many_jobs_as_there_is_work_for(play: Play, tmp_path: Path) -> None:
    pool = Pool(play, tmp_path, processes=2, cores=4)
    pool.submit_first()
    assert list(play.queue) == ["100"]
    play.tasks = 3  # two jobs of two
    pool.step()
    assert list(play.queue) == ["100", "101"]
    play.tasks = 50
    pool.step()
    pool.step()
    assert list(play.queue) == ["100", "101", "102"]  # max_jobs
    play.begin("100", processes=2, busy=1)
    pool.step()
    assert pool.said[-1] == "workers: 1 jobs running, 2 in the queue"


def test_a_job_that_was_cancelled_or_reached_its_walltime_is_replaced(
    play: Play, tmp_path: Path
) -> None:
    pool = Pool(play, tmp_path, processes=2, cores=4, max_jobs=1)
    play.tasks = 2
    pool.submit_first()
    for job in ("100", "101", "102", "103", "104"):
        play.begin(job, processes=2, busy=1)
        pool.step()
        play.end(job)
        pool.step()
    # no number of these is a false start, since workers came up each time
    assert list(play.queue) == ["105"]
    assert play.cancelled == []


def test_a_worker_that_starts_again_in_its_job_is_waited_for(play: Play, tmp_path: Path) -> None:
    pool = Pool(play, tmp_path, max_jobs=1)
    play.tasks = 1
    pool.submit_first()
    play.begin("100", busy=1)
    pool.step()
    play.present.clear()  # killed; its nanny brings it back
    pool.step()
    assert list(play.queue) == ["100"]


def test_jobs_without_work_end_those_in_the_queue_first(play: Play, tmp_path: Path) -> None:
    pool = Pool(play, tmp_path)
    play.tasks = 3
    pool.submit_first()
    pool.step()
    play.begin("100", busy=1)
    play.begin("101")
    pool.step()
    play.tasks = 2
    pool.step()
    assert play.cancelled == ["102"]
    play.tasks = 1
    pool.step()
    assert play.cancelled == ["102", "101"]
    assert play.retired[-1] == {"worker-1"}
    play.tasks = 0
    pool.step()
    assert list(play.queue) == ["100"]  # it is still busy
    play.present["worker-0"] = 0
    pool.step()
    assert list(play.queue) == []


def test_a_job_is_kept_for_a_while_without_work(play: Play, tmp_path: Path) -> None:
    pool = Pool(play, tmp_path, idle=3600)
    pool.submit_first()
    play.begin("100")
    pool.step()
    pool.step()
    assert list(play.queue) == ["100"]


def test_some_jobs_are_kept_if_asked_for(play: Play, tmp_path: Path) -> None:
    pool = Pool(play, tmp_path, min_jobs=2)
    pool.submit_first()
    pool.step()
    assert list(play.queue) == ["100", "101"]


def test_jobs_that_die_at_their_start_end_the_run_with_their_log(
    play: Play, tmp_path: Path
) -> None:
    pool = Pool(play, tmp_path, max_jobs=1)
    play.tasks = 1
    pool.submit_first()
    (tmp_path / "1020.log").write_text("another job\n")
    for job in ("100", "101"):
        play.end(job)
        pool.step()
    play.end("102")
    (tmp_path / "102.log").write_text("bash: module: command not found\nno python\n")
    with pytest.raises(
        WorkersFailedError, match=r"3 worker jobs in a row(.|\n)*102\.log:\n.*\nno py"
    ):
        pool.step()


def test_without_a_log_the_file_system_is_named(tmp_path: Path) -> None:
    assert "must be on a file system that the compute nodes share" in last_words(tmp_path, "7")


def test_a_scheduler_that_does_not_answer_changes_nothing(play: Play, tmp_path: Path) -> None:
    pool = Pool(play, tmp_path, max_jobs=1)
    play.tasks = 1
    pool.submit_first()
    play.deaf = True
    with pytest.raises(BatchError, match="did not answer"):
        pool.step()
    play.deaf = False
    pool.step()
    assert list(play.queue) == ["100"]


def test_submissions_that_are_refused_for_long_end_the_run(play: Play, tmp_path: Path) -> None:
    pool = Pool(play, tmp_path, max_jobs=1)
    play.tasks = 1
    play.refusal = "sbatch refused: no more jobs for you"
    with pytest.raises(BatchError, match=r"^sbatch refused: no more jobs for you"):
        pool.submit_first()
    for _ in range(4):
        pool.step()
    with pytest.raises(WorkersFailedError, match="no worker could be started: sbatch refused"):
        pool.step()


def test_the_thread_tells_of_its_failure_and_ends(play: Play, tmp_path: Path) -> None:
    pool = Pool(play, tmp_path)
    play.tasks = 1
    play.refusal = "sbatch refused"
    pool.start()
    pool.join(10)
    assert not pool.is_alive()
    assert [str(failure) for failure in pool.failures] == [
        "no worker could be started: sbatch refused"
    ]


def test_a_bug_in_the_thread_is_told_too(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Pool(play, tmp_path)
    monkeypatch.setattr(play, "at_work", lambda: 1 / 0)
    pool.start()
    pool.join(10)
    assert [str(one) for one in pool.failures] == ["ZeroDivisionError: division by zero"]


def test_at_the_end_all_jobs_are_cancelled_and_waited_for(play: Play, tmp_path: Path) -> None:
    pool = Pool(play, tmp_path)
    play.tasks = 3
    pool.submit_first()
    pool.start()
    end = time.monotonic() + 10
    while len(play.queue) < 3:
        assert time.monotonic() < end
        time.sleep(0.01)
    pool.end()
    assert play.queue == {}
    assert sorted(play.cancelled) == ["100", "101", "102"]


def test_jobs_that_do_not_go_at_the_end_are_told(
    play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise BatchError("jobs 100 are still there")

    pool = Pool(play, tmp_path)
    pool.submit_first()
    monkeypatch.setattr(play, "end_workers", refuse)
    pool.end()
    assert pool.said == [
        "workers: jobs 100 are still there; without their driver they end by themselves"
    ]
