"""The store in memory does as jobflow's, and does not slow down."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jobflow import JobStore
from maggma.stores import MemoryStore

from llo_dft.runner.memory import memory_job_store

#: A document of the last hundred of 1,000 may cost so much more than one of the first.
FLAT = 3.0


def document(uuid: str, index: int, output: object) -> dict[str, Any]:
    return {"uuid": uuid, "index": index, "output": output, "name": "job"}


def contents(store: JobStore) -> list[dict[str, Any]]:
    found = [{k: v for k, v in doc.items() if k != "_id"} for doc in store.query()]
    return sorted(found, key=lambda doc: (doc["uuid"], doc["index"]))


@settings(deadline=None, max_examples=40)  # the first store takes imports
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 2), st.integers(0, 99)), max_size=9)
)
def test_it_holds_what_jobflows_own_store_holds(
    written: list[tuple[str, int, int]],
) -> None:
    theirs, ours = JobStore(MemoryStore()), memory_job_store()
    for store in (theirs, ours):
        store.connect()
        for entry in written:
            store.update(document(*entry), key=["uuid", "index"])
    assert contents(ours) == contents(theirs)
    for uuid in {uuid for uuid, _, _ in written}:
        assert ours.get_output(uuid) == theirs.get_output(uuid)


def test_documents_that_came_by_another_key_are_replaced_too() -> None:
    store = memory_job_store()
    store.connect()
    store.docs_store.update(document("a", 1, "old"), key="uuid")
    store.update(document("a", 1, "new"))
    assert [doc["output"] for doc in contents(store)] == ["new"]


def test_what_is_stored_is_not_the_callers_own() -> None:
    store = memory_job_store()
    store.connect()
    mine = document("a", 1, {"energy": 1.0})
    store.update(mine)
    assert "_id" not in mine
    assert store.get_output("a") == {"energy": 1.0}


def test_a_document_costs_the_same_among_a_thousand() -> None:
    store = memory_job_store()
    store.connect()
    seconds = []
    for index in range(1000):
        begun = time.process_time()
        store.update(document(str(index), 1, {"energy": 1.0, "sites": list(range(50))}))
        seconds.append(time.process_time() - begun)
    assert sum(seconds[-100:]) < FLAT * sum(seconds[100:200])
