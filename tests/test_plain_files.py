"""What is written in a shared folder goes to that folder, whatever links lie in it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from llo_dft import plain_files
from llo_dft.calculations.cache import CalculationCache
from llo_dft.errors import InputError
from llo_dft.plain_files import from_json, no_links, sealed, unseal
from llo_dft.runner.messages import Task
from llo_dft.runner.worker import run_job
from llo_dft.study.folder import StudyFolder, write_whole
from llo_dft.submit.remote.run_job import run_job as run_job_of_a_queue

if TYPE_CHECKING:
    from pathlib import Path

LINKED = r"is a symbolic link, and nothing is written through one; remove it"


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file elsewhere that somebody's link leads to."""
    file = tmp_path / "precious"
    file.write_text("mine", encoding="utf-8")
    return file


def test_a_file_is_made_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with open(tmp_path / "new", "w", encoding="utf-8", opener=no_links) as file:
            file.write("text")
    finally:
        os.umask(before)
    assert (tmp_path / "new").read_text(encoding="utf-8") == "text"
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("mode", ["w", "a", "x"])
def test_nothing_is_written_through_a_link(tmp_path: Path, precious: Path, mode: str) -> None:
    link = tmp_path / "link"
    link.symlink_to(precious)
    with pytest.raises((InputError, FileExistsError), match=rf"{LINKED}|File exists"):
        open(link, mode, encoding="utf-8", opener=no_links)  # noqa: SIM115
    assert precious.read_text(encoding="utf-8") == "mine"


def test_the_files_of_a_study_are_not_written_through_links(tmp_path: Path, precious: Path) -> None:
    folder = StudyFolder(tmp_path / "study")
    folder.calculations.mkdir(parents=True)
    for name in (".lock", ".plan.json.partial", "calculations/journal.jsonl"):
        (folder.path / name).symlink_to(precious)
    with pytest.raises(InputError, match=LINKED), folder.lock():
        pass
    with pytest.raises(InputError, match=LINKED):
        write_whole(folder.plan, "{}")
    with pytest.raises(InputError, match=LINKED):
        CalculationCache(folder.calculations).note("started", "label", "key")
    assert precious.read_text(encoding="utf-8") == "mine"


def test_a_link_in_the_place_of_a_result_is_replaced_and_not_followed(
    tmp_path: Path, precious: Path
) -> None:
    (tmp_path / "results.csv").symlink_to(precious)
    write_whole(tmp_path / "results.csv", "new")
    assert (tmp_path / "results.csv").read_text(encoding="utf-8") == "new"
    assert precious.read_text(encoding="utf-8") == "mine"


def test_json_that_is_nested_without_end_is_no_json() -> None:
    assert from_json('{"a": [1]}') == {"a": [1]}
    with pytest.raises(ValueError, match="nested too deeply"):
        from_json("[" * 100_000)


def test_what_was_sealed_is_intact_until_it_is_changed() -> None:
    fields = sealed({"energy_ev": -1.5})
    assert unseal(dict(fields))
    assert unseal({"energy_ev": -1.5})  # of an older version
    assert not unseal(fields | {"energy_ev": -1.6})


def test_a_matplotlibrc_in_the_folder_is_not_obeyed(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\n", encoding="utf-8")
    program = """import llo_dft.cli.main as m; m.app = lambda: None; m.command_line()
import matplotlib; print(matplotlib.rcParams['text.usetex'])"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_nor_by_workers_and_jobs_of_a_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They begin so, before they import what imports matplotlib."""
    (tmp_path / "matplotlibrc").touch()
    monkeypatch.chdir(tmp_path)
    asked: list[str] = []
    monkeypatch.setattr(plain_files, "import_module", asked.append)
    assert run_job(Task("{}", ())) is not None
    with pytest.raises(FileNotFoundError, match="none"):
        run_job_of_a_queue(tmp_path / "none")
    assert asked == ["matplotlib", "matplotlib"]
