"""Each answer in the README is that of the results.json which ships beside its figure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llo_dft.report.answer import answer
from llo_dft.study.study_files import read_results

ROOT = Path(__file__).parents[1]
#: A comment that names the result, and the block of text after it.
ANSWERS = re.findall(
    r"<!-- answer of (\S+) -->\n```text\n(.*?)\n```",
    (ROOT / "README.md").read_text(encoding="utf-8"),
    re.DOTALL,
)


def test_the_readme_has_answers() -> None:
    assert ANSWERS


@pytest.mark.parametrize(("path", "text"), ANSWERS, ids=[path for path, _ in ANSWERS])
def test_an_answer_is_that_of_its_result(path: str, text: str) -> None:
    result = read_results(ROOT / path)
    assert not result.mock
    assert text.split() == " ".join(answer(result)).split()  # folded as the page wants it
    assert list((ROOT / path).parent.glob("*.png"))
