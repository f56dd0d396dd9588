"""Jobs in the queue of a batch system: submit, list, cancel.

A script goes to the scheduler's command on its standard input, from the folder for its log: no
path is ever part of a command, and every name is one argument of a list.

A job's name ends in a tag of that folder, which alone identifies a study's jobs: a number in a
file is not enough to cancel one, and a copy of a study does not own the original's jobs.
"""

import base64
import getpass
import hashlib
import os
import re
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from llo_dft.errors import InputError
from llo_dft.submit.dask.cluster_config import SchedulerName
from llo_dft.typing import Status

#: Role of a job in its study.
JobRole: TypeAlias = Literal["driver", "worker"]

_NO_JOBS: Final = "No unfinished job found"

#: Seconds that a scheduler's command may take; a busy one answers slowly.
_PATIENCE_S: Final = 120.0

#: How long cancelled jobs may take to end (Slurm's KillWait is 30 s), and time between checks, s.
_GONE_S = 120.0
_STEP_S: Final = 0.25


class BatchError(InputError):
    """A scheduler that is missing or refused; the message quotes it."""


@dataclass(frozen=True)
class BatchJob:
    """A job in the queue: its name and status, and ``state``, the scheduler's own word for it."""

    name: str
    status: Status
    state: str


@dataclass(frozen=True)
class BatchSystem:
    """The commands of a scheduler.

    Raises ``BatchError``: in every method, if the scheduler is missing, refuses, or does not
    answer.
    """

    submit: tuple[str, ...]
    cancel: tuple[str, ...]
    list_own: tuple[str, ...]
    """submit, cancel, list_own: its commands."""
    columns: tuple[int, int]
    """Columns of a job's state and name in a line of the list (the id comes first)."""
    pending: str
    """First letters of the states of waiting jobs."""
    name_option: str
    after_option: tuple[str, ...]
    """name_option, after_option: options for a job's name and for "after that job, however it
    ended"."""
    id_variable: str
    """The variable with a job's own id."""
    long_names: bool = False
    """Whether names may be long; other schedulers list only their first ten letters."""

    def submit_script(
        self, script: str, folder: Path, title: str, role: JobRole, after: str | None = None
    ) -> str:
        """Submit a script from the folder for its log; return the job's id.

        ``title`` is the readable name of the job; it starts when the job ``after`` has ended.
        """
        tag = _tag(folder, role)
        name = f"{title} {tag}" if self.long_names else f"llo{tag}"
        command = [*self.submit, self.name_option, name]
        if after is not None:
            *options, last = self.after_option
            command += [*options, last.format(id=after)]
        printed = _run(command, script, folder)
        # PBS adds its server's name, but omits it where it lists jobs
        found = re.search(r"\d+", printed)
        if found is None:
            raise BatchError(f"{self.submit[0]} printed no job's id but {printed!r}")
        return found[0]

    def jobs(self) -> dict[str, BatchJob]:
        """Return every unfinished job of this user, by id."""
        try:
            table = _run([part.format(user=getpass.getuser()) for part in self.list_own])
        except BatchError as error:
            if _NO_JOBS in str(error):  # LSF's way to say that there are none
                return {}
            raise
        found = {}
        state_column, name_column = self.columns
        for line in table.splitlines():
            words = line.split(maxsplit=2) if self.long_names else line.split()
            number = re.match(r"\d+", words[0]) if words else None
            if number is not None and len(words) > max(self.columns):
                state = words[state_column]
                status: Status = "pending" if state[0] in self.pending else "running"
                found[number[0]] = BatchJob(words[name_column], status, state)
        return found

    def own_jobs(self, folder: Path, role: JobRole) -> dict[str, BatchJob]:
        """Return the jobs in the queue that were submitted from a folder, the oldest first."""
        tag = _tag(folder, role)
        found = {job: one for job, one in self.jobs().items() if one.name.endswith(tag)}
        return dict(sorted(found.items(), key=lambda item: int(item[0])))

    def cancel_jobs(self, ids: Iterable[str]) -> None:
        """Cancel jobs; finished ones are ignored."""
        wanted = list(ids)
        if not wanted:
            return
        try:
            _run([*self.cancel, *wanted])
        except BatchError:
            # most refuse to cancel finished jobs: an error counts only if one is still there
            if set(wanted) & set(self.jobs()):
                raise

    def end_workers(self, folder: Path) -> None:
        """Cancel a folder's worker jobs and wait until they have ended."""
        left = self.own_jobs(folder, "worker")
        self.cancel_jobs(left)
        end = time.monotonic() + _GONE_S
        while left:
            if time.monotonic() > end:
                raise BatchError(
                    f"worker jobs {', '.join(left)} were cancelled but are still there after "
                    f"{_GONE_S:.0f} s"
                )
            time.sleep(_STEP_S)
            left = self.own_jobs(folder, "worker")


def _tag(folder: Path, role: JobRole) -> str:
    """Return seven letters for a role and the path of a folder, with unresolved links.

    A compute node may resolve a link differently from the login node that gave it.
    """
    digest = hashlib.sha256(os.path.abspath(folder).encode()).digest()  # noqa: PTH100 (as said)
    return role[0] + base64.b32encode(digest)[:6].decode().lower()


def _run(command: list[str], text: str | None = None, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # a list: no shell reads it
            command,
            input=text or "",
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
        )
    except FileNotFoundError as error:
        raise BatchError(
            f"{command[0]} is not on the PATH; run this on a machine that submits jobs, and see "
            "that 'scheduler' in the cluster file is right"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise BatchError(f"{command[0]} did not answer for {_PATIENCE_S:.0f} s") from error
    if done.returncode:
        printed = " ".join((done.stderr or done.stdout).split())
        raise BatchError(f"{command[0]} refused: {printed or f'exit status {done.returncode}'}")
    return done.stdout


BATCH_SYSTEMS: dict[SchedulerName, BatchSystem] = {
    "slurm": BatchSystem(
        submit=("sbatch", "--parsable"),
        cancel=("scancel",),
        # COMPLETING jobs have ended except for processes that may still be ending
        list_own=("squeue", "--noheader", "--format=%i %T %j", "--user={user}"),
        columns=(1, 2),
        pending="P",
        name_option="--job-name",
        after_option=("--dependency=afterany:{id}",),
        id_variable="SLURM_JOB_ID",
        long_names=True,
    ),
    "pbs": BatchSystem(
        submit=("qsub",),
        cancel=("qdel",),
        list_own=("qstat", "-u", "{user}"),
        # "Job ID  Username  Queue  Jobname  SessID  NDS  TSK  Memory  Time  S  Time"
        columns=(9, 3),
        pending="QHW",
        name_option="-N",
        after_option=("-W", "depend=afterany:{id}"),
        id_variable="PBS_JOBID",
    ),
    "sge": BatchSystem(
        submit=("qsub", "-terse"),
        cancel=("qdel",),
        list_own=("qstat", "-u", "{user}"),
        # "job-ID  prior  name  user  state  submit/start at  queue  slots"
        columns=(4, 2),
        pending="qhwE",
        name_option="-N",
        after_option=("-hold_jid", "{id}"),
        id_variable="JOB_ID",
    ),
    "lsf": BatchSystem(
        submit=("bsub",),
        cancel=("bkill",),
        list_own=("bjobs", "-noheader", "-o", "jobid stat job_name"),
        columns=(1, 2),
        pending="P",
        name_option="-J",
        after_option=("-w", "ended({id})"),
        id_variable="LSB_JOBID",
    ),
}
