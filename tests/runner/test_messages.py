"""Jobs, responses and documents survive as text."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from jobflow import Flow, OutputReference, Response
from jobs_for_runner import AddMaker, Phase, add, ask_store, give, split, two_adds

from llo_dft.documents.decoding.named_objects import NamedObjectError, decode, decode_text, names_in
from llo_dft.runner.messages import (
    Outputs,
    Task,
    decode_document,
    decode_response,
    encode,
    encode_job,
    encode_response,
)
from llo_dft.runner.worker import run_job

if TYPE_CHECKING:
    from jobflow import Job, JobStore


def test_values_keep_their_types() -> None:
    when = dt.datetime(2024, 5, 6, 7, 8, 9, 10, tzinfo=dt.UTC)
    values = [when, b"bytes", 1.0, Phase.BETA, AddMaker(amount=3), {"a": [None, "x"]}]
    assert decode_text(encode(values), names_in(values)) == values
    with pytest.raises(NamedObjectError, match="@class 'AddMaker' at 4 is not"):
        decode_text(encode(values))
    array = decode_text(encode(np.arange(3.0)))
    assert isinstance(array, np.ndarray)
    assert array.tolist() == [0.0, 1.0, 2.0]


def test_a_job_comes_back_with_its_uuid_and_references() -> None:
    first = add(1, 2)
    job = decode_text(encode_job(add(first.output, 3)), names_in(first))
    assert job.function_args[0] == first.output
    assert job.input_uuids == (first.uuid,)


def test_a_document_is_plain_data_but_for_dates_and_bytes() -> None:
    when = dt.datetime(2024, 5, 6, tzinfo=dt.UTC)
    document = {"when": when, "maker": AddMaker().as_dict(), "bytes": b"b"}
    trusted = names_in(AddMaker())
    found = decode_document(encode(document), trusted)
    assert (found["when"], found["bytes"]) == (when, b"b")
    assert found["maker"]["@class"] == "AddMaker"
    assert isinstance(decode(found, trusted)["maker"], AddMaker)
    with pytest.raises(NamedObjectError, match="the output of a job can't be read: @module"):
        decode_document(encode(document))


def test_a_response_brings_its_flows_and_not_its_output() -> None:
    inner = Flow([add(1, 2)], name="inner")
    response = Response(
        output="large", replace=inner, detour=two_adds(1), stored_data={"k": 1}, stop_children=True
    )
    text = encode_response(response)
    assert "large" not in text
    assert json.loads(text)["addition"] is None
    found = decode_response(text, "output", names_in(inner))
    assert (found.output, found.stored_data) == ("output", {"k": 1})
    assert found.replace.job_uuids == inner.job_uuids
    # a decorated flow would call its function again, and bring up other jobs
    assert type(found.detour) is Flow
    assert len(found.detour.job_uuids) == 2
    assert found.stop_children


def run(job: Job, outputs: Outputs) -> Any:
    text = encode_job(job)
    outputs.trusted |= names_in(job)
    outcome = run_job(Task(text, outputs.needed_by(job, text), outputs.trusted))
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
