"""The record of a driver, and the status that record and queue make together."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from llo_dft.submit.dask.cluster_config import ClusterConfig
from llo_dft.submit.dask.submission import (
    Submission,
    changing,
    check_not_driven,
    cluster_folder,
    driver_status,
    record_file,
)
from llo_dft.submit.records import SubmissionError, read_record, write_record

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import PlayedQueue

JOB = {"cores": 1, "memory": "1 GB", "walltime": 3600}
CONFIG = {"scheduler": "slurm", "workers": JOB | {"max_jobs": 1}, "driver": JOB}


@pytest.fixture
def study(tmp_path: Path, played: PlayedQueue) -> Path:
    """A study whose driver's jobs are 10, which runs, and 11, which waits for it."""
    write_record(record_file(tmp_path), submission(jobs=["10", "11"], n_rounds=1))
    played.add("10", "running", cluster_folder(tmp_path), "driver")
    played.add("11", "pending", cluster_folder(tmp_path), "driver")
    return tmp_path


def submission(**fields: Any) -> Submission:
    config = ClusterConfig.model_validate(CONFIG)
    least = {"title": "t", "recipe_folder": "/r", "config": config, "command": ["true"]}
    return Submission(**least | fields)


def test_a_driver_that_runs(study: Path) -> None:
    status = driver_status(study)
    assert str(status) == "running; job 10 running, job 11 pending; round 1"
    assert status.model_dump(mode="json")["jobs"] == {"10": "running", "11": "pending"}
    with pytest.raises(SubmissionError, match=r"is in the queue already \(running; job 10"):
        check_not_driven(study)


def test_one_that_waits_one_that_is_gone_and_a_queue_that_does_not_answer(
    study: Path, played: PlayedQueue
) -> None:
    del played.queue["10"]
    assert str(driver_status(study)) == "pending; job 11 pending; round 1"
    with pytest.raises(SubmissionError, match="'llo-dft cancel' ends it"):
        check_not_driven(study)
    played.queue.clear()
    assert str(driver_status(study)).startswith("missing; round 1; no job of it is in the queue")
    check_not_driven(study)
    played.refusal = "squeue did not answer for 120 s"
    assert str(driver_status(study)) == "missing; round 1; squeue did not answer for 120 s"


@pytest.mark.parametrize(("status", "reason"), [("completed", ""), ("failed", "cancelled")])
def test_one_that_ended_needs_no_queue(
    study: Path, played: PlayedQueue, status: str, reason: str
) -> None:
    with changing(study) as record:
        record.status, record.reason = status, reason
    played.refusal = "not to be asked"
    found = driver_status(study)
    assert (found.status, found.reason, found.jobs) == (status, reason, {})


def test_changes_come_one_after_another_and_none_is_lost(study: Path) -> None:
    def count() -> None:
        for _ in range(10):
            with changing(study) as record:
                record.n_rounds += 1

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_record(record_file(study), Submission).n_rounds == 41


def test_an_error_while_it_is_changed_leaves_it_as_it_was(study: Path) -> None:
    before = record_file(study).read_bytes()

    def fail() -> None:
        with changing(study) as record:
            record.reason = "half done"
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        fail()
    assert record_file(study).read_bytes() == before


def test_the_record_of_another_version_is_refused_by_name(study: Path) -> None:
    text = record_file(study).read_text().replace('"status": "pending"', '"state": "going on"')
    record_file(study).write_text(text)
    with pytest.raises(SubmissionError, match=r"submit\.json can't be read .* another version"):
        driver_status(study)
