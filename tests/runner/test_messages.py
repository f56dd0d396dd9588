"""Jobs, responses and documents survive as text."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest
from jobflow import Flow, Response
from jobs_for_runner import AddMaker, Phase, add, two_adds

from llo_dft.documents.decoding.named_objects import NamedObjectError, decode, decode_text, names_in
from llo_dft.runner.messages import (
    decode_document,
    decode_response,
    encode,
    encode_job,
    encode_response,
)


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
    found = decode_response(text, "output", "/folder", names_in(inner))
    assert (found.output, found.job_dir, found.stored_data) == ("output", "/folder", {"k": 1})
    assert found.replace.job_uuids == inner.job_uuids
    # a decorated flow would call its function again, and bring up other jobs
    assert type(found.detour) is Flow
    assert len(found.detour.job_uuids) == 2
    assert found.stop_children
