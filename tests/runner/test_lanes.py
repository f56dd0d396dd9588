"""Tasks handed to executors that break: who is tried again, who is given up, what ends."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, Executor, Future
from typing import TYPE_CHECKING

import pytest
from jobflow import Flow
from jobs_for_runner import give

from llo_dft.runner import run_flow
from llo_dft.runner.lanes import Lanes
from llo_dft.runner.messages import JobOutcome, RaisedError, Task
from llo_dft.runner.worker import run_job

if TYPE_CHECKING:
    from jobflow import JobStore

TASK = Task("{}", (), None)
DONE = JobOutcome("{}", (), None)


class Played(Executor):
    """Holds what it is given until the test ends it."""

    def __init__(self) -> None:
        self.futures: list[Future] = []
        self.killed = False

    def submit(self, fn, task):
        assert (fn, task) == (run_job, TASK)
        self.futures.append(Future())
        return self.futures[-1]

    def kill(self) -> None:
        self.killed = True


@pytest.fixture
def made() -> list[Played]:
    return []


def lanes(made: list[Played], *capacities: int | None) -> Lanes[str]:
    def factory() -> Played:
        made.append(Played())
        return made[-1]

    return Lanes(factory, capacities)


def test_a_lane_takes_as_many_as_it_may_and_none_waits_for_another(made: list[Played]) -> None:
    two = lanes(made, 1, 1)
    for owner in ("a", "b"):
        assert two.has_room
        two.submit(owner, TASK)
    assert not two.has_room
    made[1].futures[0].set_result(DONE)
    assert two.wait() == ("b", DONE)
    assert two.has_room
    assert not two.idle
    made[0].futures[0].set_result(DONE)
    assert two.wait() == ("a", DONE)
    assert two.idle
    assert len(made) == 2


def test_who_breaks_it_alone_is_given_up_and_the_others_are_tried_again(made: list[Played]) -> None:
    one = lanes(made, None)
    for owner in ("deadly", "harmless"):
        one.submit(owner, TASK)
    for future in made[0].futures:
        future.set_exception(BrokenExecutor("a worker died"))
    # each alone in a new executor; wait() goes on until one has come to an end
    original = Lanes._send

    def send(self, lane, attempt):
        original(self, lane, attempt)
        (future,) = [f for f in lane.executor.futures if not f.done()]
        if attempt.owner == "deadly":
            future.set_exception(BrokenExecutor("a worker died"))
        else:
            future.set_result(DONE)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Lanes, "_send", send)
        first, second = one.wait(), one.wait()
    assert first[0] == "deadly"
    assert isinstance(first[1], RaisedError)
    assert first[1].message.startswith("the worker process died (killed, or out of memory)")
    assert second == ("harmless", DONE)
    assert one.idle
    assert one.has_room
    assert len(made) == 3


def test_what_the_executor_could_not_send_is_that_jobs_failure(made: list[Played]) -> None:
    one = lanes(made, 2)
    one.submit("a", TASK)
    one.submit("b", TASK)
    made[0].futures[0].set_exception(OSError("too long"))
    made[0].futures[1].cancel()
    assert one.wait() == ("a", RaisedError("OSError", "too long", "OSError: too long\n"))
    owner, error = one.wait()
    assert (owner, error.error_type) == ("b", "CancelledError")


def test_aborting_ends_the_workers_in_the_middle_of_a_job(made: list[Played]) -> None:
    one = lanes(made, 1, 1)
    one.submit("a", TASK)
    one.abort()
    assert [executor.killed for executor in made] == [True]
    assert made[0].futures[0].cancelled()


class FragileExecutor(Executor):
    """Holds three tasks, then runs them; one named deadly breaks it, and all that it holds."""

    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        self.held = []
        self.broken = False

    def submit(self, fn, task):
        assert fn is run_job
        if self.broken:
            raise BrokenExecutor("broken before")
        future = Future()
        self.held.append((future, task))
        alone = type(self).made > 1
        if len(self.held) == 3 or alone:
            self.broken = any('"name": "deadly"' in task.job for _, task in self.held)
            for number, (future_, task_) in enumerate(self.held):
                # The last one was done just in time, and is heard of after the break.
                if self.broken and number < 2:
                    future_.set_exception(BrokenExecutor("a worker died"))
                else:
                    future_.set_result(fn(task_))
            self.held = []
        return future


def test_only_the_job_that_breaks_an_executor_alone_is_given_up(store: JobStore) -> None:
    FragileExecutor.made = 0
    jobs = [give(1), give(2), give(3), give(4)]
    jobs[1].name = "deadly"
    result = run_flow(Flow(jobs), executor=FragileExecutor, max_workers=3, store=store)
    assert [failure.name for failure in result.failures.values()] == ["deadly"]
    assert len(result.responses) == 3
    # The first, one for those that were in it, and one after the second break.
    assert FragileExecutor.made == 3
