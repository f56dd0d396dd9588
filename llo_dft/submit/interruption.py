"""Signals as an exception, so that a run's jobs in a queue are cancelled before it ends."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: A scheduler cancels a job; a terminal is closed; the time is over (see below).
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


class Interruption(BaseException):
    """A ``signal`` that ends the run now; no ``except Exception`` catches it as a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.strsignal(number))
        self.signal = number

    @property
    def out_of_time(self) -> bool:
        """Whether it was the end of the given time."""
        return self.signal == signal.SIGALRM


@contextmanager
def interruptible(seconds: float | None = None) -> Iterator[None]:
    """Raise `Interruption` in the main thread at the first signal, or after some seconds.

    Later signals, during clean-up, are ignored.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        del frame
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        raise Interruption(number)

    # signals already ignored stay so, such as the end of the terminal under nohup
    heard = [one for one in _SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]
    before = {one: signal.getsignal(one) for one in heard}
    # a signal may come as soon as it is handled: what follows is undone in any case
    try:
        for one in heard:
            signal.signal(one, interrupt)
        if seconds is not None:
            signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        for one, handler in before.items():
            signal.signal(one, handler)
