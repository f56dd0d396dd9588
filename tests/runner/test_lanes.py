"""Tasks handed to executors that break: who is tried again, who is given up, what ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jobflow import Flow
from jobs_for_runner import (
    add,
    alive,
    bring_up,
    die,
    die_beside_a_program,
    give,
    split,
    variable,
    where,
)

from llo_dft.runner import lanes as lanes_module
from llo_dft.runner import run_flow
from llo_dft.runner.lanes import Lanes
from llo_dft.runner.messages import JobOutcome, RaisedError, Task
from llo_dft.runner.worker import run_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobflow import JobStore

    from llo_dft.runner import FlowResult

    Compare = Callable[..., FlowResult]


TASK = Task("{}", ())
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


DRIVER = Path(__file__).with_name("driver_for_runner.py")


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_processes_do_as_run_locally(compare: Compare) -> None:
    numbers = split(4)
    first = bring_up("all", 3)
    flow = Flow(
        [
            numbers,
            first,
            give([first.output, numbers.output["big"][1]]),
            bring_up("decorated flow", 1),
            bring_up("failing flow", 1),
        ]
    )
    compare(flow, executor=None, max_workers=2)


def test_each_job_has_its_folder_and_the_environment(store: JobStore) -> None:
    jobs = [where("same"), where("same"), variable("LLO_RUNNER_TEST"), variable("HOME")]
    result = run_flow(
        Flow(jobs),
        store=store,
        max_workers=1,
        worker_environment={"LLO_RUNNER_TEST": "2"},
    )
    one, two, given, home = (result.responses[job.uuid][1].output for job in jobs)
    assert (given, home) == ("2", os.environ.get("HOME"))
    assert "LLO_RUNNER_TEST" not in os.environ
    assert one[0] != two[0]
    assert one[1] == two[1] == []
    assert one[2] == two[2] != os.getpid()
    assert not Path(one[0]).exists()


def test_a_worker_that_dies_takes_no_other_with_it(store: JobStore, tmp_path: Path) -> None:
    deadly, once = die(), die(str(tmp_path / "marker"))
    child, others = add(once.output, "!"), [give(number) for number in range(4)]
    result = run_flow(
        Flow([deadly, give(deadly.output), once, child, *others]), store=store, max_workers=2
    )
    assert list(result.failures) == [(deadly.uuid, 1)]
    failure = result.failures[deadly.uuid, 1]
    assert failure.error_type == "BrokenProcessPool"
    assert failure.message.startswith("the worker process died (killed, or out of memory)")
    assert result.responses[child.uuid][1].output == "survived!"
    assert len(result.responses) == 6
    assert len(result.not_run) == 1


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("ignored", ["", "trap '' TERM; "])
def test_the_program_of_a_worker_that_dies_ends_before_the_next_attempt(
    store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ignored: str
) -> None:
    monkeypatch.setattr(lanes_module, "GRACE_S", 0.5)
    job = die_beside_a_program(str(tmp_path), f"{ignored}echo started; exec sleep 600")
    result = run_flow(Flow([job]), store=store, max_workers=1)
    assert not result.failures
    assert result.responses[job.uuid][1].output is False


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_and_their_programs_end_with_the_driver(
    tmp_path: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, str(DRIVER), str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
        # a shell starts what it puts in the background with Ctrl-C ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as driver:
        files = [tmp_path / "one.pids", tmp_path / "two.pids"]
        try:
            wait_until(lambda: all(file.exists() for file in files), 60)
            pids = [int(pid) for file in files for pid in file.read_text().split()]
            assert all(map(alive, pids))
            driver.send_signal(number)
            _, errors = driver.communicate(timeout=10)
        finally:
            driver.kill()
    wait_until(lambda: not any(map(alive, pids)), 5)
    if number == signal.SIGINT:
        assert "KeyboardInterrupt" in errors
    else:
        assert driver.returncode == -signal.SIGKILL
