"""Dask's executor, with a count of its calls, and a way to end all of them at once."""

import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any, ParamSpec, TypeVar

from distributed import Client
from distributed.scheduler import KilledWorker

_P = ParamSpec("_P")
_T = TypeVar("_T")


class WorkerLostError(RuntimeError):
    """A task whose worker died every time that it was tried."""


class DaskExecutor(Executor):
    """Runs calls of importable functions on the workers of a Dask client, which stays open.

    Dask pickles what it sends. Only holders of this run's certificate can send or answer anything,
    so both ends are this program.
    """

    def __init__(self, client: Client) -> None:
        # pure=False: equal calls are separate calls. Dask retries what was on a lost worker.
        self._inner = client.get_executor(pure=False)
        self._held: set[Future[Any]] = set()
        self._lock = threading.Lock()

    @property
    def n_held(self) -> int:
        """Number of unfinished calls."""
        return len(self._held)

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Submit a call."""
        # A future of our own: break_off may end it before Dask does.
        future: Future[_T] = Future()
        with self._lock:
            self._held.add(future)
        theirs = self._inner.submit(fn, *args, **kwargs)
        theirs.add_done_callback(lambda done: self._end(future, done))
        return future

    def break_off(self, reason: str) -> None:
        """End all calls as if the executor had broken."""
        with self._lock:
            held, self._held = self._held, set()
        for future in held:
            future.set_exception(BrokenExecutor(reason))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """Wait for all calls, or cancel them."""
        self._inner.shutdown(wait=wait and not cancel_futures)

    def _end(self, future: Future[_T], theirs: Future[_T]) -> None:
        with self._lock:
            if future not in self._held:
                return
            self._held.remove(future)
        if theirs.cancelled():
            future.cancel()
            return
        error = theirs.exception()
        if isinstance(error, KilledWorker):
            error = WorkerLostError(
                f"its worker died {error.allowed_failures + 1} times: killed, out of memory, or "
                "at the end of the walltime of its job; see the logs of the jobs"
            )
        if error is None:
            future.set_result(theirs.result())
        else:
            future.set_exception(error)
