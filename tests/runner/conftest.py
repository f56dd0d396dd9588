"""Fixtures for the runner, and the comparison with jobflow's own manager."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jobflow import JobStore, OnMissing, run_locally
from maggma.stores import MemoryStore
from monty.json import jsanitize

from llo_dft.runner import FlowResult, run_flow
from llo_dft.runner.lanes import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobflow import Flow, Response


# Worker processes get this path from here, and import jobs_for_runner by it.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def real_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the workers of a user, each a process."""
    monkeypatch.setattr(sys.modules["llo_dft.runner.run_flow"], "WorkerProcess", WorkerProcess)


def new_store() -> JobStore:
    store = JobStore(MemoryStore(), additional_stores={"data": MemoryStore()})
    store.connect()
    return store


def stored(store: JobStore) -> list[str]:
    """All documents of a store, free of what differs from run to run (uuids, times)."""
    found = []
    for document in store.query():
        output = store.get_output(
            document["uuid"], document["index"], load=True, on_missing=OnMissing.NONE
        )
        hosts = len(document["hosts"])
        entry = [document["name"], document["index"], hosts, document["metadata"], plain(output)]
        found.append(json.dumps(entry, sort_keys=True))
    return sorted(found)


def plain(value: Any) -> Any:
    return json.loads(json.dumps(jsanitize(value, strict=True, enum_values=True)))


def facts(response: Response) -> list[Any]:
    kinds = [
        None if f is None else len(f.job_uuids)
        for f in (response.replace, response.detour, response.addition)
    ]
    return [kinds, response.stored_data, response.stop_children, response.stop_jobflow]


def same_as_run_locally(
    flow: Flow,
    **options: Any,
) -> FlowResult:
    """Run a flow by run_locally and by run_flow, and assert that they did the same."""
    theirs_store, ours_store = new_store(), new_store()
    options.setdefault("executor", lambda: ThreadPoolExecutor(3))
    events = []
    ours = run_flow(flow, store=ours_store, on_event=events.append, **options)
    theirs = run_locally(deepcopy(flow), log=False, store=theirs_store)
    assert stored(ours_store) == stored(theirs_store)
    for uuid in {*flow.job_uuids} & {*theirs, *ours.responses}:
        assert list(ours.responses[uuid]) == list(theirs[uuid])
        for index, response in theirs[uuid].items():
            assert facts(ours.responses[uuid][index]) == facts(response)
            if index == 1:
                assert plain(ours.responses[uuid][1].output) == plain(response.output)
    assert sum(map(len, ours.responses.values())) == sum(map(len, theirs.values()))
    account_for_all(ours, events)
    return ours


def account_for_all(result: FlowResult, events: list[Any]) -> None:
    """Every job is heard of once, and comes to one end, the one that the result names."""
    keys = {
        kind: sorted((event.uuid, event.index) for event in events if event.kind == kind)
        for kind in ("added", "finished", "failed", "skipped")
    }
    ran = sorted((uuid, index) for uuid, found in result.responses.items() for index in found)
    assert keys["finished"] == ran
    assert keys["failed"] == sorted(result.failures)
    assert keys["skipped"] == sorted(result.not_run)
    assert keys["added"] == sorted(keys["finished"] + keys["failed"] + keys["skipped"])


@pytest.fixture
def store() -> JobStore:
    return new_store()


@pytest.fixture
def compare() -> Callable[..., FlowResult]:
    return same_as_run_locally
