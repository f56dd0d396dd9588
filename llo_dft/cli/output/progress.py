"""Progress of a run: a bar on a terminal, plain lines elsewhere. Both go to stderr."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from llo_dft.study.run_study import Progress

_MARK = {"failed": "FAILED ", "skipped": "skipped "}


#: Share of the work after which the measured time counts as much as the expected one. The first
#: calculations are small, and their time includes the start of their worker.
_TRUST_AFTER = 0.1


class TimeLeft:
    """Estimate of the time left, from the expected time and the time taken so far.

    ``work`` is how much each calculation is expected to take, by label, in any one unit;
    ``expected_s`` the estimated time for all that are not in the cache, s, None if unknown.
    """

    def __init__(self, work: Mapping[str, float], expected_s: float | None = None) -> None:
        self._left = dict(work)
        self._expected_s = expected_s
        self._done = 0.0
        self._started = time.monotonic()

    def text(self, progress: Progress) -> str:
        """Return the estimate after a calculation ended, e.g. '3 min left'."""
        now = time.monotonic()
        amount = self._left.pop(progress.label, 0.0)
        if progress.status != "skipped" and not progress.reused:
            self._done += amount
        elif not self._done:
            self._started = now  # nothing has been computed so far
        if not self._left:
            return "done"
        if not self._done:
            return "time left unknown"
        left = sum(self._left.values())
        took, done = now - self._started, self._done
        if self._expected_s is not None:
            took += _TRUST_AFTER * self._expected_s
            done += _TRUST_AFTER * (left + self._done)
        seconds = took / done * left
        return f"{seconds / 60:.0f} min left" if seconds > 90 else f"{seconds:.0f} s left"  # noqa: PLR2004


@contextmanager
def shown_progress(
    work: Mapping[str, float], title: str, expected_s: float | None = None
) -> Iterator[Callable[[Progress], None]]:
    """Give a callable that shows each calculation that ended; the arguments are ``TimeLeft``'s."""
    left = TimeLeft(work, expected_s)
    console = Console(stderr=True, highlight=False)
    if not sys.stderr.isatty():

        def line(progress: Progress) -> None:
            mark = _MARK.get(progress.status, "")
            console.print(
                f"[{progress.n_ended}/{progress.n_total}] {mark}{progress.label}, "
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
        task = bar.add_task(title, total=len(work), left="time left unknown")

        def update(progress: Progress) -> None:
            if progress.status in _MARK:
                bar.console.print(f"{_MARK[progress.status]}{progress.label}", markup=False)
            bar.update(
                task,
                completed=progress.n_ended,
                description=f"{title}: {progress.label}",
                left=left.text(progress),
            )

        yield update
