"""Real worker processes: what they share, how they die, and how they follow their driver."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
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

from llo_dft.runner import processes, run_flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobflow import JobStore

    from llo_dft.runner import FlowResult

    Compare = Callable[..., FlowResult]

DRIVER = Path(__file__).with_name("driver_for_runner.py")


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_processes_do_as_run_locally(compare: Compare, tmp_path: Path) -> None:
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
    compare(flow, executor=None, max_workers=2, root_dir=tmp_path)
    folders = sorted(path.name for path in tmp_path.iterdir())
    assert f"bring_up-{first.uuid}-1" in folders
    assert f"add-{first.uuid}-2" in folders


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
    monkeypatch.setattr(processes, "GRACE_S", 0.5)
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
