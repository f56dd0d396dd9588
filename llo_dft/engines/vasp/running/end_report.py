"""What custodian did to a VASP run, and why a run ended without a result, in words."""

import json
import re
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from llo_dft.engines.base import signal_name

#: What custodian's handler for it calls the end of the wall time.
_WALL_TIME: Final = "Walltime reached"

#: Longest line of VASP's own words in a reason.
_LONGEST_LINE: Final = 160

#: Lines of VASP's output that say nothing of a fault.
_ROUTINE: Final = re.compile(
    r"(DAV|RMM|SDA|CGA|EIGE):|\d+ F=|\d+ T=|N +E +dE|entering main|POSCAR found|writing wave"
    r"|reached required|bond charge|prediction of|running|distrk|distr:|vasp\.|FFT:|LDA part"
)

#: What a line holds that says more than the one after it.
_TELLING: Final = (
    "no space left",
    "quota",
    "out of memory",
    "oom",
    "segmentation",
    "cannot allocate",
)

#: What custodian calls an error, where its name does not say it.
_MEANINGS: Final = {
    "Unconverged": "not converged",
    "zbrent": "ZBRENT (line search of the relaxation)",
    "brmix": "BRMIX (charge mixing)",
    "POTIM": "energy jumped up (POTIM)",
    "Frozen job": "no output for hours",
    "Non-converging job": "cycles do not converge",
    "Positive energy": "positive total energy",
    "out_of_memory": "out of memory",
}


def run_log(folder: Path) -> list[dict[str, Any]]:
    """Return custodian's log of a run; empty if there is none, or it was cut off."""
    try:
        entries = json.loads((folder / "custodian.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return entries if isinstance(entries, list) else []


def reached_wall_time(log: list[dict[str, Any]]) -> bool:
    """Tell whether VASP was asked to stop for the wall time."""
    return any(_WALL_TIME in correction.get("errors", []) for correction in _corrections(log))


def corrections(log: list[dict[str, Any]]) -> list[str]:
    """Return what custodian repaired: the error, and what was changed for it.

    What it changes once VASP was stopped for the wall time is not run any more.
    """
    made = takewhile(lambda one: _WALL_TIME not in one.get("errors", []), _corrections(log))
    return [f"{_errors(one)}: {_actions(one['actions'])}" for one in made if one.get("actions")]


def failure(error: Exception, folder: Path, status: int | None) -> str:
    """Return why a run ended without a result.

    ``error`` is what custodian or the reading of outputs raised; ``status`` is how VASP ended,
    negative after a signal.
    """
    log = run_log(folder)
    said = _last_words(folder)
    verdict = _verdict(log)
    if verdict:
        return f"{verdict}{said}"
    text = f"{type(error).__name__}: {' '.join(str(error).split()) or 'no message'}"
    if status and not type(error).__module__.startswith("custodian"):
        return f"custodian stopped VASP and failed at the repair ({text}){said}"
    return f"{_ending(log, status) or f'the outputs of VASP can not be read ({text})'}{said}"


def _verdict(log: list[dict[str, Any]]) -> str:
    """Return why custodian itself gave up; empty if it did not."""
    last = log[-1] if log else {}
    made = _corrections(log)
    if last.get("max_errors") or last.get("max_errors_per_job"):
        errors = "; ".join(dict.fromkeys(_errors(correction) for correction in made))
        return f"custodian gave up after {len(made)} repairs: {errors}"
    if last.get("handler"):
        hopeless = [correction for correction in made if not correction.get("actions")]
        return f"custodian knows no repair: {'; '.join(_errors(c) for c in hopeless)}"
    return ""


def _ending(log: list[dict[str, Any]], status: int | None) -> str:
    """Return how VASP ended, if that or its files are at fault; empty if they are not."""
    killed = "" if status is None else signal_name(status)
    if killed:
        return f"VASP was killed by {killed} (out of memory, or ended by the queue or a user)"
    if status:
        return f"VASP ended with exit status {status}"
    validator = (log[-1] if log else {}).get("validator")
    if not validator:
        return ""
    if validator.get("@class") == "VasprunXMLValidator":
        return "VASP's vasprun.xml is cut off or damaged"
    return "VASP left no CONTCAR, OSZICAR or OUTCAR"


def _corrections(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [correction for entry in log for correction in entry.get("corrections", [])]


def _errors(correction: dict[str, Any]) -> str:
    return ", ".join(_MEANINGS.get(name, name) for name in correction.get("errors", []))


def _actions(actions: list[dict[str, Any]]) -> str:
    words: list[str] = []
    for action in actions:
        if "file" in action:
            words += [
                _file_action(action["file"], name, what) for name, what in action["action"].items()
            ]
            continue
        for name, values in action["action"].items():
            for tag, value in values.items():
                if action["dict"] == "POSCAR":
                    words.append("POSCAR changed")
                elif name == "_unset":
                    words.append(f"{tag} taken out")
                else:
                    words.append(f"{tag} = {value}")
    return ", ".join(words) or "run again"


def _file_action(file: str, name: str, what: dict[str, Any]) -> str:
    if name == "_file_copy":
        return f"{file} copied to {what.get('dest', '')}"
    if name == "_file_delete":
        return f"{file} removed"
    return f"{file} changed"


def _last_words(folder: Path) -> str:
    """Return the line of VASP's errors that says most, or else the last one of its output."""
    for name in ("std_err.txt", "vasp.out"):
        try:
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        lines = [line.strip(" |*-\t") for line in text.splitlines()]
        lines = [line for line in lines if line and not _ROUTINE.match(line)]
        telling = [line for line in lines if any(word in line.lower() for word in _TELLING)]
        if lines:
            line = telling[-1] if telling else lines[-1]
            return f"; its last words: {line[:_LONGEST_LINE]!r}"
    return ""
