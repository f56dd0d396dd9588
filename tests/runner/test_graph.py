"""Order, overlap and cost: what run_flow does with many jobs."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from functools import partial

import pytest
from jobflow import Flow, JobStore
from jobs_for_runner import add, bring_up, count_down, fail, give, nap
from maggma.stores import MemoryStore

from llo_dft.runner import run_flow


class ForgetfulStore(JobStore):
    """Takes documents and keeps none: a MemoryStore reads all it has for each that it takes."""

    def update(self, docs: object, key: object = None, save: object = None) -> None:
        pass


@pytest.fixture
def forgetful() -> ForgetfulStore:
    return ForgetfulStore(MemoryStore())


def one_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)


def test_independent_jobs_overlap_and_dependent_ones_do_not(store: JobStore) -> None:
    first, second = nap(0.3), nap(0.3)
    third = nap(0.0)
    third.function_kwargs = {"after": [first.output, second.output]}
    result = run_flow(
        Flow([third, first, second]), executor=lambda: ThreadPoolExecutor(2), store=store
    )
    times = [result.responses[job.uuid][1].output for job in (first, second, third)]
    assert max(times[0][0], times[1][0]) < min(times[0][1], times[1][1])
    assert times[2][0] >= max(times[0][1], times[1][1])


def test_max_workers_holds(store: JobStore) -> None:
    flow = Flow([nap(0.02) for _ in range(6)])
    result = run_flow(flow, executor=lambda: ThreadPoolExecutor(6), max_workers=2, store=store)
    spans = [found[1].output for found in result.responses.values()]
    for start, _ in spans:
        assert sum(begin <= start < end for begin, end in spans) <= 2


def test_a_child_does_not_wait_for_jobs_that_it_does_not_need(store: JobStore) -> None:
    slow, quick = nap(0.5), give(1)
    child = give(quick.output)
    order = []
    run_flow(
        Flow([slow, quick, child]),
        executor=lambda: ThreadPoolExecutor(2),
        store=store,
        on_event=lambda event: event.kind == "finished" and order.append(event.uuid),
    )
    assert order == [quick.uuid, child.uuid, slow.uuid]


@pytest.mark.parametrize(("kind", "waits"), [("detour", True), ("flow", True), ("addition", False)])
def test_children_wait_for_a_replacement_and_a_detour(
    store: JobStore,
    kind: str,
    waits: bool,  # noqa: FBT001
) -> None:
    first = bring_up(kind, 1)
    child = give(first.output)
    child.name = "child"
    ends = []
    run_flow(
        Flow([first, child]),
        executor=one_thread,
        max_workers=1,
        store=store,
        on_event=lambda event: event.kind == "finished" and ends.append(event.name),
    )
    assert (ends.index("child") > ends.index("add")) == waits


def test_results_come_in_the_same_order_whatever_the_timing(store: JobStore) -> None:
    naps = [nap(0.05), nap(0.0), nap(0.02)]
    failures = [fail(str(number)) for number in range(3)]
    flow = Flow([*naps, *failures, *[give(job.output) for job in failures]])
    results = [
        run_flow(deepcopy(flow), executor=partial(ThreadPoolExecutor, workers), store=store)
        for workers in (1, 3)
    ]
    for part in ("responses", "failures", "not_run"):
        one, three = (list(getattr(result, part)) for result in results)
        assert one == three
    assert list(results[0].responses) == [job.uuid for job in naps]


def test_a_chain_of_two_thousand_jobs(forgetful: ForgetfulStore) -> None:
    jobs = [add(0, 1)]
    for number in range(1, 2000):
        # The middle one adds to a number what is not one.
        jobs.append(add(jobs[-1].output, "x" if number == 1000 else 1))
    result = run_flow(Flow(jobs[::-1]), executor=one_thread, store=forgetful)
    assert result.responses[jobs[999].uuid][1].output == 1000
    assert list(result.failures) == [(jobs[1000].uuid, 1)]
    assert len(result.not_run) == 999


def test_a_job_replaced_many_times(forgetful: ForgetfulStore) -> None:
    first = count_down(200)
    result = run_flow(first, executor=one_thread, store=forgetful)
    assert result.responses[first.uuid][201].output == "end"


def test_the_cost_of_a_job_does_not_grow_with_their_number(forgetful: ForgetfulStore) -> None:
    """Of each the least of three, in turn: other work on the machine only adds to a time."""

    def seconds_each(number: int) -> float:
        flow = Flow([give(0) for _ in range(number)])
        start = time.process_time()
        assert run_flow(flow, executor=one_thread, store=forgetful).complete
        return (time.process_time() - start) / number

    seconds_each(50)
    times = [(seconds_each(100), seconds_each(600)) for _ in range(3)]
    few, many = map(min, zip(*times, strict=True))
    assert many < 2 * few
    assert few < 0.03


def test_a_job_that_gathers_many_results(store: JobStore) -> None:
    jobs = [give(number) for number in range(200)]
    start = time.process_time()
    result = run_flow(
        Flow([*jobs, give([job.output for job in jobs])]), executor=one_thread, store=store
    )
    assert list(result.responses.values())[-1][1].output == list(range(200))
    assert time.process_time() - start < 15
