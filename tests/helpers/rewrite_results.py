"""Started by the tests of a result's files as a process of its own, whose children are killed.

``python rewrite_results.py FOLDER SEED NUMBER`` forks that many children one after the other. Each
rewrites the result of the finished study in FOLDER, changed in every file, and is killed at a
random moment: every other one at a file operation between the first and the last, the rest after
some CPU time. After each kill it looks at the folder as it is, and then as the next reader of this
package leaves it, and prints a line: the number of file operations of an undisturbed rewriting, the
exit code of the child, and for both looks how many files are not what results.json says of them.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
from pathlib import Path

from cheap_parts import CoarseFigure

from llo_dft.calculations.cache import CalculationCache
from llo_dft.documents.electrons.charge import ChargeDifferenceResult
from llo_dft.documents.electrons.electronic import BandCenterResult
from llo_dft.engines.registry import engine_from
from llo_dft.report.figures import (
    figure_parts,
    formation_energy_curve,  # noqa: F401 (imported once, not by each)
)
from llo_dft.study import result_files
from llo_dft.study.folder import StudyFolder
from llo_dft.study.planning.oxygen_settings import oxygen_settings
from llo_dft.study.study_electrons import Electrons
from llo_dft.study.study_files import READY, read_results

_BESIDE = ("results.csv", "*.png", "*.svg", "*.pdf", "relaxed/*", "charge_difference_*/*")

#: What Python's audit hooks call what changes files.
_OPERATIONS = {
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "tempfile.mkdtemp",
}


def electrons(turn: int, into: Path) -> Electrons:
    """Write a figure and a folder of grids: one that every turn has, one that changes its name."""
    names = ["always", f"turn_{turn % 3}"]
    for name in names:
        for end in ("png", "svg", "pdf"):
            (into / f"dos_{name}.{end}").write_text(f"{name} {turn}", encoding="utf-8")
        (into / f"charge_difference_{name}").mkdir()
        (into / f"charge_difference_{name}" / "grid").write_text(f"{turn}", encoding="utf-8")
    return Electrons(
        [
            BandCenterResult(
                system="bare", lithium_fraction=1.0, centers=None, figure=f"dos_{n}.png"
            )
            for n in names
        ],
        [ChargeDifferenceResult(termination=n, folder=f"charge_difference_{n}") for n in names],
    )


def rewrite(folder: StudyFolder, turn: int) -> None:
    """Write the result at another temperature of the O2, and with another vacancy lost."""
    cache = CalculationCache(folder.calculations)
    entries = {entry.label: entry for entry in cache.journal() if entry.key}
    vacancies = [label for label in entries if "_vac_" in label]
    for number, label in enumerate(vacancies):
        if number == turn % len(vacancies):
            cache.note("missing", label, reason="lost")
        else:
            cache.note("reused", label, entries[label].key)
    result_files.read_electrons = lambda _study, _folder, into: electrons(turn, into)
    recipe = folder.recipe()
    oxygen = oxygen_settings(recipe, engine_from(recipe.engine).oxygen)
    oxygen = oxygen.model_copy(update={"temperature_k": 300.0 + turn})
    with folder.lock():
        result_files.write_study(folder, oxygen)


def count_operations(last: int) -> list[int]:
    """Count file operations from here on, in a list of one; kill this process at ``last``."""
    count = [0]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        reads = event == "open" and arguments[1] in {"r", "rb", None}
        if event in _OPERATIONS and not reads:
            count[0] += 1
            if count[0] == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return count


def in_child(folder: StudyFolder, turn: int, *, last: int = 0, seconds: float = 0.0) -> int:
    """Rewrite in a child that is killed at an operation or after a time; return its wait status."""
    child = os.fork()
    if child == 0:
        code = 255
        try:
            count = count_operations(last)
            signal.setitimer(signal.ITIMER_PROF, seconds)  # nothing handles it: the process is gone
            rewrite(folder, turn)
            code = count[0]
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def disagreeing(folder: Path) -> int:
    """Return how many files are not what results.json says; 0 as well where there is none yet."""
    if not (folder / "results.json").exists():
        return 0 if (folder / READY / "results.json").exists() else -1
    named = json.loads((folder / "results.json").read_bytes())["files"]
    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for pattern in _BESIDE
        for path in folder.glob(pattern)
    }
    return len(named.items() ^ found.items())


if __name__ == "__main__":
    figure_parts.Figure = CoarseFigure
    study, random_numbers = StudyFolder(Path(sys.argv[1])), random.Random(int(sys.argv[2]))  # noqa: S311 (no secret)
    rewrite(study, 0)  # what is loaded at the first is not loaded by each child
    n_operations = os.waitstatus_to_exitcode(in_child(study, 0))
    duration = os.times().children_user + os.times().children_system
    for turn in range(1, int(sys.argv[3]) + 1):
        if turn % 2:
            status = in_child(study, turn, last=random_numbers.randint(1, n_operations))
        else:
            status = in_child(study, turn, seconds=random_numbers.uniform(0.001, duration))
        at_first = disagreeing(study.path)
        read_results(study.results)
        print(n_operations, os.waitstatus_to_exitcode(status), at_first, disagreeing(study.path))  # noqa: T201 (the test reads it)
