"""What is on record of a study that was submitted to jobflow-remote: a file in its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from llo_dft.study.folder import StudyFolderError, write_whole
from llo_dft.submit.remote.job_types import JobTypeName

if TYPE_CHECKING:
    from pathlib import Path


class SubmittedJob(BaseModel):
    """One job of the flow.

    Attributes
    ----------
    id
        Its uuid.
    name
        What it is called in the queue.
    label
        The calculation that it does; None: it builds structures or writes results.
    type, atoms
        What decides on its resources.
    """

    model_config = ConfigDict(extra="forbid")

    id: str
    name: str
    label: str | None
    type: JobTypeName
    atoms: int


class RemoteSubmission(BaseModel):
    """``remote.json`` in a study's folder.

    Attributes
    ----------
    project
        The project's file.
    flow
        Uuid of the flow.
    worker
        The worker that was asked for in place of the job types' own.
    jobs
        All jobs of the flow.
    """

    model_config = ConfigDict(extra="forbid")

    project: str
    flow: str
    worker: str | None
    jobs: list[SubmittedJob]


def record_path(folder: Path) -> Path:
    """Return the file of the record."""
    return folder / "remote.json"


def read_submission(folder: Path) -> RemoteSubmission | None:
    """Return what is on record; None if the study was not submitted.

    Raises
    ------
    StudyFolderError
        If the file was changed by hand.
    """
    path = record_path(folder)
    try:
        return RemoteSubmission.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise StudyFolderError(
            f"{path} can't be read ({error.error_count()} faults); if the study is still in the "
            "queue, 'jf flow list' shows it; remove the file and submit again"
        ) from error


def write_submission(folder: Path, submission: RemoteSubmission) -> None:
    """Put a submission on record."""
    write_whole(record_path(folder), submission.model_dump_json(indent=1) + "\n")


def require_submission(folder: Path) -> RemoteSubmission:
    """Return what is on record.

    Raises
    ------
    StudyFolderError
        If the study was not submitted.
    """
    found = read_submission(folder)
    if found is None:
        raise StudyFolderError(
            f"{folder} was not submitted to a project: 'llo-dft submit RECIPE --project P' does it"
        )
    return found


def check_not_submitted(folder: Path) -> None:
    """Refuse a study whose jobs jobflow-remote has: both would compute the same.

    Raises
    ------
    StudyFolderError
        Saying what to do.
    """
    found = read_submission(folder)
    if found is not None:
        raise StudyFolderError(
            f"{folder} was submitted to jobflow-remote ({found.project}): 'llo-dft status' shows "
            "how far it is, 'llo-dft retry' reruns what failed, and 'llo-dft cancel' takes it out "
            "of the queue; what is computed stays"
        )
