"""What the doctors of a project and of a cluster file find alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from llo_dft.documents.finding import Finding
from llo_dft.submit.probe import ProbeError, ask_scheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from llo_dft.engines.base import Program
    from llo_dft.submit.dask.cluster_config import SchedulerName

#: Of what ``llo-dft doctor --json`` prints.
_BEGINNING: Final = "[\n {"

#: Part of a walltime that an estimate may take, since it is rough.
_SAFE_PART: Final = 0.8


def scheduler_finding(scheduler: SchedulerName, remedy: str) -> Finding:
    """Ask a scheduler for this user's jobs."""
    what = f"scheduler {scheduler}"
    try:
        number = ask_scheduler(scheduler)
    except ProbeError as error:
        return Finding(what, "missing", str(error), remedy)
    return Finding(what, "ok", f"it answers; {number} jobs of yours")


def program_findings(
    ask: Callable[[], str],
    where: str,
    *,
    programs: Sequence[Program],
    python_remedy: str,
    program_remedy: str,
) -> Iterator[Finding]:
    """Look at what a job finds: this package, and its potentials or the programs that it starts.

    Parameters
    ----------
    ask
        Runs ``llo-dft doctor --json`` as a job would, and returns what it prints.
    where
        Where that is.
    programs
        What the jobs start; nothing: they compute within Python.
    python_remedy, program_remedy
        What to do if the package does not start, and where the programs' settings are.
    """
    try:
        printed = ask()
        # a profile or a module may have had something to say before
        found: list[dict[str, Any]] = json.loads(printed[max(0, printed.find(_BEGINNING)) :])
    except ProbeError as error:
        yield Finding(f"Python on {where}", "missing", str(error), python_remedy)
        return
    except ValueError:
        last = printed.strip().splitlines()[-1]
        yield Finding(f"Python on {where}", "missing", f"it says {last!r}", python_remedy)
        return
    yield Finding(f"Python on {where}", "ok", str(found[0]["found"]))
    for one in found:
        what = str(one["what"])
        if not programs and what.startswith("engine ") and one["state"] == "ok":
            yield Finding(f"{what} on {where}", "ok", str(one["found"]))
        elif any(what.startswith(program.name) for program in programs):
            if one["state"] == "ok":
                yield Finding(f"{what} on {where}", "ok", str(one["found"]))
            else:
                # what it says to do comes first: with a program's files, what is wrong with them
                advice = f"{one['remedy']}\n{program_remedy}"
                yield Finding(f"{what} on {where}", "missing", str(one["found"]), advice.strip())


def program_finding(find: Callable[[], str], program: Program, where: str, remedy: str) -> Finding:
    """Look for a program behind what starts it, such as srun."""
    what = f"{program.name} itself on {where}"
    try:
        return Finding(what, "ok", find())
    except ProbeError as error:
        remedy = (
            f"{remedy}; where login nodes lack the modules of compute nodes, this can't be seen "
            "from here"
        )
        return Finding(what, "missing", str(error), remedy)


def walltime_finding(label: str, part: float, remedy: str) -> Finding:
    """Hold the longest calculation against its walltime, of which it takes that part."""
    found = f"{label} takes the most, about {100 * part:.0f} % of its walltime"
    if part <= _SAFE_PART:
        return Finding("walltimes", "ok", found)
    return Finding("walltimes", "missing", found, remedy)
