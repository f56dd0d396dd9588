"""The files of a result appear together, and nothing of an earlier result stays among them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import rewrite_results

from llo_dft.calculations.cache import CalculationCache
from llo_dft.report.page.csv_tables import vacancies_csv
from llo_dft.study import result_files
from llo_dft.study.result import study_result
from llo_dft.study.result_files import FIGURE, write_study
from llo_dft.study.study_files import READY, put_in_place, read_results

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.study.folder import StudyFolder


def contents(folder: Path) -> dict[str, bytes]:
    """What a study leaves beside its calculations and its plan."""
    files = [folder / "results.json", folder / "results.csv", folder / FIGURE]
    files += sorted((folder / "relaxed").iterdir())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def lose_a_vacancy(study: StudyFolder) -> str:
    """Take away what one vacancy left, so that the result is another one."""
    label = read_results(study.results).calculations[-1].label
    CalculationCache(study.calculations).note("missing", label, reason="lost")
    return label


def test_written_again_it_is_the_same_to_the_byte(copied: StudyFolder) -> None:
    before = contents(copied.path)
    with copied.lock():
        write_study(copied)
    assert contents(copied.path) == before
    assert not [path for path in copied.path.iterdir() if path.name.startswith(".results")]


def test_what_only_serves_to_begin_with_goes_once_nothing_is_to_be_begun(
    copied: StudyFolder,
) -> None:
    host = next(path.parent for path in copied.calculations.glob("*/result.json"))
    left = host / "start" / "waves"
    lose_a_vacancy(copied)
    for complete in (False, True):
        left.parent.mkdir(exist_ok=True)
        left.write_bytes(b"gigabytes")
        if complete:
            labels = [one.label for one in read_results(copied.results).calculations]
            cache = CalculationCache(copied.calculations)
            last = {entry.label: entry for entry in cache.journal() if entry.key}
            cache.note("reused", labels[-1], last[labels[-1]].key)
        with copied.lock():
            result = write_study(copied)
        assert result.is_complete == complete
        assert left.exists() != complete


def test_nothing_stays_of_what_has_no_result_any_more(copied: StudyFolder) -> None:
    label = lose_a_vacancy(copied)
    gone = copied.path / "relaxed" / f"{label}.cif"
    assert gone.is_file()
    with copied.lock():
        result = write_study(copied)
    assert not gone.exists()
    assert result == read_results(copied.results)
    assert result == study_result(copied).model_copy(update={"files": result.files})


@pytest.mark.parametrize("step", ["save_vacancy_curve", "_write_relaxed", "vacancies_csv"])
def test_a_kill_while_they_are_made_leaves_the_old_set(
    copied: StudyFolder, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    before = contents(copied.path)
    lose_a_vacancy(copied)
    monkeypatch.setattr(result_files, step, killed)
    with copied.lock(), pytest.raises(KeyboardInterrupt):
        write_study(copied)
    assert contents(copied.path) == before


@pytest.mark.parametrize("n_moved", range(4))
def test_a_kill_while_they_are_put_in_place_is_made_good_by_the_next_reader(
    copied: StudyFolder, monkeypatch: pytest.MonkeyPatch, n_moved: int
) -> None:
    lose_a_vacancy(copied)
    with monkeypatch.context() as patch, copied.lock():
        patch.setattr(result_files, "put_in_place", lambda _: None)
        result = write_study(copied)
    ready = copied.path / READY
    moved = sorted(ready.iterdir(), key=lambda file: file.name == "results.json")[:n_moved]
    for file in moved:  # as put_in_place does it, until the kill
        if file.is_dir():
            for old in (copied.path / file.name).iterdir():
                old.unlink()
            (copied.path / file.name).rmdir()
        file.replace(copied.path / file.name)
    assert read_results(copied.results) == result
    after = contents(copied.path)
    assert not ready.exists()
    with copied.lock():
        write_study(copied)
    assert contents(copied.path) == after


@pytest.mark.parametrize("number", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_at_random_moments_its_files_agree_with_each_other(
    copied: StudyFolder, number: int
) -> None:
    command = [sys.executable, rewrite_results.__file__, copied.path, "44", str(number)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = [[int(word) for word in line.split()] for line in done.stdout.splitlines()]
    assert len(lines) == number
    assert [(at_first, then) for _, _, at_first, then in lines] == [(0, 0)] * number
    killed = [code for _, code, _, _ in lines if code < 0]
    assert len(killed) > number / 2
    assert killed.count(-signal.SIGKILL) == number / 2


def test_figures_and_grids_of_an_earlier_result_go_and_others_stay(copied: StudyFolder) -> None:
    old = json.loads(copied.results.read_text(encoding="utf-8"))
    del old["digest"]
    old["band_centers"] = [{"figure": "dos_old.png"}, {"figure": "../study.json"}]
    old["charge_differences"] = [{"folder": "charge_difference_old"}, {"folder": "calculations"}]
    copied.results.write_text(json.dumps(old), encoding="utf-8")
    (copied.path / "dos_old.png").touch()
    (copied.path / "dos_of_mine.png").touch()
    (copied.path / "charge_difference_old").mkdir()
    with copied.lock():
        write_study(copied)
    left = {path.name for path in copied.path.iterdir()}
    assert not {"dos_old.png", "charge_difference_old"} & left
    assert {"dos_of_mine.png", "calculations", "study.json"} <= left


def test_without_a_new_set_nothing_is_put_in_place(copied: StudyFolder) -> None:
    before = contents(copied.path)
    put_in_place(copied.path)
    assert contents(copied.path) == before


def test_a_stand_in_s_numbers_are_marked_in_every_line_of_the_table(finished: Any) -> None:
    mocked = finished.result.model_copy(update={"mock": True})
    head, *lines = vacancies_csv(mocked).splitlines()
    assert head.startswith("engine,")
    assert len(lines) == 6
    assert all(line.startswith("MOCK ") for line in lines)
