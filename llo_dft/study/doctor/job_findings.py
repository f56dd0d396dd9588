"""What the doctors of a project and of a cluster file find alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from llo_dft.documents.finding import Finding
from llo_dft.study.doctor.job_shell import ProbeError, check_slurm_script
from llo_dft.submit.batch import BATCH_SYSTEMS, BatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from llo_dft.engines.base import Program
    from llo_dft.study.doctor.job_shell import JobShell
    from llo_dft.study.run_study import PreparedRun
    from llo_dft.submit.dask.cluster_config import SchedulerName

#: Of what ``llo-dft doctor --json`` prints.
_BEGINNING: Final = "[\n {"

#: Part of a walltime that an estimate may take, since it is rough.
_SAFE_PART: Final = 0.8


def scheduler_finding(scheduler: SchedulerName, remedy: str) -> Finding:
    """Ask a scheduler for this user's jobs."""
    what = f"scheduler {scheduler}"
    try:
        number = len(BATCH_SYSTEMS[scheduler].jobs())
    except BatchError as error:
        # what follows says what to do with a cluster file; who asks knows better
        return Finding(what, "missing", str(error).partition(";")[0], remedy)
    return Finding(what, "ok", f"it answers; {number} jobs of yours")


def script_finding(what: str, script: str, where: str, remedy: str) -> Finding:
    """Have Slurm check a job's script."""
    try:
        check_slurm_script(script)
    except ProbeError as error:
        return Finding(what, "missing", f"refused: {error}", remedy)
    return Finding(what, "ok", f"Slurm would take it{where}")


def program_findings(
    shell: JobShell, where: str, programs: Sequence[Program], *, package: str, settings: str
) -> Iterator[Finding]:
    """Look at what a job finds: this package, and its potentials or the programs that it starts.

    ``package`` is what to do if this package does not start, ``settings`` where the programs'
    settings are.
    """
    what = f"Python on {where}"
    try:
        printed = shell.run_package("doctor", "--json")
        # a profile or a module may have had something to say before
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
            # what it says to do comes first: with a program's files, what is wrong with them
            advice = f"{one['remedy']}\nsee {settings}".strip()
            yield Finding(f"{name} on {where}", "missing", str(one["found"]), advice)
    for program in programs:
        what = f"{program.name} itself on {where}"
        try:
            yield Finding(what, "ok", shell.find_program(program.variable))
        except ProbeError as error:
            advice = (
                f"see modules and {program.variable} of {settings}; where login nodes lack the "
                "modules of compute nodes, this can't be seen from here"
            )
            yield Finding(what, "missing", str(error), advice)


def walltime_finding(
    prepared: PreparedRun | None,
    longest: Callable[[PreparedRun], tuple[str, float, str] | None],
    unknown: str,
) -> Finding:
    """Compare the longest calculation of a study, if there is one, with its walltime.

    ``longest`` returns its label, the part of its walltime that it takes, and how to raise that;
    or None where the engine can't tell, and then ``unknown`` is what to do.
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
    text = f"{label} takes the most, about {100 * part:.0f} % of its walltime"
    if part <= _SAFE_PART:
        return Finding(what, "ok", text)
    return Finding(what, "missing", text, remedy)
