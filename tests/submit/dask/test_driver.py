"""A driver: its record, the status that record and queue make together, and its rounds."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from llo_dft.errors import InputError
from llo_dft.submit.batch import BatchError
from llo_dft.submit.dask.cluster_config import ClusterConfig
from llo_dft.submit.dask.driver import (
    Submission,
    cancel,
    changing,
    check_not_driven,
    cluster_folder,
    drive,
    driver_status,
    record_file,
    submit_driver,
)
from llo_dft.submit.interruption import Interruption
from llo_dft.submit.records import read_record, write_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import PlayedQueue


JOB = {"cores": 1, "memory": "1 GB", "walltime": 3600}
CONFIG = {"scheduler": "slurm", "workers": JOB | {"max_jobs": 1}, "driver": JOB}


@pytest.fixture
def queued(tmp_path: Path, played: PlayedQueue) -> Path:
    """A study whose driver's jobs are 10, which runs, and 11, which waits for it."""
    write_record(record_file(tmp_path), on_record(jobs=["10", "11"], n_rounds=1))
    played.add("10", "running", cluster_folder(tmp_path), "driver")
    played.add("11", "pending", cluster_folder(tmp_path), "driver")
    return tmp_path


def on_record(**fields: Any) -> Submission:
    config = ClusterConfig.model_validate(CONFIG)
    least = {"title": "t", "recipe_folder": "/r", "config": config, "command": ["true"]}
    return Submission(**least | fields)


def test_a_driver_that_runs(queued: Path) -> None:
    status = driver_status(queued)
    assert str(status) == "running; job 10 running, job 11 pending; round 1"
    assert status.model_dump(mode="json")["jobs"] == {"10": "running", "11": "pending"}
    with pytest.raises(InputError, match=r"is already in the queue \(running; job 10"):
        check_not_driven(queued)


def test_one_that_waits_one_that_is_gone_and_a_queue_that_does_not_answer(
    queued: Path, played: PlayedQueue
) -> None:
    del played.queue["10"]
    assert str(driver_status(queued)) == "pending; job 11 pending; round 1"
    with pytest.raises(InputError, match="'llo-dft cancel' ends it"):
        check_not_driven(queued)
    played.queue.clear()
    assert str(driver_status(queued)).startswith("missing; round 1; it has no job in the queue")
    check_not_driven(queued)
    played.refusal = "squeue did not answer for 120 s"
    assert str(driver_status(queued)) == "missing; round 1; squeue did not answer for 120 s"


@pytest.mark.parametrize(("status", "reason"), [("completed", ""), ("failed", "cancelled")])
def test_one_that_ended_needs_no_queue(
    queued: Path, played: PlayedQueue, status: str, reason: str
) -> None:
    with changing(queued) as record:
        record.status, record.reason = status, reason
    played.refusal = "not to be asked"
    found = driver_status(queued)
    assert (found.status, found.reason, found.jobs) == (status, reason, {})


def test_changes_come_one_after_another_and_none_is_lost(queued: Path) -> None:
    def count() -> None:
        for _ in range(10):
            with changing(queued) as record:
                record.n_rounds += 1

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_record(record_file(queued), Submission).n_rounds == 41


def test_an_error_while_it_is_changed_leaves_it_as_it_was(queued: Path) -> None:
    before = record_file(queued).read_bytes()

    def fail() -> None:
        with changing(queued) as record:
            record.reason = "half done"
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        fail()
    assert record_file(queued).read_bytes() == before


def test_the_record_of_another_version_is_refused_by_name(queued: Path) -> None:
    text = record_file(queued).read_text().replace('"status": "pending"', '"state": "going on"')
    record_file(queued).write_text(text)
    with pytest.raises(InputError, match=r"submit\.json can't be read .* another version"):
        driver_status(queued)


def submission(**fields: Any) -> Submission:
    return Submission(
        **{
            "title": "llo-dft study",
            "recipe_folder": "/recipes",
            "config": ClusterConfig.model_validate(CONFIG),
            "command": ["python", "drive"],
        }
        | fields
    )


def record(folder: Path) -> Submission:
    found = read_record(record_file(folder), Submission)
    assert found is not None
    return found


def work_to_the_end(given: Submission) -> None:
    assert given.n_rounds


def get_somewhere() -> Callable[[], str]:
    """Say something else each time."""
    steps = iter(range(99))
    return lambda: f"{next(steps)} completed"


@pytest.fixture
def study(tmp_path: Path, played: PlayedQueue) -> Path:
    """A folder whose driver's first round begins."""
    submit_driver(tmp_path, submission())
    played.queue["10"] = "running"
    return tmp_path


def test_submitting_puts_one_job_into_the_queue(tmp_path: Path, played: PlayedQueue) -> None:
    assert driver_status(tmp_path) is None
    assert submit_driver(tmp_path, submission()) == "10"
    assert played.submitted == [("10", "llo-dft study", None)]
    assert played.scripts[0].endswith("exec python drive\n")
    assert record(tmp_path).jobs == ["10"]
    assert stat.S_IMODE((tmp_path / "submit.json").stat().st_mode) == 0o600
    assert str(driver_status(tmp_path)) == "pending; job 10 pending"


def test_a_study_has_one_driver(study: Path) -> None:
    with pytest.raises(InputError, match=r"is already in the queue \(running; job 10 runn"):
        submit_driver(study, submission())
    with pytest.raises(InputError, match="'llo-dft cancel' ends it"):
        check_not_driven(study)
    assert record(study).jobs == ["10"]


def test_a_refused_submission_leaves_no_record(tmp_path: Path, played: PlayedQueue) -> None:
    played.refusal = "sbatch refused: no such partition"
    with pytest.raises(BatchError, match="no such partition"):
        submit_driver(tmp_path, submission())
    assert driver_status(tmp_path) is None


def test_a_cluster_file_without_a_driver(tmp_path: Path, played: PlayedQueue) -> None:
    given = submission()
    config = given.config.model_copy(update={"driver": None})
    with pytest.raises(InputError, match="no table 'driver'; expected its cores"):
        submit_driver(tmp_path, given.model_copy(update={"config": config}))
    assert played.submitted == []


def test_a_round_that_ends_by_itself_cancels_the_next(study: Path, played: PlayedQueue) -> None:
    assert drive(study, work_to_the_end, get_somewhere()) == "completed"
    assert played.submitted[1] == ("11", "llo-dft study", "10")
    assert played.cancelled == ["11"]
    assert str(driver_status(study)) == "completed; round 1"
    submit_driver(study, submission())  # it may be submitted again, to try what failed
    assert record(study).n_rounds == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGALRM])
def test_a_round_that_is_ended_is_gone_on_with(
    study: Path, played: PlayedQueue, number: signal.Signals
) -> None:
    def work(given: Submission) -> None:
        del given
        os.kill(os.getpid(), number)
        time.sleep(10)

    said = drive(study, work, get_somewhere())
    why = "at the end of its walltime" if number == signal.SIGALRM else "by a signal (Terminated)"
    assert said == f"round 1 was ended {why}; job 11 resumes it"
    assert played.cancelled == []
    del played.queue["10"]
    assert driver_status(study).status == "pending"
    played.queue["11"] = "running"
    os.environ.pop("SLURM_JOB_ID", None)
    assert drive(study, work_to_the_end, get_somewhere_else()) == "completed"
    assert [job for job, _, _ in played.submitted] == ["10", "11", "12"]
    assert record(study).n_rounds == 2


def get_somewhere_else() -> Callable[[], str]:
    return lambda: "another state"


def test_the_walltime_counts_from_the_jobs_own_beginning(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the margin of an hour is three minutes: it is to stop in half a second
    monkeypatch.setenv("LLO_DFT_JOB_END_TIME", str(time.time() + 180.5))
    started = time.monotonic()

    def work(given: Submission) -> None:
        del given
        time.sleep(30)

    assert "at the end of its walltime" in drive(study, work, get_somewhere())
    assert time.monotonic() - started < 15


def test_a_round_that_was_killed_is_gone_on_with(
    study: Path, played: PlayedQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(given: Submission) -> None:
        # what a kill leaves: the record as the round's beginning wrote it
        assert given.jobs == ["10", "11"]
        raise KeyboardInterrupt("as by a kill")

    with monkeypatch.context() as patched:
        patched.setattr("llo_dft.submit.dask.driver._end", lambda *_: None)
        with pytest.raises(KeyboardInterrupt, match="as by a kill"):
            drive(study, work, get_somewhere())
    assert record(study).status == "pending"
    del played.queue["10"]
    monkeypatch.setenv("SLURM_JOB_ID", "11")
    assert drive(study, work_to_the_end, get_somewhere_else()) == "completed"
    assert played.submitted[2] == ("12", "llo-dft study", "11")


def test_no_round_follows_one_that_got_nothing_done(study: Path, played: PlayedQueue) -> None:
    def work(given: Submission) -> None:
        del given
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    drive(study, work, lambda: "7 completed")
    played.queue = {"11": "running"}
    said = drive(study, work, lambda: "7 completed")
    assert said.startswith("round 1 finished no calculation: see its log")
    assert len(played.submitted) == 2
    assert driver_status(study).status == "failed"
    assert drive(study, work, get_somewhere()).startswith("nothing to do: failed; round 1 finished")


def test_an_error_ends_it_with_its_reason(study: Path, played: PlayedQueue) -> None:
    def work(given: Submission) -> None:
        del given
        raise InputError("no worker\ncame up")

    with pytest.raises(InputError, match="no worker"):
        drive(study, work, get_somewhere())
    assert played.cancelled == ["11"]
    assert record(study).reason == "InputError: no worker came up"
    assert str(driver_status(study)) == "failed; round 1; InputError: no worker came up"


def test_cancelling_ends_driver_successor_and_workers(study: Path, played: PlayedQueue) -> None:
    logs = cluster_folder(study)
    played.add("11", "pending", logs, "driver")
    played.add("90", "running", logs, "worker")
    played.queue["91"] = "running"  # of nobody
    # the next round before this one, which it waits for
    assert cancel(study) == ["11", "10", "90"]
    assert played.queue == {"91": "running"}
    assert str(driver_status(study)) == "failed; cancelled"
    assert cancel(study) == []


def test_a_copy_of_a_study_has_no_jobs_and_cancels_none(
    study: Path, played: PlayedQueue, tmp_path_factory: pytest.TempPathFactory
) -> None:
    played.add("90", "running", cluster_folder(study), "worker")
    copy = tmp_path_factory.mktemp("elsewhere") / "study"
    shutil.copytree(study, copy)
    status = driver_status(copy)
    assert (status.status, status.jobs) == ("missing", {})
    check_not_driven(copy)
    assert cancel(copy) == []
    assert played.cancelled == []
    assert driver_status(study).status == "running"


def test_no_id_in_a_folder_cancels_a_job_that_is_not_the_studys(
    study: Path, played: PlayedQueue
) -> None:
    played.queue |= {"77": "running", "78": "running"}
    cluster_folder(study).joinpath("worker_jobs.json").write_text('["77"]')
    fields = json.loads(record_file(study).read_text())
    record_file(study).write_text(json.dumps(fields | {"jobs": ["10", "78"]}))
    assert driver_status(study).jobs == {"10": "running"}
    assert cancel(study) == ["10"]
    assert played.queue == {"77": "running", "78": "running"}


def interrupted_by(meanwhile: Callable[[], object]) -> Callable[[Submission], None]:
    """A round that is ended by a signal just after something else was done to its study."""

    def work(given: Submission) -> None:
        del given
        meanwhile()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    return work


def broken_off_by(meanwhile: Callable[[], object]) -> Callable[[Submission], None]:
    """A round that takes the end of its workers for an error of its own."""

    def work(given: Submission) -> None:
        del given
        meanwhile()
        raise InputError("no worker came up")

    return work


def test_the_word_of_who_cancels_stays_whatever_the_round_makes_of_it(
    study: Path, played: PlayedQueue
) -> None:
    said = drive(study, interrupted_by(lambda: cancel(study)), get_somewhere())
    assert said == "ended by a signal (Terminated): cancelled"
    assert str(driver_status(study)) == "failed; round 1; cancelled"
    submit_driver(study, submission())
    with pytest.raises(InputError, match="no worker came up"):
        drive(study, broken_off_by(lambda: cancel(study)), get_somewhere())
    assert str(driver_status(study)) == "failed; round 1; cancelled"
    assert played.queue == {}


@pytest.mark.parametrize("ended_by", [interrupted_by, broken_off_by])
def test_a_round_slow_to_end_leaves_a_new_submission_alone(
    study: Path, played: PlayedQueue, ended_by: Callable[..., Callable[[Submission], None]]
) -> None:
    def cancel_and_submit_anew() -> None:
        cancel(study)
        submit_driver(study, submission())

    with suppress(InputError):
        drive(study, ended_by(cancel_and_submit_anew), get_somewhere())
    assert str(driver_status(study)) == "pending; job 12 pending"
    assert record(study).reason == ""
    assert played.queue == {"12": "pending"}


def test_a_study_that_was_not_submitted_can_not_be_cancelled(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="was not submitted; use 'llo-dft submit'"):
        cancel(tmp_path)


def test_a_driver_whose_jobs_are_gone_and_a_queue_that_can_not_be_asked(
    study: Path, played: PlayedQueue
) -> None:
    played.queue.clear()
    status = driver_status(study)
    assert status.status == "missing"
    assert "submit the study again to resume" in status.reason
    check_not_driven(study)
    played.refusal = "squeue is not on the PATH"
    assert str(driver_status(study)) == "missing; squeue is not on the PATH"


def test_a_record_that_was_changed_by_hand(study: Path) -> None:
    (study / "submit.json").write_text('{"title": 3}')
    with pytest.raises(InputError, match=r"submit\.json can't be read \(4 faults\)"):
        driver_status(study)


def test_the_interruption_of_a_round_is_no_error() -> None:
    assert not issubclass(Interruption, Exception)
