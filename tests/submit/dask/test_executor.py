"""Dask's executor as the runner sees it; Dask itself is played here."""

from __future__ import annotations

import threading
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any

import pytest
from distributed.scheduler import KilledWorker

from llo_dft.submit.dask.executor import DaskExecutor, WorkerLostError


class Inner(Executor):
    """Keeps what it is given until it is told what becomes of it."""

    def __init__(self) -> None:
        self.futures: list[Future[Any]] = []
        self.shut: list[bool] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        del fn, args, kwargs
        self.futures.append(Future())
        return self.futures[-1]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        del cancel_futures
        self.shut.append(wait)


class Client:
    def __init__(self) -> None:
        self.inner = Inner()

    def get_executor(self, **options: Any) -> Inner:
        assert options == {"pure": False}
        return self.inner


@pytest.fixture
def client() -> Client:
    return Client()


def test_results_errors_and_cancelled_calls_come_through(client: Client) -> None:
    executor = DaskExecutor(client)
    one, two, three = (executor.submit(pow, 2, n) for n in (1, 2, 3))
    assert executor.n_held == 3
    first, second, third = client.inner.futures
    first.set_result(2)
    second.set_exception(OSError("no such message"))
    third.cancel()
    assert one.result(0) == 2
    with pytest.raises(OSError, match="no such message"):
        two.result(0)
    assert three.cancelled()
    assert executor.n_held == 0


def test_a_task_whose_worker_died_each_time_says_so(client: Client) -> None:
    executor = DaskExecutor(client)
    future = executor.submit(pow, 2, 2)
    client.inner.futures[0].set_exception(KilledWorker("task", None, 3))
    with pytest.raises(WorkerLostError, match="its worker died 4 times: killed, out of memory"):
        future.result(0)


def test_all_calls_can_be_given_back_at_once(client: Client) -> None:
    executor = DaskExecutor(client)
    futures = [executor.submit(pow, 2, n) for n in range(3)]
    executor.break_off("no worker can be had")
    for future in futures:
        with pytest.raises(BrokenExecutor, match="no worker can be had"):
            future.result(0)
    # what Dask says of them later is not heard
    client.inner.futures[0].set_result(1)
    assert executor.n_held == 0


def test_breaking_off_while_results_come_in_ends_each_call_once(client: Client) -> None:
    executor = DaskExecutor(client)
    futures = [executor.submit(pow, 2, 0) for _ in range(500)]

    def finish() -> None:
        for inner in client.inner.futures:
            inner.set_result(1)

    thread = threading.Thread(target=finish)
    thread.start()
    executor.break_off("broken")
    thread.join()
    assert all(future.done() for future in futures)


def test_shutting_down_waits_or_cancels(client: Client) -> None:
    executor = DaskExecutor(client)
    executor.shutdown()
    executor.shutdown(wait=False)
    executor.shutdown(cancel_futures=True)
    assert client.inner.shut == [True, False, False]
