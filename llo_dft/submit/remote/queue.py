"""The queue of a project of jobflow-remote: add a flow, list it, rerun or stop its jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from llo_dft.errors import InputError
from llo_dft.submit.remote.mongo_store import MissingPasswordError
from llo_dft.submit.remote.project import RemoteProject, last_line
from llo_dft.typing import Status

if TYPE_CHECKING:
    from jobflow import Flow
    from jobflow_remote.config.base import ExecutionConfig
    from jobflow_remote.jobs.data import JobInfo
    from jobflow_remote.jobs.jobcontroller import JobController

#: jobflow-remote's state of a job that needs the output of others.
_WAITING: Final = "WAITING"

#: Our status for jobflow-remote's states; all others mean a running job.
_STATES: Final[dict[Status, tuple[str, ...]]] = {
    "pending": (_WAITING, "READY", "CHECKED_OUT", "UPLOADED", "SUBMITTED", "BATCH_SUBMITTED"),
    "completed": ("COMPLETED",),
    "failed": ("FAILED", "REMOTE_ERROR"),
    "missing": ("PAUSED", "STOPPED", "USER_STOPPED"),
}
_STATUSES: Final = {state: status for status, states in _STATES.items() for state in states}

#: How long to wait for a runner that is busy with a job, s.
_PATIENCE_S: Final = 30


@dataclass(frozen=True)
class RemoteJob:
    """One job in the queue, and the ids of those whose output it needs.

    ``index`` is above 1 if a job of this id replaced itself; only the last of them counts.
    ``state`` is jobflow-remote's word, ``status`` ours: "missing" was stopped by a user.
    ``reason`` says why its calculation has no result. It runs in ``folder``, None before it was
    copied there, as the scheduler's ``process``. A runner has locked it for ``lock_age_s``, s;
    None if none has.
    """

    id: str
    name: str
    index: int
    state: str
    status: Status
    reason: str
    folder: str | None
    process: str | None
    parents: tuple[str, ...]
    lock_age_s: float | None

    @property
    def is_at_work(self) -> bool:
        """Whether it has a process, or will have one without further action."""
        return self.status == "running" or (self.status == "pending" and self.state != _WAITING)


class RemoteQueue:
    """The queue; made by `open_queue`.

    Raises ``InputError`` in `make_ready` for a database with jobs that was never initialised,
    in `jobs` for an unknown flow, in `remove` for one that a runner has locked.
    """

    def __init__(self, project: RemoteProject, controller: JobController) -> None:
        self.project = project
        self._controller = controller

    def make_ready(self) -> None:
        """Do what ``jf admin reset`` does, to a new database, where nothing can be lost."""
        controller = self._controller
        if controller.auxiliary.find_one({"next_id": {"$exists": True}}) is not None:
            return
        if controller.flows.count_documents({}) or controller.jobs.count_documents({}):
            raise InputError(
                f"the database of project {self.project.name} has jobs but not jobflow-remote's "
                "own records; see 'jf admin --help'"
            )
        controller.reset()

    def add(self, flow: Flow, worker: str) -> None:
        """Put a flow into the queue; ``worker`` takes jobs whose ``manager_config`` names none."""
        self._controller.add_flow(flow, worker=worker)

    def jobs(self, flow: str) -> dict[str, RemoteJob]:
        """Return the jobs of a flow by id."""
        found = self.find(flow)
        if not found:
            raise InputError(
                f"the database of project {self.project.name} no longer knows this study; "
                "'llo-dft cancel' deletes the record, and then it can be submitted again"
            )
        return found

    def find(self, flow: str) -> dict[str, RemoteJob]:
        """Return the jobs of a flow by id; empty if the database does not know the flow."""
        infos = self._controller.get_jobs_info(flow_ids=flow)
        return {info.uuid: _remote_job(info) for info in sorted(infos, key=lambda one: one.index)}

    def rerun(self, job: str) -> None:
        """Rerun a job and all that depend on it; its process is cancelled first."""
        self._controller.rerun_job(job_id=job, force=True, wait=_PATIENCE_S)

    def ask_for(
        self, job: str, worker: str, resources: dict[str, Any], program: ExecutionConfig
    ) -> None:
        """Replace the requests of a job that has not started."""
        asked: dict[str, Any] = {"worker": worker, "resources": resources, "exec_config": program}
        self._controller.set_job_run_properties(**asked, update=False, job_ids=(job, 1))

    def unlock(self, flow: str, jobs: Iterable[RemoteJob], stale_after_s: float) -> None:
        """Unlock jobs of a runner that was killed.

        Their flow is unlocked too, if it was locked for longer than ``stale_after_s``, s.
        """
        ids = [(job.id, job.index) for job in jobs]
        if ids:
            self._controller.unlock_jobs(job_ids=ids)
        document = self._controller.flows.find_one({"uuid": flow}, ["lock_id", "lock_time"]) or {}
        age = _lock_age_s(document.get("lock_id"), document.get("lock_time"))
        if age is not None and age > stale_after_s:
            self._controller.unlock_flows(flow_ids=flow)

    def remove(self, flow: str) -> None:
        """Cancel the queued and running jobs of a flow, and remove it from the database."""
        from jobflow_remote.utils.db import FlowLockedError  # noqa: PLC0415 (seconds)

        try:
            self._controller.delete_flow(flow, delete_output=True, wait=_PATIENCE_S)
        except FlowLockedError as error:
            raise InputError(
                f"a runner has locked the study in project {self.project.name} for longer than "
                f"{_PATIENCE_S} s; if it was killed, 'llo-dft retry' frees the study"
            ) from error

    def check_writable(self) -> None:
        """Write a document and remove it again; the database may refuse with a PyMongoError."""
        collection = self._controller.db["llo_dft_doctor"]
        collection.insert_one({"_id": "probe"})
        collection.delete_one({"_id": "probe"})


@contextmanager
def open_queue(project: RemoteProject) -> Iterator[RemoteQueue]:
    """Connect to the queue of a project while the context lasts.

    Raises ``InputError`` if the database can't be reached or refuses; with what to do.
    """
    from jobflow_remote.jobs.jobcontroller import JobController  # noqa: PLC0415 (seconds)
    from pymongo.errors import OperationFailure, PyMongoError  # noqa: PLC0415

    where = f"the database of project {project.name}"
    try:
        controller = JobController.from_project(project.settings)
        try:
            yield RemoteQueue(project, controller)
        finally:
            controller.close()
    except MissingPasswordError:
        raise
    except OperationFailure as error:
        raise InputError(
            f"{where} refuses: {_first_words(error)}; see username, auth_source and the password's "
            f"variable in {project.file}"
        ) from error
    except PyMongoError as error:
        raise InputError(
            f"{where} can't be reached: {_first_words(error)}; see host, port and tls in "
            f"{project.file}, and whether MongoDB lets this machine in"
        ) from error


def _remote_job(info: JobInfo) -> RemoteJob:
    state = str(info.state.value)
    status = _STATUSES.get(state, "running")
    return RemoteJob(
        id=info.uuid,
        name=info.name,
        index=info.index,
        state=state,
        status=status,
        reason=_reason(info, state, status),
        folder=info.run_dir,
        process=info.remote.process_id,
        parents=tuple(info.parents or ()),
        lock_age_s=_lock_age_s(info.lock_id, info.lock_time),
    )


def _lock_age_s(lock: str | None, since: datetime | None) -> float | None:
    """Return for how long a document has been locked, s; None if it is not. Its times are UTC."""
    if lock is None or since is None:
        return None
    return (datetime.now(UTC) - since.replace(tzinfo=UTC)).total_seconds()


def _reason(info: JobInfo, state: str, status: Status) -> str:
    if status != "failed":
        return {
            "pending": "it waits for others" if state == _WAITING else "it is in the queue",
            "running": "it is running",
            "missing": "it was stopped by hand",
        }.get(status, "it left no result")
    own = last_line(info.error) or last_line(info.remote.error) or "no reason known"
    end = last_line(info.remote.queue_err)
    # a killed job could not say why; the scheduler does
    return f"{end} ({own})" if end and "killed" in own else own


def _first_words(error: Exception) -> str:
    """Return what went wrong, without pymongo's text on its own settings."""
    text = str(error).split(", Timeout:")[0].split(" (configured timeouts")[0]
    return " ".join(text.split())[:300]
