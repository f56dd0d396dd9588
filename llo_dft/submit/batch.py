"""Jobs in the queue of a batch system: submit, look, cancel.

A script goes to the scheduler's command on its standard input, and from the folder that its log
is to be in: so no path is ever part of a command, and every name is one argument of a list.
"""

from __future__ import annotations

import getpass
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from llo_dft.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from llo_dft.submit.dask.cluster_config import SchedulerName

JobState: TypeAlias = Literal["queued", "running"]

_NO_JOBS = "No unfinished job found"

#: Seconds that a scheduler's command may take; a busy one answers slowly.
_PATIENCE_S = 120.0


class BatchError(InputError):
    """A scheduler that is not there, or refused; says what it said."""


@dataclass(frozen=True)
class BatchSystem:
    """The commands of a scheduler.

    Attributes
    ----------
    name
        What it is called in a cluster file.
    prefix
        What a directive in a script begins with.
    directives
        Of every job: its log in the folder it was submitted from, nothing of the environment
        that it was submitted from (which may hold secrets, and which the scheduler would keep
        on its disk), and no second start by the scheduler itself.
    submit, cancel, list_own
        Commands.
    name_option, after_option
        How a job's name and "when that job is over, however it ended" are given.
    id_variable
        Where a job finds its own id.
    free_names
        Whether a name may be any text.
    """

    name: SchedulerName
    prefix: str
    directives: tuple[str, ...]
    submit: tuple[str, ...]
    cancel: tuple[str, ...]
    list_own: tuple[str, ...]
    read_states: Callable[[str], dict[str, JobState]]
    name_option: str
    after_option: tuple[str, ...]
    id_variable: str
    free_names: bool = False

    def job_name(self, name: str) -> str:
        """Return a name as this scheduler takes it."""
        if self.free_names:
            return name
        return re.sub(r"[^A-Za-z0-9_.+-]+", "_", name)[:15]

    def submit_script(self, script: str, folder: Path, name: str, after: str | None = None) -> str:
        """Submit a script.

        Parameters
        ----------
        script
            The script, with its directives.
        folder
            Where its log is to be.
        name
            Name of the job.
        after
            A job that must be over before this one starts.

        Returns
        -------
        str
            The job's id.

        Raises
        ------
        BatchError
            If the scheduler does not take it.
        """
        command = [*self.submit, self.name_option, self.job_name(name)]
        if after is not None:
            *options, last = self.after_option
            command += [*options, last.format(id=after)]
        printed = _run(command, script, folder)
        # PBS adds its server's name, which it cuts off again where it lists jobs
        found = re.search(r"\d+", printed)
        if found is None:
            raise BatchError(f"{self.submit[0]} told no job's id but {printed!r}")
        return found[0]

    def states(self) -> dict[str, JobState]:
        """Return the state of every job of this user that is not over, by its id.

        Raises
        ------
        BatchError
            If the scheduler does not tell.
        """
        command = [part.format(user=getpass.getuser()) for part in self.list_own]
        try:
            return self.read_states(_run(command))
        except BatchError as error:
            if _NO_JOBS in str(error):  # LSF's way to say that there are none
                return {}
            raise

    def cancel_jobs(self, ids: Iterable[str]) -> None:
        """Cancel jobs; those that are over already are passed over.

        Raises
        ------
        BatchError
            If one that is not over could not be cancelled.
        """
        wanted = list(ids)
        if not wanted:
            return
        try:
            _run([*self.cancel, *wanted])
        except BatchError:
            # most refuse to cancel what is over: it counts only if one is still there
            if set(wanted) & set(self.states()):
                raise


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
            "that 'scheduler' in the cluster file is the cluster's"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise BatchError(f"{command[0]} did not answer for {_PATIENCE_S:.0f} s") from error
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise BatchError(f"{command[0]} refused: {said or f'exit status {done.returncode}'}")
    return done.stdout


def _column(column: int, queued: str) -> Callable[[str], dict[str, JobState]]:
    """Read the state's column of a table; one that begins with a letter of ``queued`` waits."""

    def read(table: str) -> dict[str, JobState]:
        found: dict[str, JobState] = {}
        for line in table.splitlines():
            words = line.split()
            number = re.match(r"\d+", words[0]) if words else None
            if number is not None and len(words) > column:
                found[number[0]] = "queued" if words[column][0] in queued else "running"
        return found

    return read


SLURM = BatchSystem(
    name="slurm",
    prefix="#SBATCH",
    directives=("--export=NONE", "--no-requeue", "--output=%j.log"),
    submit=("sbatch", "--parsable"),
    cancel=("scancel",),
    # COMPLETING jobs are over but for their processes, which may still be ending
    list_own=("squeue", "--noheader", "--format=%i %T", "--user={user}"),
    read_states=_column(1, "P"),
    name_option="--job-name",
    after_option=("--dependency=afterany:{id}",),
    id_variable="SLURM_JOB_ID",
    free_names=True,
)

PBS = BatchSystem(
    name="pbs",
    prefix="#PBS",
    directives=("-S /bin/bash", "-r n", "-j oe"),
    submit=("qsub",),
    cancel=("qdel",),
    list_own=("qstat", "-u", "{user}"),
    # "Job ID  Username  Queue  Jobname  SessID  NDS  TSK  Memory  Time  S  Time"
    read_states=_column(9, "QHW"),
    name_option="-N",
    after_option=("-W", "depend=afterany:{id}"),
    id_variable="PBS_JOBID",
)

SGE = BatchSystem(
    name="sge",
    prefix="#$",
    directives=("-S /bin/bash", "-r n"),  # dask-jobqueue adds -cwd and -j y
    submit=("qsub", "-terse"),
    cancel=("qdel",),
    list_own=("qstat", "-u", "{user}"),
    # "job-ID  prior  name  user  state  submit/start at  queue  slots"
    read_states=_column(4, "qhwE"),
    name_option="-N",
    after_option=("-hold_jid", "{id}"),
    id_variable="JOB_ID",
)

LSF = BatchSystem(
    name="lsf",
    prefix="#BSUB",
    directives=("-env none", "-L /bin/bash", "-rn", "-o %J.log"),
    submit=("bsub",),
    cancel=("bkill",),
    list_own=("bjobs", "-noheader", "-o", "jobid stat"),
    read_states=_column(1, "P"),
    name_option="-J",
    after_option=("-w", "ended({id})"),
    id_variable="LSB_JOBID",
)

BATCH_SYSTEMS: dict[SchedulerName, BatchSystem] = {
    system.name: system for system in (SLURM, PBS, SGE, LSF)
}
