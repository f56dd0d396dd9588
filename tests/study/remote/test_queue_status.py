"""Of a calculation the folder knows the result, and the queue all else."""

from __future__ import annotations

from typing import Any

import pytest

from llo_dft.study.remote.queue_status import _merged
from llo_dft.study.remote.submission_record import RemoteSubmission, SubmittedJob
from llo_dft.study.study_status import CalculationStatus, StudyStatus
from llo_dft.submit.remote.queue import RemoteJob


def job(name: str, status: str, **fields: Any) -> RemoteJob:
    least = {"state": status.upper(), "reason": f"why {name}", "folder": f"/work/{name}"}
    least |= {"name": name, "index": 1, "process": "7", "parents": (), "lock_age_s": None}
    return RemoteJob(id=name, status=status, **least | fields)


class Queue:
    def __init__(self, *jobs: RemoteJob) -> None:
        self.found = {one.id: one for one in jobs}

    def jobs(self, flow: str) -> dict[str, RemoteJob]:
        assert flow == "the flow"
        return self.found


def merged(here: list[CalculationStatus], *jobs: RemoteJob) -> StudyStatus:
    labels = {one.label for one in here}
    submitted = [
        SubmittedJob(
            id=one.id,
            name=f"calculate {one.id}",
            label=one.id if one.id in labels else None,
            type="light",
            atoms=1,
        )
        for one in jobs
    ]
    record = RemoteSubmission(project="/p.yaml", flow="the flow", worker=None, jobs=submitted)
    return _merged(StudyStatus("s", here), record, Queue(*jobs))


MISSING = CalculationStatus("a", "missing")


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        (MISSING, job("a", "pending"), ("pending", None, None)),
        (MISSING, job("a", "pending", state="WAITING"), ("pending", "why a", None)),
        (MISSING, job("a", "running"), ("running", None, "/work/a")),
        (MISSING, job("a", "failed"), ("failed", "why a", "/work/a")),
        (MISSING, job("a", "missing"), ("missing", "why a", "/work/a")),
        # the folder decides where there is a result, or the job came to its end
        (CalculationStatus("a", "completed", folder="k"), job("a", "running"), ("completed", None)),
        (CalculationStatus("a", "failed", "fire"), job("a", "completed"), ("failed", "fire")),
        (CalculationStatus("a", "skipped", "host"), job("a", "completed"), ("skipped", "host")),
        # an older failure of a job that runs again
        (CalculationStatus("a", "failed", "fire"), job("a", "running"), ("running", None)),
    ],
)
def test_the_status_of_a_calculation(
    here: CalculationStatus, there: RemoteJob, expected: tuple[str | None, ...]
) -> None:
    (found,) = merged([here], there).calculations
    assert (found.status, found.reason, found.folder)[: len(expected)] == expected


def test_small_jobs_that_failed_and_those_that_are_held_are_named() -> None:
    found = merged(
        [MISSING, CalculationStatus("b", "completed")],
        job("a", "failed"),
        job("b", "failed"),  # when its calculation was done
        job("write", "failed", lock_age_s=601.0),
        job("read", "running", lock_age_s=599.0),
    ).queue
    assert found.states == {"FAILED": 3, "RUNNING": 1}
    assert found.broken == {"b": "why b", "calculate write": "why write"}
    assert found.held == ["calculate write"]
