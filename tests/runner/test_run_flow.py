"""Each feature of jobflow, side by side with jobflow's own run_locally."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from jobflow import Flow, Job, JobOrder, OnMissing, OutputReference, run_locally
from jobs_for_runner import (
    AddMaker,
    Phase,
    add,
    answer,
    arrays,
    ask_store,
    bring_up,
    circle,
    fail,
    give,
    give_or_none,
    leave,
    name_and_value,
    refer_to,
    split,
    split_all,
    two_adds,
    type_names,
)

from llo_dft.runner import FlowResult, JobFailure, JobNotRun, run_flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobflow import JobStore

    Compare = Callable[..., FlowResult]


KINDS = [
    "job",
    "flow",
    "flow without output",
    "decorated flow",
    "list",
    "dict",
    "detour",
    "addition",
    "all",
    "failing replace",
    "failing flow",
    "failing detour",
    "stop children",
    "stop in replace",
    "stored data",
]


def threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(3)


@pytest.mark.parametrize("kind", KINDS)
def test_responses(compare: Compare, kind: str) -> None:
    first = bring_up(kind, 3)
    child = give({"seen": [first.output]})
    grandchild = give(child.output["seen"][0])
    tolerant = give_or_none(first.output)
    compare(Flow([grandchild, tolerant, child, first, give("apart")]))


def test_a_job_that_stops_the_flow(compare: Compare) -> None:
    first = bring_up("stop flow", 3)
    result = compare(Flow([first, give(first.output), give_or_none(first.output)]))
    assert len(result.not_run) == 3
    assert {found.reason for found in result.not_run.values()} == {"a job stopped the flow"}


def test_failures(compare: Compare) -> None:
    failing = fail("the cell is empty")
    child = give(failing.output)
    grandchild = give([child.output])
    tolerant = give_or_none([failing.output, 1])
    after = give(tolerant.output)
    result = compare(Flow([failing, child, grandchild, tolerant, after]))
    failure = result.failures[failing.uuid, 1]
    assert (failure.name, failure.error_type) == ("fail", "ValueError")
    assert failure.message == "the cell is empty"
    assert "in fail" in failure.traceback
    assert result.not_run[child.uuid, 1].reason == "needs 'fail', which failed"
    assert result.not_run[grandchild.uuid, 1].reason == "needs 'give', which did not run"
    assert result.responses[after.uuid][1].output == [None, 1]
    assert not result.complete


def test_a_job_that_exits_is_a_failure_of_that_job(store: JobStore) -> None:
    # run_locally would exit with it.
    result = run_flow([leave(), give(1)], executor=threads, store=store)
    assert [failure.error_type for failure in result.failures.values()] == ["SystemExit"]
    assert len(result.responses) == 1


def test_references(compare: Compare) -> None:
    first = give({"a": [1, {"b": 2}], "c": "text"})
    schema = answer(4)
    maker = AddMaker(amount=7).make(first.output["a"][0])
    flow = Flow(
        [
            first,
            schema,
            maker,
            add(first.output["a"][1]["b"], maker.output),
            give([schema.output.parts[1], {"deep": [schema.output]}, (first.output["c"],)]),
            name_and_value(first.output["a"]),
            ask_store(first.uuid, first.output["c"]),
        ]
    )
    assert compare(flow, max_workers=1).complete


def test_a_wrong_index_fails_the_job_that_uses_it(compare: Compare) -> None:
    first = give({"a": 1})
    result = compare(Flow([first, give(first.output["b"])]))
    assert [failure.error_type for failure in result.failures.values()] == ["KeyError"]


def test_missing_reference_passed_on(compare: Compare) -> None:
    failing = fail()
    child = give({"x": failing.output})
    child.config.on_missing_references = OnMissing.PASS
    result = compare(Flow([failing, child]))
    assert list(result.failures) == [(failing.uuid, 1)]


def test_additional_stores(compare: Compare) -> None:
    one, two = split(4), split_all(3)
    result = compare(
        Flow([one, two, give([one.output["big"], one.output["small"], two.output["big"][2]])])
    )
    assert result.complete


def test_an_additional_store_that_is_not_there(store: JobStore) -> None:
    store.additional_stores.clear()
    result = run_flow(split(3), executor=threads, store=store)
    assert [failure.message for failure in result.failures.values()] == [
        "Unrecognised additional store name: data"
    ]


def test_nested_flows_hosts_and_linear_order(compare: Compare) -> None:
    inner = Flow([add(1, 2), give(3)], order=JobOrder.LINEAR)
    middle = Flow([inner, give("x"), two_adds(2)])
    outer = Flow([give("first"), middle, bring_up("flow", 1)], order=JobOrder.LINEAR)
    outer.update_metadata({"tag": "t"})
    outer.append_name(" end")
    assert compare(outer).complete


def test_linear_order_holds_though_nothing_is_referred_to(store: JobStore) -> None:
    started = []
    jobs = [give(number) for number in range(6)]
    run_flow(
        Flow(jobs, order=JobOrder.LINEAR),
        executor=threads,
        store=store,
        on_event=lambda event: started.append((event.kind, event.uuid)),
    )
    expected = [(kind, job.uuid) for job in jobs for kind in ("started", "finished")]
    assert [event for event in started if event[0] != "added"] == expected


def test_a_replacement_may_refer_to_what_it_replaces(compare: Compare) -> None:
    first = refer_to("", "bare replace")
    first.function_args = (first.uuid, "bare replace")
    assert compare(Flow([first, give(first.output)])).complete


@pytest.mark.parametrize("how", ["detour", "addition"])
def test_detours_and_additions_may_not_refer_to_other_flows(compare: Compare, how: str) -> None:
    first, second = refer_to("", how), give(1)
    first.function_args = (second.uuid, how)
    result = compare(Flow([second, first, give(first.output)]))
    assert "not found in the jobs array" in result.failures[first.uuid, 1].message


def test_what_a_job_brings_up_waits_for_other_flows(store: JobStore) -> None:
    slow = bring_up("flow", 1)
    quick = refer_to(slow.uuid, "replace")
    result = run_flow(Flow([quick, slow]), executor=threads, store=store)
    assert result.responses[quick.uuid][2].output == [{"a": [11]}]


def test_waiting_in_a_circle_ends_as_missing_references(compare: Compare) -> None:
    first = refer_to("", "replace")
    child = give(first.output)
    first.function_args = (child.uuid, "replace")
    result = compare(Flow([first, child]))
    assert result.failures[first.uuid, 2].error_type == "ValueError"
    assert (child.uuid, 1) in result.not_run


def test_references_to_an_earlier_flow_are_refused(store: JobStore) -> None:
    before = give({"x": [1, 2]})
    run_locally(before, store=store, log=False)
    with pytest.raises(ValueError, match="not found in the jobs array"):
        run_flow(give(OutputReference(before.uuid)), executor=threads, store=store)


def test_a_response_that_goes_in_a_circle_is_that_jobs_failure(store: JobStore) -> None:
    first = circle()
    child = give(first.output)
    result = run_flow([first, child, give(1)], executor=threads, store=store)
    assert "in a circle" in result.failures[first.uuid, 1].message
    assert (child.uuid, 1) in result.not_run
    assert len(result.responses) == 1


def test_arguments_keep_their_types(store: JobStore) -> None:
    when = dt.datetime(2024, 5, 6, 7, 8, 9, 10, tzinfo=dt.UTC)
    values = [when, Path("a/b"), np.arange(3.0), b"bytes", 1.0, Phase.BETA, AddMaker()]
    names = [type(value).__name__ for value in values]
    job = type_names(values)
    result = run_flow(job, executor=threads, store=store)
    assert result.responses[job.uuid][1].output == names


def test_dates_are_stored_as_dates(compare: Compare) -> None:
    assert compare(Flow([give(dt.datetime(2024, 5, 6, 7, 8, 9))])).complete  # noqa: DTZ001


def test_arrays_as_outputs(compare: Compare) -> None:
    first = arrays(2.0)
    assert compare(Flow([first, give(first.output["values"])])).complete


def test_a_function_that_cannot_be_imported_fails_alone(store: JobStore) -> None:
    first = Job(lambda: 1, name="local")
    result = run_flow([first, give(2)], executor=threads, store=store)
    assert list(result.failures) == [(first.uuid, 1)]
    assert len(result.responses) == 1


def test_flow_is_not_changed(store: JobStore) -> None:
    first = give(1)
    second = add(first.output, 2)
    run_flow([first, second], executor=threads, store=store)
    assert isinstance(second.function_args[0], OutputReference)


def test_threads_stay_in_their_folder(store: JobStore) -> None:
    here = Path.cwd()
    run_flow(give(1), executor=threads, store=store)
    assert Path.cwd() == here


def test_options_that_contradict(store: JobStore) -> None:
    with pytest.raises(ValueError, match="max_workers must be at least 1"):
        run_flow(give(1), store=store, max_workers=0)
    with pytest.raises(ValueError, match="environment of your executor"):
        run_flow(give(1), store=store, executor=threads, worker_environment={"A": "1"})


def test_an_error_in_the_listener_ends_the_run(store: JobStore) -> None:
    def listen(event: object) -> None:
        assert event
        raise RuntimeError("no room on the screen")

    with pytest.raises(RuntimeError, match="no room on the screen"):
        run_flow(give(1), executor=threads, store=store, on_event=listen)


FAILURE = JobFailure("relax", "u", 1, "ValueError", "no cell", "a traceback")


@pytest.mark.parametrize(
    ("parts", "complete"),
    [
        ({}, True),
        ({"failures": {("u", 1): FAILURE}}, False),
        ({"not_run": {("v", 1): JobNotRun("child", "v", 1, "needs 'relax'")}}, False),
    ],
)
def test_a_flow_is_complete_if_every_job_gave_a_response(parts: dict, complete: bool) -> None:  # noqa: FBT001
    assert FlowResult(**parts).complete is complete


def test_a_failure_is_one_line_without_its_traceback() -> None:
    assert str(FAILURE) == "relax: ValueError: no cell"
