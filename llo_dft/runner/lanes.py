"""Hands tasks to executors, and continues when the workers of one die.

A lane is an executor and the tasks it holds. When an executor breaks (one of its workers was
killed), every task it held comes back with `BrokenExecutor`, without telling which of them was the
cause. So each is tried once more, alone in a fresh executor; one that breaks the executor again is
the cause, and is given up.
"""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Generic, ParamSpec, TypeVar

from llo_dft.runner.messages import JobOutcome, RaisedError, Task
from llo_dft.runner.worker import raised_error, run_job

T = TypeVar("T")

#: A task may be present when an executor breaks, and be tried once more, alone.
_MAX_BREAKS = 2


@dataclass(eq=False, slots=True)
class _Attempt(Generic[T]):
    owner: T
    task: Task
    breaks: int = 0


@dataclass(eq=False, slots=True)
class _Lane(Generic[T]):
    capacity: int | None
    executor: Executor | None = None
    held: dict[Future[JobOutcome | RaisedError], _Attempt[T]] = field(default_factory=dict)
    suspects: deque[_Attempt[T]] = field(default_factory=deque)
    broken: bool = False
    closed: bool = False

    @property
    def has_room(self) -> bool:
        return not self.closed and (self.capacity is None or len(self.held) < self.capacity)


class Lanes(Generic[T]):
    """Several executors that run tasks together.

    ``factory`` makes an executor, when one is first needed and again when it broke; ``capacities``
    say for each lane how many tasks it holds at the same time, None for any number.
    """

    def __init__(self, factory: Callable[[], Executor], capacities: Sequence[int | None]) -> None:
        self._factory = factory
        self._lanes: list[_Lane[T]] = [_Lane(capacity) for capacity in capacities]
        self._done: SimpleQueue[tuple[_Lane[T], Future[JobOutcome | RaisedError]]] = SimpleQueue()
        self._held = 0

    @property
    def has_room(self) -> bool:
        """Whether a task can be accepted now."""
        return any(lane.has_room for lane in self._lanes)

    @property
    def idle(self) -> bool:
        """Whether no task is held."""
        return not self._held

    def submit(self, owner: T, task: Task) -> None:
        """Take a task, whose ``owner`` comes back with its outcome; `has_room` must hold."""
        self._held += 1
        self._send(next(lane for lane in self._lanes if lane.has_room), _Attempt(owner, task))

    def wait(self) -> tuple[T, JobOutcome | RaisedError]:
        """Wait for a task to end; return its owner, and its outcome or error."""
        while True:
            # Futures report here by a callback. concurrent.futures.wait would have to look at
            # all of them each time, which is n * n for n tasks held by one executor.
            lane, future = self._done.get()
            attempt = lane.held.pop(future)
            result = _result(future)
            if isinstance(result, BrokenExecutor):
                lane.broken = lane.closed = True
                attempt.breaks += 1
                if attempt.breaks < _MAX_BREAKS:
                    lane.suspects.append(attempt)
                    self._recover(lane)
                    continue
                result = _worker_died(result)
            self._recover(lane)
            self._held -= 1
            return attempt.owner, result

    def _recover(self, lane: _Lane[T]) -> None:
        """Let a lane whose executor broke, once it is empty, try its suspects one by one."""
        if not lane.closed or lane.held:
            return
        if lane.broken and lane.executor is not None:
            _ask(lane.executor, "end_orphans")
            lane.executor.shutdown(wait=False)
            lane.executor = None
        lane.broken = False
        if lane.suspects:
            self._send(lane, lane.suspects.popleft())
        else:
            lane.closed = False

    def _send(self, lane: _Lane[T], attempt: _Attempt[T]) -> None:
        if lane.executor is None:
            lane.executor = self._factory()
        try:
            future = lane.executor.submit(run_job, attempt.task)
        except BrokenExecutor as error:
            # Its idle worker was killed: the same as if this task had been in it.
            future = Future()
            future.set_exception(error)
        lane.held[future] = attempt
        future.add_done_callback(lambda done: self._done.put((lane, done)))

    def close(self) -> None:
        """End the executors, which are empty."""
        for lane in self._lanes:
            if lane.executor is not None:
                lane.executor.shutdown(wait=True)

    def abort(self) -> None:
        """Cancel what has not started, and end the workers where that can be done.

        A job that runs in a thread cannot be stopped; it ends by itself.
        """
        for lane in self._lanes:
            for future in list(lane.held):
                future.cancel()
            if lane.executor is not None:
                lane.executor.shutdown(wait=False)
                _ask(lane.executor, "kill")


def _ask(executor: Executor, wish: str) -> None:
    """Call a method that only executors of this package have."""
    method = getattr(executor, wish, None)
    if method is not None:
        method()


def _result(future: Future[JobOutcome | RaisedError]) -> JobOutcome | RaisedError | BrokenExecutor:
    try:
        error = future.exception()
    except CancelledError as cancelled:
        return raised_error(cancelled)
    if isinstance(error, BrokenExecutor):
        return error
    # Not the job's own error, which comes back as an outcome, but the executor's: the outcome
    # could not be sent, or Dask lost the worker too often.
    return future.result() if error is None else raised_error(error)


def _worker_died(error: BrokenExecutor) -> RaisedError:
    return RaisedError(
        type(error).__name__,
        "the worker process died (killed, or out of memory) while running this job, and again "
        f"when the job was tried alone: {error}",
    )


_P = ParamSpec("_P")
_T = TypeVar("_T")

#: Time for processes of a dead worker's job to end by themselves, s.
GRACE_S = 10.0


class WorkerProcess(ProcessPoolExecutor):
    """An executor of one spawned process, with variables in addition to the driver's."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        context = get_context("spawn")
        # Nothing is ever sent: the worker reads the end of the pipe when the driver closes it or
        # dies.
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
        """End the processes of a dead worker's job before the job is tried again.

        A worker that the kernel kills can't do it: its program would continue to write.
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
            except (ProcessLookupError, PermissionError):  # no process left; macOS: or zombies
                return


def follow_driver(lifeline: Connection) -> None:
    """Set up a worker: end when the driver does, and leave Ctrl-C to the driver.

    The worker leads a process group, so that the programs a job starts (mpirun, VASP) end with
    it: one left behind would write into the folder of a restarted calculation.
    """
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)
    threading.Thread(target=_end_with_driver, args=(lifeline,), daemon=True).start()


def _end_with_driver(lifeline: Connection) -> None:
    with suppress(EOFError, OSError):
        lifeline.recv_bytes()
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGTERM)
    # In case the job handles SIGTERM itself.
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
