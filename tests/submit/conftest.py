"""A batch system that is played in memory, in the place of Slurm's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from llo_dft.submit.batch import BATCH_SYSTEMS, SLURM, BatchError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from llo_dft.submit.batch import JobState


@dataclass
class PlayedQueue:
    """Takes jobs and lists them; nothing runs."""

    queue: dict[str, JobState] = field(default_factory=dict)
    submitted: list[tuple[str, str, str | None]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    refusal: str = ""
    id_variable: str = SLURM.id_variable
    directives: tuple[str, ...] = SLURM.directives

    def submit_script(self, script: str, folder: Path, name: str, after: str | None = None) -> str:
        if self.refusal:
            raise BatchError(self.refusal)
        assert folder.is_dir()
        job = str(10 + len(self.submitted))
        self.submitted.append((job, name, after))
        self.scripts.append(script)
        self.queue[job] = "queued"
        return job

    def states(self) -> dict[str, JobState]:
        if self.refusal:
            raise BatchError(self.refusal)
        return dict(self.queue)

    def cancel_jobs(self, ids: Iterable[str]) -> None:
        for job in ids:
            self.cancelled.append(job)
            self.queue.pop(job, None)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> PlayedQueue:
    """The queue, in the place of Slurm."""
    queue = PlayedQueue()
    monkeypatch.setitem(BATCH_SYSTEMS, "slurm", queue)
    monkeypatch.delenv(SLURM.id_variable, raising=False)
    monkeypatch.delenv("LLO_DFT_JOB_END_TIME", raising=False)
    return queue
