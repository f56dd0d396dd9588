from __future__ import annotations

import pytest

from llo_dft.runner import FlowResult, JobFailure, JobNotRun

FAILURE = JobFailure("relax", "u", 1, "ValueError", "no cell", "a traceback")


@pytest.mark.parametrize(
    ("parts", "complete"),
    [
        ({}, True),
        ({"failures": {("u", 1): FAILURE}}, False),
        ({"not_run": {("v", 1): JobNotRun("child", "v", 1, "needs 'relax'")}}, False),
    ],
)
def test_a_flow_is_complete_if_every_job_gave_a_response(parts: dict, complete: bool) -> None:  # noqa: FBT001
    assert FlowResult(**parts).complete is complete


def test_a_failure_is_one_line_without_its_traceback() -> None:
    assert str(FAILURE) == "relax: ValueError: no cell"
