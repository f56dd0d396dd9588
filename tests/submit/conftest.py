"""A batch system that is played in memory, in the place of Slurm's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from llo_dft.submit import batch
from llo_dft.submit.batch import BATCH_SYSTEMS, BatchError, BatchJob, BatchSystem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from llo_dft.submit.batch import JobRole
    from llo_dft.typing import Status


@dataclass
class PlayedQueue:
    """Takes jobs and lists them; nothing runs."""

    queue: dict[str, Status] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    submitted: list[tuple[str, str, str | None]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    refusal: str = ""
    id_variable: str = BATCH_SYSTEMS["slurm"].id_variable

    own_jobs = BatchSystem.own_jobs
    end_workers = BatchSystem.end_workers

    def submit_script(
        self, script: str, folder: Path, title: str, role: JobRole, after: str | None = None
    ) -> str:
        if self.refusal:
            raise BatchError(self.refusal)
        assert folder.is_dir()
        job = str(10 + len(self.submitted))
        self.submitted.append((job, title, after))
        self.scripts.append(script)
        self.add(job, "pending", folder, role)
        return job

    def add(self, job: str, status: Status, folder: Path, role: JobRole) -> None:
        """Put a job into the queue as if it had been submitted from a folder."""
        self.queue[job] = status
        self.names[job] = f"a title {batch._tag(folder, role)}"

    def jobs(self) -> dict[str, BatchJob]:
        if self.refusal:
            raise BatchError(self.refusal)
        return {
            job: BatchJob(self.names.get(job, "somebody's"), status, status.upper())
            for job, status in self.queue.items()
        }

    def cancel_jobs(self, ids: Iterable[str]) -> None:
        for job in ids:
            self.cancelled.append(job)
            self.queue.pop(job, None)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> PlayedQueue:
    """The queue, in the place of Slurm."""
    queue = PlayedQueue()
    monkeypatch.setitem(BATCH_SYSTEMS, "slurm", queue)
    monkeypatch.delenv(BATCH_SYSTEMS["slurm"].id_variable, raising=False)
    monkeypatch.delenv("LLO_DFT_JOB_END_TIME", raising=False)
    return queue
