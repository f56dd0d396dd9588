"""The record of a study that was submitted to jobflow-remote: a file in its folder."""

from collections.abc import Mapping
from pathlib import Path

from llo_dft.errors import InputError
from llo_dft.jobs.calculate import CALCULATION
from llo_dft.study.study_files import read_results
from llo_dft.submit.dask.driver import check_not_driven
from llo_dft.submit.records import Record, read_record
from llo_dft.submit.remote.project import JobTypeName
from llo_dft.submit.remote.queue import RemoteJob


class SubmittedJob(Record):
    """One job of the flow: its uuid and name in the queue, and what decides its resources.

    ``label`` is the calculation that it does; None: it builds structures or writes results.
    """

    id: str
    name: str
    label: str | None
    type: JobTypeName
    atoms: int

    @property
    def title(self) -> str:
        """The calculation that it does, otherwise its name."""
        return self.label or self.name


class RemoteSubmission(Record):
    """``remote.json`` in a study's folder: the project's file, the flow's uuid and all its jobs.

    ``worker`` was requested instead of the job types' own.
    """

    project: str
    flow: str
    worker: str | None
    jobs: list[SubmittedJob]

    def jobs_in(self, queue: Mapping[str, RemoteJob]) -> dict[str, SubmittedJob]:
        """Return the jobs on record, and those that a budget added since, by their ids."""
        made = {}
        for id_, job in queue.items():
            title = job.name.removeprefix(CALCULATION).strip()
            label = title if job.name.startswith(CALCULATION) else None
            made[id_] = SubmittedJob(id=id_, name=job.name, label=label, type="light", atoms=0)
        return made | {one.id: one for one in self.jobs}


def record_path(folder: Path) -> Path:
    """Return the file of the record."""
    return folder / "remote.json"


def read_submission(folder: Path) -> RemoteSubmission | None:
    """Return the record; None if the study was not submitted.

    Raises ``InputError`` if the file was changed by hand.
    """
    return read_record(record_path(folder), RemoteSubmission)


def require_submission(folder: Path) -> RemoteSubmission:
    """Return the record.

    Raises ``InputError`` if the study was not submitted.
    """
    found = read_submission(folder)
    if found is None:
        raise InputError(
            f"{folder} was not submitted to a project; use 'llo-dft submit RECIPE --project P'"
        )
    return found


def check_not_submitted(folder: Path) -> None:
    """Refuse a study that is in a queue, by a driver or in a project, to avoid computing it twice.

    One that is complete may be run or submitted again: nothing of it is left in the queue.

    Raises ``InputError``, saying what to do.
    """
    check_not_driven(folder)
    found = read_submission(folder)
    results = folder / "results.json"
    if found is not None and not (results.is_file() and read_results(results).is_complete):
        raise InputError(
            f"{folder} was submitted to jobflow-remote ({found.project}): 'llo-dft status' shows "
            "how far it is, 'llo-dft retry' reruns what failed, and 'llo-dft cancel' takes it out "
            "of the queue; what is computed stays"
        )
