"""The queue of a project of jobflow-remote: put a flow in, look at it, rerun or stop its jobs."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from llo_dft.errors import InputError
from llo_dft.submit.remote.mongo_store import MissingPasswordError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jobflow import Flow
    from jobflow_remote.jobs.data import JobInfo
    from jobflow_remote.jobs.jobcontroller import JobController

    from llo_dft.submit.remote.project import RemoteProject

#: "waiting": for other jobs. "queued": for its turn. "broken": it, or what brings it to the
#: cluster, came to a bad end. "stopped": by a person.
Stage: TypeAlias = Literal["waiting", "queued", "running", "ended", "broken", "stopped"]

_STAGES: Final[dict[str, Stage]] = {
    "WAITING": "waiting",
    "READY": "queued",
    "CHECKED_OUT": "queued",
    "UPLOADED": "queued",
    "SUBMITTED": "queued",
    "BATCH_SUBMITTED": "queued",
    "RUNNING": "running",
    "BATCH_RUNNING": "running",
    "RUN_FINISHED": "running",
    "DOWNLOADED": "running",
    "COMPLETED": "ended",
    "FAILED": "broken",
    "REMOTE_ERROR": "broken",
    "PAUSED": "stopped",
    "STOPPED": "stopped",
    "USER_STOPPED": "stopped",
}

#: How long to wait for a runner that is busy with a job, s.
_PATIENCE_S: Final = 30

#: Stages in which a job has a process, or will have one without anybody's doing.
AT_WORK: Final[frozenset[Stage]] = frozenset({"queued", "running"})


class RemoteQueueError(InputError):
    """A database that can't be reached, or that does not hold what it should."""


@dataclass(frozen=True)
class RemoteJob:
    """One job in the queue.

    Attributes
    ----------
    id
        Its uuid in the flow.
    state, stage
        As jobflow-remote calls it, and what that means here.
    reason
        Why it broke; "" otherwise.
    folder
        Where it runs; None before it was brought there.
    process
        Its id at the scheduler.
    parents
        The jobs whose output it needs.
    lock_age_s
        For how long a runner has held it, s; None if none does.
    """

    id: str
    state: str
    stage: Stage
    reason: str
    folder: str | None
    process: str | None
    parents: tuple[str, ...]
    lock_age_s: float | None


class RemoteQueue:
    """The queue; made by `open_queue`."""

    def __init__(self, project: RemoteProject, controller: JobController) -> None:
        self.project = project
        self._controller = controller

    def make_ready(self) -> None:
        """Do what ``jf admin reset`` does to a new database, which has nothing to lose.

        Raises
        ------
        RemoteQueueError
            If it holds jobs, but was never made ready.
        """
        controller = self._controller
        known = controller.auxiliary.find_one({"next_id": {"$exists": True}})
        if known is not None:
            return
        if controller.flows.count_documents({}) or controller.jobs.count_documents({}):
            raise RemoteQueueError(
                f"the database of project {self.project.name} holds jobs but not jobflow-remote's "
                "own notes; see 'jf admin --help'"
            )
        controller.reset()

    def add(self, flow: Flow, worker: str) -> None:
        """Put a flow into the queue.

        Parameters
        ----------
        flow
            Its jobs say in ``config.manager_config`` what they ask for.
        worker
            For the jobs that say nothing.
        """
        self._controller.add_flow(flow, worker=worker)

    def jobs(self, flow: str) -> dict[str, RemoteJob]:
        """Return the jobs of a flow by their ids.

        Raises
        ------
        RemoteQueueError
            If the database does not know the flow.
        """
        found = self.find(flow)
        if not found:
            raise RemoteQueueError(
                f"the database of project {self.project.name} knows nothing of this study any "
                "more; 'llo-dft cancel' forgets the submission, and then it can be submitted again"
            )
        return found

    def find(self, flow: str) -> dict[str, RemoteJob]:
        """Return the jobs of a flow by their ids; none if the database does not know the flow."""
        infos = self._controller.get_jobs_info(flow_ids=flow)
        return {info.uuid: _remote_job(info) for info in infos}

    def output(self, job: str) -> Any:  # noqa: ANN401 (whatever the job returned)
        """Return the output of a job that ended."""
        return self._controller.jobstore.get_output(job, load=True)

    def rerun(self, job: str) -> None:
        """Have a job run again, and all that follow from it.

        Its process, if it has one, is cancelled first.
        """
        self._controller.rerun_job(job_id=job, force=True, wait=_PATIENCE_S)

    def ask_for(self, job: str, worker: str, resources: dict[str, Any], program: Any) -> None:  # noqa: ANN401 (an ExecutionConfig)
        """Replace what a job that has not begun asks for."""
        self._controller.set_job_run_properties(
            worker=worker,
            resources=resources,
            exec_config=program,
            update=False,
            job_ids=(job, 1),
        )

    def unlock(self, flow: str, jobs: Iterable[RemoteJob], stale_after_s: float) -> None:
        """Free jobs, and their flow, from a runner that was killed while it held them.

        Parameters
        ----------
        flow, jobs
            The flow, which is freed if it was held for longer than ``stale_after_s``, and its
            jobs, which are freed in any case.
        stale_after_s
            Time in s.
        """
        ids = [(job.id, 1) for job in jobs]
        if ids:
            self._controller.unlock_jobs(job_ids=ids)
        document = self._controller.flows.find_one({"uuid": flow}, ["lock_id", "lock_time"])
        age = _lock_age_s(document.get("lock_id"), document.get("lock_time")) if document else None
        if age is not None and age > stale_after_s:
            self._controller.unlock_flows(flow_ids=flow)

    def remove(self, flow: str) -> None:
        """Cancel what of a flow is queued or runs, and take it out of the database.

        Raises
        ------
        RemoteQueueError
            If a runner holds it.
        """
        from jobflow_remote.utils.db import FlowLockedError  # noqa: PLC0415 (seconds)

        try:
            self._controller.delete_flow(flow, delete_output=True, wait=_PATIENCE_S)
        except FlowLockedError as error:
            raise RemoteQueueError(
                f"a runner has held the study in project {self.project.name} for longer than "
                f"{_PATIENCE_S} s; if it was killed, 'llo-dft retry' frees the study"
            ) from error

    def check_writable(self) -> None:
        """Write a document and remove it again.

        Raises
        ------
        pymongo.errors.PyMongoError
            If the database refuses.
        """
        collection = self._controller.db["llo_dft_doctor"]
        collection.insert_one({"_id": "probe"})
        collection.delete_one({"_id": "probe"})


@contextmanager
def open_queue(project: RemoteProject) -> Iterator[RemoteQueue]:
    """Connect to the queue of a project while the context lasts.

    Raises
    ------
    RemoteQueueError
        If the database can't be reached or refuses; with what to do.
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
        raise RemoteQueueError(
            f"{where} refuses: {_first_words(error)}; see username, auth_source and the password's "
            f"variable in {project.file}"
        ) from error
    except PyMongoError as error:
        raise RemoteQueueError(
            f"{where} can't be reached: {_first_words(error)}; see host, port and tls in "
            f"{project.file}, and whether MongoDB lets this machine in"
        ) from error


def descendants(jobs: dict[str, RemoteJob], job: str) -> set[str]:
    """Return the jobs that need the output of a job, or of one that does."""
    children: dict[str, list[str]] = defaultdict(list)
    for one in jobs.values():
        for parent in one.parents:
            children[parent].append(one.id)
    found: set[str] = set()
    left = [job]
    while left:
        for child in children[left.pop()]:
            if child not in found:
                found.add(child)
                left.append(child)
    return found


def _remote_job(info: JobInfo) -> RemoteJob:
    state = str(info.state.value)
    stage = _STAGES.get(state, "running")
    return RemoteJob(
        id=info.uuid,
        state=state,
        stage=stage,
        reason=_reason(info) if stage == "broken" else "",
        folder=info.run_dir,
        process=info.remote.process_id,
        parents=tuple(info.parents or ()),
        lock_age_s=_lock_age_s(info.lock_id, info.lock_time),
    )


def _lock_age_s(lock: str | None, since: datetime | None) -> float | None:
    """Return for how long a document has been held, s; None if it is not. Its times are UTC."""
    if lock is None or since is None:
        return None
    return (datetime.now(UTC) - since.replace(tzinfo=UTC)).total_seconds()


def _reason(info: JobInfo) -> str:
    """Say why a job broke: its own error, and what the scheduler wrote at its end."""
    own = _last_line(info.error) or _last_line(info.remote.error) or "no reason is known"
    said = _last_line(info.remote.queue_err)
    # a job that was killed could not say why; the scheduler does
    return f"{said} ({own})" if said and "killed" in own else own


def _last_line(text: str | None) -> str:
    lines = [line for line in (text or "").splitlines() if line.strip()]
    return " ".join(lines[-1].split()) if lines else ""


def _first_words(error: Exception) -> str:
    """Return what went wrong, without what pymongo says of its own settings."""
    text = str(error).split(", Timeout:")[0].split(" (configured timeouts")[0]
    return " ".join(text.split())[:300]
