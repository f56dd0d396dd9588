"""One worker process as an executor, which ends when its driver does.

Each worker is an executor of its own. A `ProcessPoolExecutor` with several workers kills them
all when one dies; with calculations of hours, that would throw away the work of the others.

The processes are spawned, not forked: threads and torch do not survive a fork. So a script that
runs a flow must be importable, with ``if __name__ == "__main__":`` around what it does.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future
    from multiprocessing.connection import Connection

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: How long what a dead worker's job started has to end by itself, s.
GRACE_S = 10.0


class WorkerProcess(ProcessPoolExecutor):
    """An executor of one spawned process, with some variables besides the driver's."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        context = get_context("spawn")
        # Nothing is ever sent: the worker reads the end of the pipe when the driver closes it,
        # or is gone, however it went.
        worker_end, self._lifeline = context.Pipe(duplex=False)
        self._environment = dict(environment)
        self._group: Future[int] | None = None
        super().__init__(
            max_workers=1,
            mp_context=context,
            initializer=follow_driver,
            initargs=(worker_end,),
        )

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Submit a call; the first one starts the process."""
        # An initializer would come too late: the process first imports the driver's main
        # module, and numpy and torch read OMP_NUM_THREADS when they are imported.
        with _environment(self._environment):
            if self._group is None:
                self._group = super().submit(os.getpid)
            return super().submit(fn, *args, **kwargs)

    def kill(self) -> None:
        """End the process, and what its job started, in the middle of a job."""
        self._lifeline.close()

    def end_orphans(self) -> None:
        """End what the job of a worker that died has started, before the job is tried again.

        A worker that the kernel kills can't do it: its program would go on to write.
        """
        group = self._group
        if group is None or not group.done() or group.exception() or not hasattr(os, "killpg"):
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            until = time.monotonic() + GRACE_S
            try:
                os.killpg(group.result(), number)
                while time.monotonic() < until:
                    time.sleep(0.02)
                    os.killpg(group.result(), 0)
            except (ProcessLookupError, PermissionError):  # none is left; macOS, or only zombies
                return


def follow_driver(lifeline: Connection) -> None:
    """Set up a worker: end when the driver does, and leave Ctrl-C to the driver.

    The worker leads a process group, so that the programs a job starts (mpirun, VASP) end with
    it: one left behind would write into the folder of a calculation that is started again.
    """
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    threading.Thread(target=_end_with_driver, args=(lifeline,), daemon=True).start()


def _end_with_driver(lifeline: Connection) -> None:
    with suppress(EOFError, OSError):
        lifeline.recv_bytes()
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGTERM)
    # In case the job has its own way with SIGTERM.
    os._exit(1)


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
