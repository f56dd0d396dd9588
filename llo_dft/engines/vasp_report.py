"""What custodian did to a VASP run, and why a run ended without a result, in words."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

#: What custodian's handler for it calls the end of the wall time.
_WALL_TIME: Final = "Walltime reached"

#: Longest line of VASP's own words in a reason.
_LONGEST_LINE: Final = 160

#: Exit statuses of shells and launchers for a program that a signal ended.
_SIGNAL_OFFSET: Final = 128

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
    """Return what custodian repaired: the error, and what was changed for it."""
    return [
        f"{_errors(correction)}: {_actions(correction['actions'])}"
        for correction in _corrections(log)
        if correction.get("actions") and _WALL_TIME not in correction.get("errors", [])
    ]


def failure(error: Exception, folder: Path, status: int | None) -> str:
    """Return why a run ended without a result.

    Parameters
    ----------
    error
        What custodian or the reading of outputs raised.
    folder
        Where VASP ran.
    status
        How VASP ended; negative after a signal.
    """
    log = run_log(folder)
    last = log[-1] if log else {}
    said = _last_words(folder)
    if last.get("max_errors") or last.get("max_errors_per_job"):
        given_up = _corrections(log)
        errors = "; ".join(dict.fromkeys(_errors(correction) for correction in given_up))
        return f"custodian gave up after {len(given_up)} repairs: {errors}{said}"
    if last.get("handler"):
        hopeless = [c for c in _corrections(log) if not c.get("actions")]
        errors = "; ".join(_errors(correction) for correction in hopeless)
        return f"custodian knows no repair: {errors}{said}"
    killed = _signal(status)
    if killed:
        return f"VASP was killed by {killed} (out of memory, or ended by the queue or a user){said}"
    if status:
        return f"VASP ended with exit status {status}{said}"
    if last.get("validator"):
        name = str(last["validator"].get("@class", ""))
        what = (
            "VASP's vasprun.xml is cut off or damaged"
            if name == "VasprunXMLValidator"
            else "VASP left no CONTCAR, OSZICAR or OUTCAR"
        )
        return f"{what}{said}"
    text = " ".join(str(error).split()) or "no message"
    return f"VASP's outputs can't be read ({type(error).__name__}: {text}){said}"


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


def _signal(status: int | None) -> str:
    """Return the name of the signal that ended a program, also as a launcher tells it."""
    if status is None:
        return ""
    number = -status if status < 0 else status - _SIGNAL_OFFSET
    try:
        return f"{signal.Signals(number).name}"
    except ValueError:
        return ""


def _last_words(folder: Path) -> str:
    """Return the last line of VASP's errors, or else of its output."""
    for name in ("std_err.txt", "vasp.out"):
        try:
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        lines = [line.strip(" |*-\t") for line in text.splitlines()]
        lines = [line for line in lines if line]
        if lines:
            return f"; its last words: {lines[-1][:_LONGEST_LINE]!r}"
    return ""
