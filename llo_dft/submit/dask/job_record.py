"""The jobs of workers that a run has: on record for the run after one that was killed."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llo_dft.submit.batch import BatchError

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.submit.batch import BatchSystem

#: How long cancelled jobs may take to be gone: a scheduler gives processes a while to end
#: (Slurm's KillWait is 30 s).
_GONE_S = 120.0
_STEP_S = 0.25

_LOG_LINES = 15


@dataclass(frozen=True)
class JobRecord:
    """The ids of a run's jobs of workers, in a file of its folder."""

    folder: Path

    @property
    def file(self) -> Path:
        """The file."""
        return self.folder / "worker_jobs.json"

    def read(self) -> list[str]:
        """Return the ids; none if there is no record."""
        try:
            found = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        return [one for one in found if isinstance(one, str) and one.isdigit()]

    def write(self, ids: list[str]) -> None:
        """Replace the record."""
        partial = self.file.with_suffix(".partial")
        partial.write_text(json.dumps(ids), encoding="utf-8")
        partial.replace(self.file)

    def end_jobs(self, batch: BatchSystem) -> None:
        """Cancel the jobs on record and wait until they are gone, so that none computes any more.

        Raises
        ------
        BatchError
            If they can't be cancelled, or do not go.
        """
        ids = self.read()
        if not ids:
            return
        batch.cancel_jobs(ids)
        end = time.monotonic() + _GONE_S
        while left := sorted(set(ids) & batch.states().keys()):
            if time.monotonic() > end:
                raise BatchError(
                    f"jobs {', '.join(left)} of workers were cancelled but are still there after "
                    f"{_GONE_S:.0f} s"
                )
            time.sleep(_STEP_S)
        self.write([])


def last_words(folder: Path, job: str) -> str:
    """Return the end of a job's log."""
    for log in sorted(folder.iterdir()):
        if re.search(rf"(?<!\d){job}(?!\d)", log.name) is None or not log.is_file():
            continue
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        if lines:
            return "\n".join([f"the end of {log}:", *lines[-_LOG_LINES:]])
    return (
        f"job {job} left no log in {folder}: the study's folder must be on a file system that "
        "the compute nodes share"
    )
