"""Rounds of a study whose calculations stop half way; the study itself is played."""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from llo_dft.study import rounds
from llo_dft.study.folder import StudyFolder
from llo_dft.study.rounds import how_far, run_rounds

if TYPE_CHECKING:
    from pathlib import Path


def stop_half_way(folder: StudyFolder, n_steps: int) -> None:
    """Leave what VASP leaves when the walltime stops it."""
    state = folder.calculations / "half.failed" / "continue"
    state.mkdir(parents=True, exist_ok=True)
    (state / "state.json").write_text(json.dumps({"n_steps": n_steps}))


@pytest.mark.parametrize(
    ("steps", "n_rounds"),
    [
        pytest.param([5, 9, 12], 4, id="a calculation that gets further, and is completed then"),
        pytest.param([5, 5, 9], 2, id="one that stays where it was"),
        pytest.param([], 1, id="none that was stopped"),
    ],
)
def test_there_are_rounds_as_long_as_they_get_something_done(
    steps: list[int], n_rounds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = StudyFolder(tmp_path)
    left = list(steps)
    entered = []

    def one_round(prepared: Any, *, workers: int, executor: Any, on_progress: Any) -> str:
        assert (prepared.folder, workers, on_progress) == (folder, 3, None)
        with executor:
            entered.append(executor)
        if left:
            stop_half_way(folder, left.pop(0))
            return "a part"
        shutil.rmtree(folder.calculations / "half.failed", ignore_errors=True)
        return "all"

    monkeypatch.setattr(rounds, "run_study", one_round)
    result = run_rounds(SimpleNamespace(folder=folder), workers=3, executor=nullcontext)
    assert len(entered) == n_rounds
    assert len(set(map(id, entered))) == n_rounds  # each round has workers of its own
    assert result == ("a part" if n_rounds <= len(steps) else "all")


def test_how_far_tells_completed_and_stopped_calculations(tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path / "study")
    seen = [how_far(folder)]
    for key in ("abc", "abd"):
        (folder.calculations / key).mkdir(parents=True)
        (folder.calculations / key / "result.json").touch()
        seen.append(how_far(folder))
    for n_steps in (3, 4):
        stop_half_way(folder, n_steps)
        seen.append(how_far(folder))
    assert len(set(seen)) == len(seen)
    # the workspace of a calculation that is at work, and a failure, are none that is completed
    for name in (".partial-abe-1-x", "abe.failed"):
        (folder.calculations / name).mkdir()
        (folder.calculations / name / "result.json").touch()
    assert how_far(folder) == seen[-1]
    assert how_far(folder).startswith("2 completed")
