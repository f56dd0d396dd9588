"""Studies on the tests' Slurm: their files, the command that runs them, what they leave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studies import recipe_fields, toml_text

from llo_dft.calculations.cache import CalculationCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from llo_dft.calculations.cache import JournalEntry

HELPERS = Path(__file__).resolve().parent
PROGRAM = HELPERS / "fake_llo_dft.py"

#: A name that a shell would read as commands; what they would make is a file "planted".
NASTY = 'it\'s "a" $(touch planted); `touch planted` & 50% study'

#: How long anything may take on a busy machine, s.
PATIENCE_S = 600.0


def write_cluster(folder: Path, **changes: Any) -> Path:
    """A cluster file for the tests' Slurm; ``workers={"max_jobs": 1}`` changes one key."""
    job = {"queue": "main", "cores": 1, "memory": "200 MB", "walltime": "00:20:00"}
    fields: dict[str, Any] = {
        "scheduler": "slurm",
        "workers": job | {"max_jobs": 2} | changes.pop("workers", {}),
        "driver": job | changes.pop("driver", {}),
        "prologue": f"export PYTHONPATH={HELPERS}\n",
        "network": {"interface": "lo"},
    }
    path = folder / "cluster.yaml"
    # every JSON text is YAML
    path.write_text(json.dumps(fields | changes), encoding="utf-8")
    return path


def write_recipe(folder: Path, name: str = "recipe.toml", **tables: dict[str, Any]) -> Path:
    """The recipe of a small study with two lithium fractions."""
    small = {"delithiation": {"fractions": [1.0, 0.5]}}
    path = folder / name
    path.write_text(toml_text(recipe_fields(**small | tables)), encoding="utf-8")
    return path


def start(*arguments: object, **variables: str) -> subprocess.Popen[str]:
    """Start llo-dft with the fake engine."""
    return subprocess.Popen(
        [sys.executable, PROGRAM, *map(str, arguments)],
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], status: int = 0) -> tuple[str, str]:
    """Wait for its end; return what it printed."""
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == status, (stdout, stderr)
    return stdout, stderr


def wait_until(what: str, holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


def journal(study: Path) -> list[JournalEntry]:
    return CalculationCache(study / "calculations").journal()


def keys(study: Path, event: str) -> list[str]:
    return [entry.key for entry in journal(study) if entry.event == event]


def under_way(study: Path) -> list[JournalEntry]:
    """The calculations that were started by a process that is there, and are not completed."""
    done = set(keys(study, "completed"))
    found = {entry.key: entry for entry in journal(study) if entry.event == "started"}
    return [e for e in found.values() if e.key not in done and Path(f"/proc/{e.process}").exists()]


def processes_with(*words: str) -> list[int]:
    """Ids of the processes whose command has all these words."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:  # it has just ended
                continue
            if all(word in command for word in words):
                found.append(int(entry.name))
    return found


def assert_nothing_twice(study: Path, n_interrupted: int) -> None:
    """Every calculation was completed once; those begun again were interrupted before."""
    completed, started = keys(study, "completed"), keys(study, "started")
    assert len(completed) == len(set(completed))
    assert set(started) == set(completed)
    again = len(started) - len(completed)
    assert again <= n_interrupted, f"{again} begun again, {n_interrupted} interrupted"
    assert not list((study / "calculations").glob(".partial-*"))


def files_with(text: str, *folders: Path) -> list[Path]:
    """The files below some folders that hold a text."""
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in paths if text.encode() in path.read_bytes()]
