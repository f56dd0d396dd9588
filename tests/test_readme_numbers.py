"""Each answer on a page is that of the results.json which ships beside its figure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llo_dft.report.answer import answer
from llo_dft.study.study_files import read_results

ROOT = Path(__file__).parents[1]
#: A comment that names the result, and the block of text after it.
ANSWERS = [
    found
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for found in re.findall(
        r"<!-- answer of (\S+results\.json) -->\n```text\n(.*?)\n```",
        page.read_text(encoding="utf-8"),
        re.DOTALL,
    )
]


def test_all_studies_that_ship_are_answered() -> None:
    assert {path for path, _ in ANSWERS} == {
        f"docs/{name}/results.json" for name in ("quickstart", "coated_small", "coated_vs_bare")
    }


@pytest.mark.parametrize(("path", "text"), ANSWERS, ids=[path for path, _ in ANSWERS])
def test_an_answer_is_that_of_its_result(path: str, text: str) -> None:
    result = read_results(ROOT / path)
    assert not result.mock
    assert text.split() == " ".join(answer(result)).split()  # folded as the page wants it
    assert list((ROOT / path).parent.glob("*.png"))


def test_what_unsymmetric_orderings_change_is_that_of_their_result() -> None:
    alike, free = (
        read_results(ROOT / "docs" / name / "results.json")
        for name in ("quickstart", "quickstart_unsymmetric")
    )
    lower = [
        round((b.energy_ev or 0) - (a.energy_ev or 0), 2)
        for a, b in zip(alike.hosts, free.hosts, strict=True)
    ]
    assert lower == [0, -0.27, 0, 0, 0, -0.05]
    lowest = [min(host.kept_energies_ev) for host in free.hosts]
    crossing = [one.turning_points[0].at for one in (alike, free)]
    assert len({f"{at.holes_per_tm:.2f}" for at in crossing if at is not None}) == 1
    page = (ROOT / "docs" / "numbers.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"`symmetric = false`: {lowest[1]:.2f} eV at 0.30 holes, the same crossing" in readme
    assert (
        f"becomes {lowest[1]:.2f} instead of {min(alike.hosts[1].kept_energies_ev):.2f} eV" in page
    )
    assert (
        f"{lowest[-1]:.2f} instead of {min(alike.hosts[-1].kept_energies_ev):.2f} eV at 1.20"
        in page
    )
