"""Checks common to the doctors of a project and of a cluster file, by trying a job's shell."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from llo_dft.documents.document import Finding
from llo_dft.engines.base import Program
from llo_dft.study.run_study import PreparedRun
from llo_dft.submit.batch import BATCH_SYSTEMS, BatchError
from llo_dft.submit.dask.cluster_config import ClusterConfig, SchedulerName
from llo_dft.submit.dask.scripts import python_of
from llo_dft.submit.remote.project import JobType, RemoteProject

#: Version of what ``llo-dft doctor --json`` prints.
_BEGINNING: Final = "[\n {"

#: Fraction of a walltime that an estimate may take, since it is rough.
_SAFE_PART: Final = 0.8


def scheduler_finding(scheduler: SchedulerName, remedy: str) -> Finding:
    """Ask a scheduler for this user's jobs."""
    what = f"scheduler {scheduler}"
    try:
        number = len(BATCH_SYSTEMS[scheduler].jobs())
    except BatchError as error:
        # the rest advises on a cluster file; the caller gives its own advice
        return Finding(what, "missing", str(error).partition(";")[0], remedy)
    return Finding(what, "ok", f"it answers; {number} jobs of yours")


def script_finding(what: str, script: str, where: str, remedy: str) -> Finding:
    """Have Slurm check a job's script."""
    try:
        check_slurm_script(script)
    except ProbeError as error:
        return Finding(what, "missing", f"refused: {error}", remedy)
    return Finding(what, "ok", f"Slurm would accept it{where}")


def program_findings(
    shell: JobShell, where: str, programs: Sequence[Program], *, package: str, settings: str
) -> Iterator[Finding]:
    """Check what a job finds: this package, and its potentials or the programs that it starts.

    ``package`` is what to do if this package does not start, ``settings`` where the programs'
    settings are.
    """
    what = f"Python on {where}"
    try:
        printed = shell.run_package("doctor", "--json")
        # a profile or a module may have printed something before
        found: list[dict[str, Any]] = json.loads(printed[max(0, printed.find(_BEGINNING)) :])
    except ProbeError as error:
        yield Finding(what, "missing", str(error), package)
        return
    except ValueError:
        last = printed.strip().splitlines()[-1]
        yield Finding(what, "missing", f"it says {last!r}", package)
        return
    yield Finding(what, "ok", str(found[0]["found"]))
    for one in found:
        name, is_ok = str(one["what"]), one["state"] == "ok"
        wanted = any(name.startswith(program.name) for program in programs)
        if is_ok and (wanted or (not programs and name.startswith("engine "))):
            yield Finding(f"{name} on {where}", "ok", str(one["found"]))
        elif wanted:
            # its own advice comes first: for a program's files, what is wrong with them
            advice = f"{one['remedy']}\nsee {settings}".strip()
            yield Finding(f"{name} on {where}", "missing", str(one["found"]), advice)
    for program in programs:
        what = f"{program.name} itself on {where}"
        try:
            yield Finding(what, "ok", shell.find_program(program.variable))
        except ProbeError as error:
            advice = (
                f"see modules and {program.variable} of {settings}; where login nodes lack the "
                "modules of compute nodes, this can't be checked from here"
            )
            yield Finding(what, "missing", str(error), advice)


def walltime_finding(
    prepared: PreparedRun | None,
    longest: Callable[[PreparedRun], tuple[str, float, str] | None],
    unknown: str,
) -> Finding:
    """Compare the longest calculation of a study, if there is one, with its walltime.

    ``longest`` returns its label, the fraction of its walltime that it takes, and how to raise
    that; or None if the engine can't tell, and then ``unknown`` is the advice.
    """
    what = "walltimes"
    if prepared is None:
        advice = "add --recipe RECIPE to compare them with that study"
        return Finding(what, "optional", "not compared with an estimate", advice)
    found = longest(prepared)
    if found is None:
        name = prepared.engine.name
        text = f"the engine {name} can't estimate how long a calculation takes"
        return Finding(what, "optional", text, unknown)
    label, part, remedy = found
    text = f"{label} takes longest, about {100 * part:.0f} % of its walltime"
    if part <= _SAFE_PART:
        return Finding(what, "ok", text)
    return Finding(what, "missing", text, remedy)


#: The only variables of the submitting environment that a job starts with.
_KEPT: Final = ("HOME", "USER", "LOGNAME", "LANG")
_PATH: Final = "/usr/local/bin:/usr/bin:/bin"

_PATIENCE_S: Final = 180.0


class ProbeError(RuntimeError):
    """A trial failed; the message quotes it."""


@dataclass(frozen=True)
class JobShell:
    """The shell of a job, tried here.

    ``lines`` are those of the user's project or cluster file before the job's command; ``python``
    is what it starts, in a ``login`` shell or not.

    Raises ``ProbeError`` in every method that runs something, if that does not end or prints
    nothing; with the last line of its errors.
    """

    lines: tuple[str, ...]
    python: str
    login: bool

    @classmethod
    def of_cluster(cls, config: ClusterConfig) -> JobShell:
        """Return the shell of a cluster file's jobs."""
        return cls((config.prologue,), python_of(config), login=True)

    @classmethod
    def of_project(cls, project: RemoteProject, kind: JobType) -> JobShell:
        """Return the shell of a project's jobs of a type."""
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
        # as set in the shell; the colon ensures that something is printed
        printed = self.run(f'echo ":${variable}"')
        words = shlex.split(printed.strip().splitlines()[-1].removeprefix(":"))
        if not words:
            raise ProbeError(f"{variable} is not set")
        try:
            return self.run(f"command -v {shlex.quote(words[-1])}").strip()
        except ProbeError as error:
            raise ProbeError(f"{words[-1]} was not found") from error

    def _run(self, command: str) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        shell = ["bash", "-l", "-s"] if self.login else ["bash", "-s"]
        return _run(shell, "\n".join([*self.lines, command]), kept | {"PATH": _PATH})


def check_slurm_script(script: str) -> None:
    """Have Slurm check a job's script, without submitting it. No other scheduler can.

    Raises ``ProbeError``, with Slurm's own message.
    """
    done = _run(["sbatch", "--test-only"], script, dict(os.environ))
    if done.returncode:
        raise ProbeError(" ".join(done.stderr.split()) or "sbatch printed nothing")


def _lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line.strip() for line in done.stderr.splitlines() if line.strip()]


def _run(
    command: list[str], text: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 (a list; the script is the user's own project)
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
