"""What jobflow-remote's states and locks are here, and errors of its database in one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, get_args

import pytest
from jobflow_remote.jobs.jobcontroller import JobController
from jobflow_remote.jobs.state import JobState
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError

from llo_dft.errors import InputError
from llo_dft.submit.remote.mongo_store import MissingPasswordError
from llo_dft.submit.remote.queue import _remote_job, open_queue
from llo_dft.typing import Status

if TYPE_CHECKING:
    from llo_dft.submit.remote.queue import RemoteJob


def job(state: str, **fields: Any) -> RemoteJob:
    remote = SimpleNamespace(process_id=None, error=None, queue_err=None)
    vars(remote).update({key: fields.pop(key) for key in list(fields) if hasattr(remote, key)})
    least = {
        "uuid": "a",
        "name": "job",
        "index": 1,
        "run_dir": None,
        "parents": None,
        "lock_id": None,
        "lock_time": None,
    }
    least |= {"error": fields.pop("own_error", None), "state": JobState(state), "remote": remote}
    return _remote_job(SimpleNamespace(**least | fields))


@pytest.mark.parametrize("state", [one.value for one in JobState])
def test_every_state_of_jobflow_remote_is_a_status_with_its_reason(state: str) -> None:
    found = job(state)
    assert found.status in get_args(Status)
    assert found.state == state
    assert found.reason


@pytest.mark.parametrize(
    ("state", "status", "at_work", "reason"),
    [
        ("WAITING", "pending", False, "it waits for others"),
        ("READY", "pending", True, "it is in the queue"),
        ("BATCH_SUBMITTED", "pending", True, "it is in the queue"),
        ("RUNNING", "running", True, "it is running"),
        ("DOWNLOADED", "running", True, "it is running"),
        ("COMPLETED", "completed", False, "it left no result"),
        ("FAILED", "failed", False, "no reason known"),
        ("PAUSED", "missing", False, "it was stopped by hand"),
        ("USER_STOPPED", "missing", False, "it was stopped by hand"),
    ],
)
def test_what_a_state_means(state: str, status: str, at_work: bool, reason: str) -> None:  # noqa: FBT001
    found = job(state)
    assert (found.status, found.is_at_work, found.reason) == (status, at_work, reason)


def test_why_a_job_failed_is_its_last_line_or_the_schedulers() -> None:
    assert job("FAILED", own_error="Trace\n  ValueError: no  space \n\n").reason == (
        "ValueError: no space"
    )
    broken = {"error": "the job was likely killed", "queue_err": "x\nslurm: DUE TO TIME LIMIT"}
    assert job("REMOTE_ERROR", **broken).reason == (
        "slurm: DUE TO TIME LIMIT (the job was likely killed)"
    )
    # what the scheduler says of a job that could say why itself is not the reason
    assert job("FAILED", own_error="ValueError: x", queue_err="a warning").reason == "ValueError: x"


def test_a_lock_has_an_age() -> None:
    naive = (datetime.now(UTC) - timedelta(minutes=7)).replace(tzinfo=None)
    assert job("RUNNING", lock_id="r", lock_time=naive).lock_age_s == pytest.approx(420, abs=5)
    assert job("RUNNING").lock_age_s is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OperationFailure("Authentication failed."), r"refuses: Authentication failed\.; see user"),
        (
            ServerSelectionTimeoutError("refused (configured timeouts: x), Timeout: 30s, more"),
            r"can't be reached: refused; see host, port and tls in /p\.yaml",
        ),
    ],
)
def test_a_database_that_does_not_let_us_in_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fail(_: object) -> None:
        raise error

    monkeypatch.setattr(JobController, "from_project", fail)
    project = SimpleNamespace(name="lab", file="/p.yaml", settings=None)
    with pytest.raises(InputError, match=said) as caught, open_queue(project):
        pytest.fail("it could not be opened")
    assert len(str(caught.value).splitlines()) == 1


def test_a_password_that_is_not_set_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise MissingPasswordError("the environment variable X is not set")

    monkeypatch.setattr(JobController, "from_project", fail)
    project = SimpleNamespace(name="lab", file="/p.yaml", settings=None)
    with pytest.raises(MissingPasswordError, match="variable X is not set"), open_queue(project):
        pytest.fail("it could not be opened")
