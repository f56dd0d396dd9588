"""What the doctors of a project and of a cluster file find alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from llo_dft.study.doctor.installed import Finding
from llo_dft.submit.probe import ProbeError, ask_scheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llo_dft.submit.dask.cluster_config import SchedulerName

#: What the findings of VASP are called, see llo_dft.study.doctor.installed.
_VASP: Final = "VASP"

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
    ask: Callable[[], str], where: str, *, vasp: bool, python_remedy: str, vasp_remedy: str
) -> Iterator[Finding]:
    """Look at what a job finds: this package, and its engines or VASP.

    Parameters
    ----------
    ask
        Runs ``llo-dft doctor --json`` as a job would, and returns what it prints.
    where
        Where that is.
    vasp
        Whether the jobs run VASP, or a potential.
    python_remedy, vasp_remedy
        What to do if the package does not start, and where VASP's settings are.
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
        if not vasp and what.startswith("engine ") and one["state"] == "ok":
            yield Finding(f"{what} on {where}", "ok", str(one["found"]))
        elif vasp and what.startswith(_VASP):
            if one["state"] == "ok":
                yield Finding(f"{what} on {where}", "ok", str(one["found"]))
            else:
                # what it says to do comes first: with VASP's files, what is wrong with them
                advice = f"{one['remedy']}\n{vasp_remedy}"
                yield Finding(f"{what} on {where}", "missing", str(one["found"]), advice.strip())


def vasp_finding(find: Callable[[], str], where: str, remedy: str) -> Finding:
    """Look for VASP behind what starts it, such as srun."""
    what = f"VASP itself on {where}"
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
