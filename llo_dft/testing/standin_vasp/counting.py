"""Counts starts across processes, and says which fault a start has."""

from __future__ import annotations

import fcntl
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llo_dft.testing.standin_vasp.settings import NEEDS_RELAXATION

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.testing.standin_vasp.reading.whole_input import Inputs
    from llo_dft.testing.standin_vasp.settings import StagedFault, StandInSettings

#: One line of JSON for each start, in the order of the starts; and the lock of that file.
STARTS_FILE = "standin_starts.jsonl"
_LOCK_FILE = "standin_starts.lock"


@dataclass(frozen=True)
class CountedStart:
    """What is known of a start before anything is computed."""

    folder: str
    comment: str
    formula: str
    relaxes: bool


def start_of(inputs: Inputs, folder: Path) -> CountedStart:
    """Return what faults are chosen by."""
    crystal = inputs.crystal
    return CountedStart(str(folder), crystal.comment, crystal.formula, inputs.relaxes)


def count_start(settings: StandInSettings, start: CountedStart) -> StagedFault | None:
    """Count a start, and return the fault that is due at it."""
    if settings.state is None:
        return None
    settings.state.mkdir(parents=True, exist_ok=True)
    log = settings.state / STARTS_FILE
    with (settings.state / _LOCK_FILE).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        past = [json.loads(line).get("fault") for line in lines]
        due = _due(settings, start, past)
        entry = {
            "number": len(past) + 1,
            "folder": start.folder,
            "comment": start.comment,
            "formula": start.formula,
            "fault": due,
            "kind": None if due is None else settings.faults[due].kind,
        }
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
    return None if due is None else settings.faults[due]


def _due(settings: StandInSettings, start: CountedStart, past: list[int | None]) -> int | None:
    """Return the index of the first fault that this start has."""
    for index, fault in enumerate(settings.faults):
        if fault.kind in NEEDS_RELAXATION and not start.relaxes:
            continue
        if fault.start and fault.start != len(past) + 1:
            continue
        if fault.times and past.count(index) >= fault.times:
            continue
        texts = (
            (fault.formula, start.formula),
            (fault.comment, start.comment),
            (fault.folder, start.folder),
        )
        if all(re.search(pattern, text) for pattern, text in texts):
            return index
    return None
