"""What ARCHITECTURE.md and README.md say of the house is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8") for name in ("ARCHITECTURE.md", "README.md")
}
WALKS = PAGES["ARCHITECTURE.md"].split("## Three things on their way")[1].split("## Decisions")[0]


def named(text: str) -> list[str]:
    """Modules and files of the package that a text names, as paths below llo_dft/."""
    found = re.findall(r"`(?:llo_dft/)?((?:[a-z_0-9]+/)+[a-z_0-9]*\.(?:py|toml))`", text)
    return [path for path in found if path.split("/")[0] not in {"tests", "benchmarks"}]


@pytest.mark.parametrize("page", PAGES)
def test_the_files_that_a_page_names_are_there(page: str) -> None:
    places = (ROOT / "llo_dft", ROOT)  # or beside the package, such as docs/
    names = named(PAGES[page])
    assert [name for name in names if not any((at / name).is_file() for at in places)] == []


def test_each_walk_passes_each_file_once() -> None:
    walks = [part for part in WALKS.split("\n\n") if part.startswith("**")]
    assert len(walks) == 3
    for walk in walks:
        passed = named(walk)
        assert len(passed) == len(set(passed)) > 5


def test_the_rooms_are_those_of_the_package() -> None:
    listed = set(re.findall(r"^\| `([a-z]+)/` \|", PAGES["ARCHITECTURE.md"], flags=re.MULTILINE))
    there = {path.parent.name for path in (ROOT / "llo_dft").glob("*/__init__.py")}
    assert listed == there
