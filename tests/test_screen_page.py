"""docs/screen.md prints the table of the screen that is stored beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llo_dft.cli.output.series_tables import print_screen
from llo_dft.documents.coating_screen import CoatingScreen
from llo_dft.study.series.screening import screen_table

if TYPE_CHECKING:
    import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
SCREEN = CoatingScreen.model_validate_json((DOCS / "screen" / "screen.json").read_bytes())


def test_the_page_shows_the_table_of_its_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    print_screen(SCREEN.model_copy(update={"notes": []}))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert "\n".join(lines) in (DOCS / "screen.md").read_text(encoding="utf-8")


def test_the_csv_is_that_of_its_screen() -> None:
    assert (DOCS / "screen" / "screen.csv").read_text() == screen_table(SCREEN)
