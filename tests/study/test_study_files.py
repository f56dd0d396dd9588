from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llo_dft.study.folder import StudyFolderError
from llo_dft.study.study_files import read_results, studies_in

if TYPE_CHECKING:
    from pathlib import Path


def test_a_result_of_an_older_format_is_refused_by_its_number(tmp_path: Path) -> None:
    old = tmp_path / "results.json"
    old.write_text('{"schema_version": 3, "study": "mine"}', encoding="utf-8")
    with pytest.raises(StudyFolderError, match="in format 3, but this version reads format 4; run"):
        read_results(old)


def test_what_is_no_result_at_all_is_refused_with_its_faults(tmp_path: Path) -> None:
    other = tmp_path / "results.json"
    other.write_text('{"schema_version": 4}', encoding="utf-8")
    with pytest.raises(StudyFolderError, match=r"not a result of this version \(\d+ faults\)"):
        read_results(other)
    with pytest.raises(StudyFolderError, match="run the study first"):
        read_results(tmp_path / "nothing.json")


def test_the_studies_below_a_folder_or_the_folder_itself(tmp_path: Path) -> None:
    assert studies_in(tmp_path / "none") == {"none": tmp_path / "none"}
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "study.json").touch()
    (tmp_path / "spread.json").touch()
    assert studies_in(tmp_path) == {"a": tmp_path / "a", "b": tmp_path / "b"}
    assert studies_in(tmp_path / "a") == {"a": tmp_path / "a"}
