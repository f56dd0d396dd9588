"""What stands for parts that tests wait for but are not about: workers, the layout of figures."""

from __future__ import annotations

import os
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

import pytest
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable


def coarse_figure(figsize: tuple[float, float], **_: object) -> Figure:
    """Make a figure that is drawn coarsely, and whose parts are not laid out."""
    return Figure(figsize, dpi=40)


class _Exit(BaseException):
    """Raised where a job ends its process."""


class WorkerHere(Executor):
    """Runs each task at once, in this thread; a task that ends its process breaks it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "_exit", _exit)
            try:
                done.set_result(fn(*args, **kwargs))
            except _Exit:
                done.set_exception(BrokenProcessPool("A process was terminated abruptly"))
        return done


def _exit(_status: int) -> None:
    raise _Exit
