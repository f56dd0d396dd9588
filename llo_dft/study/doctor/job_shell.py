"""Try what a job will do before there is one: in an empty environment, and by Slurm's check."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from llo_dft.submit.dask.scripts import python_of

if TYPE_CHECKING:
    from llo_dft.submit.dask.cluster_config import ClusterConfig
    from llo_dft.submit.remote.job_types import JobType
    from llo_dft.submit.remote.project import RemoteProject

#: A job starts with nothing of the environment that it is submitted from but these.
_KEPT: Final = ("HOME", "USER", "LOGNAME", "LANG")
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"

_PATIENCE_S: Final = 180.0


class ProbeError(RuntimeError):
    """What was tried went wrong; quotes it."""


@dataclass(frozen=True)
class JobShell:
    """The shell of a job, tried here.

    Attributes
    ----------
    lines
        Of the person's own project or cluster file, what comes before the job's command.
    python
        The Python that it starts.
    login
        Whether it is a login shell.

    Raises
    ------
    ProbeError
        By every method that runs something, if it does not end or prints nothing; with the last
        line of its errors.
    """

    lines: tuple[str, ...]
    python: str
    login: bool

    @classmethod
    def of_cluster(cls, config: ClusterConfig) -> JobShell:
        """Return that of a cluster file's jobs."""
        return cls((config.prologue,), python_of(config), login=True)

    @classmethod
    def of_project(cls, project: RemoteProject, kind: JobType) -> JobShell:
        """Return that of a project's jobs of a type."""
        worker = project.worker(kind.worker)
        _, program = project.request(kind.worker, kind, kind.sizes[-1] if kind.sizes else None)
        python = shlex.split(worker.execution_cmd or "jf")[0]
        lines = (
            worker.pre_run or "",
            program.pre_run or "",
            *(f"export {name}={value}" for name, value in (program.export or {}).items()),
            *(f"module load {module} || exit 3" for module in program.modules or []),
        )
        return cls(lines, python.replace("{{", "{").replace("}}", "}"), login=False)

    def run(self, command: str) -> str:
        """Run a line of shell and return what it prints."""
        done = self._run(command)
        if not done.stdout.strip():
            raise ProbeError(next(reversed(_lines(done)), f"exit status {done.returncode}"))
        return done.stdout

    def run_package(self, *arguments: str) -> str:
        """Run this package's command line and return what it prints."""
        words = [self.python, "-P", "-m", "llo_dft.cli.main", *arguments]
        return self.run(f"exec {shlex.join(words)}")

    def complaints(self) -> list[str]:
        """Return what the lines before the command write to stderr."""
        return _lines(self._run(""))

    def find_program(self, variable: str) -> str:
        """Return the path of a program, the last word of the command in a variable."""
        # as the shell sets it; the colon, so that something is printed in any case
        printed = self.run(f'echo ":${variable}"')
        words = shlex.split(printed.strip().splitlines()[-1].removeprefix(":"))
        if not words:
            raise ProbeError(f"{variable} is not set")
        try:
            return self.run(f"command -v {shlex.quote(words[-1])}").strip()
        except ProbeError as error:
            raise ProbeError(f"{words[-1]} is not found") from error

    def _run(self, command: str) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        shell = ["bash", "-l", "-s"] if self.login else ["bash", "-s"]
        return _run(shell, "\n".join([*self.lines, command]), kept | {"PATH": _PATH})


def check_slurm_script(script: str) -> None:
    """Have Slurm check a job's script, without submitting it. No other scheduler can.

    Raises
    ------
    ProbeError
        With Slurm's own words.
    """
    done = _run(["sbatch", "--test-only"], script, dict(os.environ))
    if done.returncode:
        raise ProbeError(" ".join(done.stderr.split()) or "sbatch says nothing")


def _lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line.strip() for line in done.stderr.splitlines() if line.strip()]


def _run(
    command: list[str], text: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 (a list; the script is the person's own project)
            command,
            input=text,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
        )
    except FileNotFoundError as error:
        raise ProbeError(f"{command[0]} is not on the PATH") from error
    except subprocess.TimeoutExpired as error:
        raise ProbeError(f"{command[0]} did not end within {_PATIENCE_S:.0f} s") from error
