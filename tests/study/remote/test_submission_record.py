from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llo_dft.errors import InputError
from llo_dft.study.remote.submission_record import (
    RemoteSubmission,
    SubmittedJob,
    check_not_submitted,
    read_submission,
    record_path,
    require_submission,
)
from llo_dft.submit.records import write_record

if TYPE_CHECKING:
    from pathlib import Path

JOBS = [
    SubmittedJob(id="a", name="calculate bulk", label="bulk", type="static", atoms=8),
    SubmittedJob(id="b", name="write_results", label=None, type="light", atoms=0),
]


def test_a_record_is_read_as_it_was_written_and_refuses_a_second(tmp_path: Path) -> None:
    assert read_submission(tmp_path) is None
    check_not_submitted(tmp_path)
    with pytest.raises(InputError, match="was not submitted to a project; use"):
        require_submission(tmp_path)
    record = RemoteSubmission(project="/p/lab.yaml", flow="f", worker=None, jobs=JOBS)
    write_record(record_path(tmp_path), record)
    assert require_submission(tmp_path) == record
    with pytest.raises(InputError, match=r"to jobflow-remote \(/p/lab\.yaml\).*retry.*cancel"):
        check_not_submitted(tmp_path)


def test_a_job_is_called_by_its_calculation() -> None:
    assert [job.title for job in JOBS] == ["bulk", "write_results"]
