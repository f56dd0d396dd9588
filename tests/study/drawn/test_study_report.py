"""The report of a folder: of a study that ended, that failed in part, and that has not run."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from llo_dft.errors import InputError
from llo_dft.study.drawn.study_report import page_content, write_report
from llo_dft.study.folder import StudyFolder

if TYPE_CHECKING:
    from pathlib import Path


def test_a_page_has_what_the_folder_has(finished: Any) -> None:
    content = page_content(finished.folder)
    assert content.result == finished.result
    assert content.state == "complete"
    assert {one.status for one in content.calculations} == {"completed"}
    assert all(one.n_atoms and one.kind for one in content.calculations)
    assert set(content.relaxed) >= {content.result.hosts[0].calculation} or content.relaxed
    assert content.drawings["energies"].pdf.startswith(b"%PDF")
    assert "structures" in content.drawings


def test_what_failed_is_named_with_its_reason(troubled: Any) -> None:
    content = page_content(troubled.folder)
    assert content.state.startswith("not complete: ")
    failed = [one for one in content.calculations if one.status == "failed"]
    assert failed
    assert all(one.remarks for one in failed)


def test_a_study_that_was_killed_has_a_page(finished: Any, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(finished.folder.path, folder)
    (folder / "results.json").unlink()
    for one in sorted(one for one in (folder / "calculations").iterdir() if one.is_dir())[1:]:
        shutil.rmtree(one)
    page = write_report([folder])
    assert page == folder / "report.html"
    assert "No answer yet" in page.read_text(encoding="utf-8")


def test_several_folders_make_one_page(finished: Any, troubled: Any, tmp_path: Path) -> None:
    folders = [finished.folder.path, troubled.folder.path]
    page = write_report(folders, tmp_path / "both.html").read_text(encoding="utf-8")
    assert "2 studies beside each other" in page
    assert all(str(folder) in page for folder in folders)  # both are called "study"


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no study"):
        write_report([tmp_path])
    with pytest.raises(InputError, match="holds no study"):
        page_content(StudyFolder(tmp_path))
