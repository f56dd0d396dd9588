"""Signals end a run by an exception that no broad except takes."""

from __future__ import annotations

import os
import signal
import time

import pytest

from llo_dft.submit.interruption import Interruption, interruptible


def wait_for_signal(number: int | None = None) -> None:
    try:
        if number is not None:
            os.kill(os.getpid(), number)
        time.sleep(10)
    except Exception:  # noqa: BLE001  # what must not catch it
        pytest.fail("an Interruption is no Exception")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_and_only_the_first_one(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_DFL)  # under nohup it would be passed over
    try:
        with interruptible():
            with pytest.raises(Interruption, match=r"Terminated|Hangup") as caught:
                wait_for_signal(number)
            os.kill(os.getpid(), number)  # while the run is cleared away
        assert (caught.value.signal, caught.value.out_of_time) == (number, False)
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_the_end_of_the_time() -> None:
    started = time.monotonic()
    with pytest.raises(Interruption, match="Alarm clock") as caught, interruptible(0.1):
        wait_for_signal()
    assert caught.value.out_of_time
    assert 0.1 <= time.monotonic() - started < 5


def test_time_that_is_over_already() -> None:
    with pytest.raises(Interruption, match="Alarm"), interruptible(-5.0):
        wait_for_signal()


def test_a_signal_that_comes_at_once_leaves_things_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGALRM)}

    def at_once(which: int, seconds: float) -> None:
        del which
        if seconds:
            os.kill(os.getpid(), signal.SIGALRM)

    monkeypatch.setattr(signal, "setitimer", at_once)
    with pytest.raises(Interruption, match="Alarm"), interruptible(1.0):
        pytest.fail("the time was over before")
    assert {one: signal.getsignal(one) for one in before} == before


def test_the_time_counts_no_more_afterwards() -> None:
    with interruptible(0.2):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    time.sleep(0.4)  # nothing comes


def test_what_was_passed_over_before_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
