"""llo-dft report: where it writes, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from llo_dft.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path


def test_it_writes_one_page(finished: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = CliRunner().invoke(app, ["report", str(finished.folder.path), "-o", str(page)])
    assert done.exit_code == 0, done.output
    assert str(page) in done.output
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_bad_names_are_refused_in_one_line(finished: Any, tmp_path: Path) -> None:
    study = str(finished.folder.path)
    for arguments, words in (
        ([study, "-o", str(tmp_path / "page.pdf")], "ends in .html"),
        (
            [study, "-o", str(tmp_path / "none" / "page.html")],
            f"there is no folder {tmp_path}/none",
        ),
        ([study, study], "named twice"),
        ([str(tmp_path)], "is not a study"),
    ):
        done = CliRunner().invoke(app, ["report", *arguments])
        assert done.exit_code == 2
        assert words in done.output
        assert len(done.output.splitlines()) == 1
