"""What the driver stores of a job, and what it hands to those that refer to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jobflow import OutputReference
from jobs_for_runner import ask_store, give, split

from llo_dft.runner.messages import Task, decode_document, encode_job
from llo_dft.runner.outputs import Outputs
from llo_dft.runner.worker import run_job

if TYPE_CHECKING:
    from jobflow import Job, JobStore


def run(job: Job, outputs: Outputs) -> Any:
    text = encode_job(job)
    outputs.trust(job)
    outcome = run_job(Task(text, outputs.needed_by(job, text), None, outputs.trusted))
    return outputs.write(job, outcome.documents)


def needed(job: Job, outputs: Outputs) -> list[str]:
    texts = outputs.needed_by(job, encode_job(job))
    return [decode_document(text)["uuid"] for text in texts]


def test_a_job_gets_what_it_refers_to_and_no_more(store: JobStore) -> None:
    outputs = Outputs(store)
    first, other = give({"a": 1}), give(2)
    for job in (first, other):
        run(job, outputs)
    assert needed(give([first.output["a"], 3]), outputs) == [first.uuid]
    assert needed(give(3), outputs) == []
    assert needed(give(OutputReference("of nobody")), outputs) == []


def test_an_output_that_is_a_reference_brings_what_it_refers_to(store: JobStore) -> None:
    outputs = Outputs(store)
    first = give(7)
    assert run(first, outputs) == 7
    second = give(first.output)
    second.config.resolve_references = False
    assert run(second, outputs) == first.output
    assert sorted(needed(give(second.output), outputs)) == sorted([first.uuid, second.uuid])
    assert run(give(second.output), outputs) == 7


def test_a_job_that_asks_the_store_itself_gets_what_it_refers_to(store: JobStore) -> None:
    outputs = Outputs(store)
    first = give(5)
    run(first, outputs)
    assert run(ask_store(first.uuid, first.output), outputs) == [5, 5]


def test_large_data_go_to_their_store_and_come_back_whole(store: JobStore) -> None:
    outputs = Outputs(store)
    job = split(4)
    assert run(job, outputs) == {"big": [0, 1, 2, 3], "small": 4}
    assert "blob_uuid" in json.dumps(store.docs_store.query_one({"uuid": job.uuid})["output"])
    # another driver, which did not see it written
    assert run(give(job.output["big"]), Outputs(store)) == [0, 1, 2, 3]


def test_of_two_indices_the_later_one_counts(store: JobStore) -> None:
    outputs = Outputs(store)
    first = give("old")
    run(first, outputs)
    again = give("new")
    again.set_uuid(first.uuid)
    again.index = 2
    run(again, outputs)
    assert run(give(first.output), outputs) == "new"
    assert run(give(first.output), Outputs(store)) == "new"


def test_an_additional_store_that_is_not_there_is_named(store: JobStore) -> None:
    store.additional_stores.clear()
    with pytest.raises(ValueError, match="Unrecognised additional store name: data"):
        run(split(3), Outputs(store))
