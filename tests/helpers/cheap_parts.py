"""What stands for parts that tests wait for but are not about: workers, the layout of figures."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class CoarseFigure(Figure):
    """A figure that is drawn once, coarsely, its parts not laid out.

    Files of other formats hold the words in it and the digest of its PNG.
    """

    def __init__(self, figsize: tuple[float, float], **_: object) -> None:
        super().__init__(figsize, dpi=40)
        self._drawn: bytes | None = None

    def draw_without_rendering(self) -> None:
        """Lay out nothing."""

    def savefig(self, path: Path, **options: Any) -> None:
        if self._drawn is None:
            picture = BytesIO()
            super().savefig(picture, format="png", metadata={"Software": None})
            self._drawn = picture.getvalue()
        if path.suffix == ".png":
            path.write_bytes(self._drawn)
            return
        begin = {".svg": "<?xml version='1.0'?><svg>", ".pdf": "%PDF"}[path.suffix]
        words = {text.get_text() for text in self.findobj(Text)}
        drawn = hashlib.sha256(self._drawn).hexdigest()
        path.write_text("\n".join([begin, str(options), drawn, *sorted(words)]), encoding="utf-8")


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
