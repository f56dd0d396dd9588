"""Progress of a run: a bar on a terminal, plain lines elsewhere. Both go to stderr."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from llo_dft.cli.common import on_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llo_dft.study.run import Progress

_MARK = {"completed": "", "failed": "FAILED ", "skipped": "skipped "}


class TimeLeft:
    """Estimate of the time left, from what the calculations took so far."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._before = 0  # ended at once: they were in the cache
        self._last = self._started

    def text(self, progress: Progress) -> str:
        """Return the estimate after a calculation ended, e.g. '3 min left'."""
        now = time.monotonic()
        if now - self._last < 0.2 and progress.n_ended == self._before + 1:  # noqa: PLR2004 (s)
            self._before += 1
            self._last = self._started = now
        self._last = now
        computed = progress.n_ended - self._before
        left = progress.n_total - progress.n_ended
        if not left:
            return "done"
        if not computed:
            return "time left unknown"
        seconds = (now - self._started) / computed * left
        return f"{seconds / 60:.0f} min left" if seconds > 90 else f"{seconds:.0f} s left"  # noqa: PLR2004


@contextmanager
def shown_progress(total: int, title: str) -> Iterator[Callable[[Progress], None]]:
    """Give a callable to be told of each calculation that ended."""
    left = TimeLeft()
    console = Console(stderr=True, highlight=False)
    if not on_terminal():

        def line(progress: Progress) -> None:
            console.print(
                f"[{progress.n_ended}/{progress.n_total}] {_MARK[progress.state]}{progress.label}, "
                f"{left.text(progress)}",
                markup=False,
                soft_wrap=True,
            )

        yield line
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Bar(*columns, console=console) as bar:
        task = bar.add_task(title, total=total, left="time left unknown")

        def update(progress: Progress) -> None:
            if progress.state != "completed":
                bar.console.print(f"{_MARK[progress.state]}{progress.label}", markup=False)
            bar.update(
                task,
                completed=progress.n_ended,
                description=f"{title}: {progress.label}",
                left=left.text(progress),
            )

        yield update
