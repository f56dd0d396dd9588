"""What is written in a shared folder goes to that folder, whatever links lie in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from llo_dft.calculations.cache import CalculationCache
from llo_dft.errors import InputError
from llo_dft.plain_files import no_links
from llo_dft.study.folder import StudyFolder, write_whole

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
        CalculationCache(folder.calculations).note_start("key", "label")
    assert precious.read_text(encoding="utf-8") == "mine"


def test_a_link_in_the_place_of_a_result_is_replaced_and_not_followed(
    tmp_path: Path, precious: Path
) -> None:
    (tmp_path / "results.csv").symlink_to(precious)
    write_whole(tmp_path / "results.csv", "new")
    assert (tmp_path / "results.csv").read_text(encoding="utf-8") == "new"
    assert precious.read_text(encoding="utf-8") == "mine"
