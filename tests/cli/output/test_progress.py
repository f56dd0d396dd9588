"""What a run says of the time left."""

from __future__ import annotations

import time

import pytest

from llo_dft.cli.output.progress import TimeLeft
from llo_dft.study.run_study import Progress

WORK = {"Li": 1.0, "bulk": 9.0, "a": 45.0, "b": 45.0}


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_without_an_estimate_what_was_done_tells(clock: Clock) -> None:
    left = TimeLeft(WORK)
    clock.now += 20.0
    assert left.text(Progress(1, 4, "bulk", "completed")) == "3 min left"  # 91 of 20 / 9 s
    clock.now += 80.0
    assert left.text(Progress(2, 4, "a", "completed")) == "85 s left"  # 46 of 100 / 54 s


def test_a_slow_start_does_not_spoil_what_was_expected(clock: Clock) -> None:
    left = TimeLeft(WORK, expected_s=1000.0)
    clock.now += 30.0  # a hundredth of the work, and the start of a worker
    assert left.text(Progress(1, 4, "Li", "completed")) == "20 min left"  # 99 of 130 / 11 s
    clock.now += 470.0
    assert left.text(Progress(2, 4, "a", "completed")) == "10 min left"  # 54 of 600 / 56 s


def test_what_was_there_already_takes_no_time(clock: Clock) -> None:
    left = TimeLeft(WORK)
    clock.now += 5.0
    assert left.text(Progress(1, 4, "a", "completed", reused=True)) == "time left unknown"
    clock.now += 10.0
    assert left.text(Progress(2, 4, "Li", "failed")) == "9 min left"  # 54 of 10 / 1 s
    assert left.text(Progress(3, 4, "bulk", "skipped")) == "8 min left"
    assert left.text(Progress(4, 4, "b", "completed")) == "done"
