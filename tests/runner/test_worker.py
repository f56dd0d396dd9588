"""One job in a worker: its response or its error as text, and the folder it runs in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jobs_for_runner import bring_up, fail, give, leave, where

from llo_dft.documents.decoding.named_objects import names_in
from llo_dft.runner.messages import JobOutcome, RaisedError, Task, decode_document, encode_job
from llo_dft.runner.worker import WorkerStore, raised_error, run_job

if TYPE_CHECKING:
    from jobflow import Job


def run(job: Job) -> JobOutcome | RaisedError:
    return run_job(Task(encode_job(job), (), names_in(job)))


def output(outcome: JobOutcome | RaisedError) -> object:
    assert isinstance(outcome, JobOutcome)
    (document,) = outcome.documents
    return decode_document(document)["output"]


def test_what_a_job_raises_comes_back_as_text() -> None:
    error = run(fail("the cell is empty"))
    assert (error.error_type, error.message) == ("ValueError", "the cell is empty")
    assert "in fail" in error.traceback
    assert run(leave()).error_type == "SystemExit"
    assert run_job(Task("no job", ())).error_type == "JSONDecodeError"
    assert raised_error(KeyError("k")).message == "'k'"


def test_a_job_runs_in_a_folder_of_its_own_which_goes() -> None:
    here = Path.cwd()
    outcome = run(where("file"))
    folder, before, _ = output(outcome)
    assert before == []
    assert not Path(folder).exists()
    assert Path.cwd() == here


@pytest.mark.parametrize("kind", ["detour", "all"])
def test_a_response_is_text_and_its_output_in_the_document(kind: str) -> None:
    outcome = run(bring_up(kind, 3))
    assert json.loads(outcome.response)["detour"]["@class"] == "Flow"
    assert output(outcome) == 3
    assert output(run(give([1, {"a": None}]))) == [1, {"a": None}]


def test_the_store_of_a_worker_finds_what_it_was_given_and_what_it_stored() -> None:
    store = WorkerStore([{"uuid": "a", "index": 1, "output": 1}])
    assert store.query_one({"uuid": "a"})["output"] == 1
    assert store.query_one({"uuid": "b"}) is None
    store.update({"uuid": "b", "index": 1, "output": {"x": 2}}, key=["uuid", "index"])
    assert store.query_one({"uuid": "b"})["output"] == {"x": 2}
    assert [document["uuid"] for document in store.written] == ["b"]
