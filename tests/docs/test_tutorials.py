"""Each tutorial runs as it stands on its page, and its figure and answer are of that run.

With ``LLO_DFT_WRITE_FIGURES=1`` in the environment the figures of the run are put into docs/.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from llo_dft.report.answer import answer
from llo_dft.study.study_files import read_results

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```', flags=re.MULTILINE | re.DOTALL)
ANSWER = re.compile(r"<!-- answer of (\w+) -->\n```text\n(.*?)```", flags=re.DOTALL)
FIGURE = re.compile(r"<!-- figure of (\S+) -->\n!\[.*?\]\((\S+)\)")

#: Numbers of a relaxation may end a little elsewhere with another version of a package.
ENERGY_EV, PIXELS = 0.02, 0.02


def start(words: list[str], folder: Path) -> None:
    bin_of_python = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": f"{bin_of_python}{os.pathsep}{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
        # as an installed package brings it; a checkout may be older than its entry point
        "PYTEST_ADDOPTS": "-p llo_dft.testing.pytest_plugin",
    }
    ended = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, (ended.stdout + ended.stderr)[-3000:]


def run_blocks(text: str, folder: Path) -> None:
    """Write the files that a page shows and run its commands, in their order."""
    for language, title, content in BLOCK.findall(text):
        if title:
            (folder / title).write_text(content, encoding="utf-8")
        elif language == "bash" and not content.startswith("# not run here"):
            start(["bash", "-euo", "pipefail", "-c", content], folder)
        elif language == "python":
            runs = f"from pathlib import Path\nRUNS = Path({str(ROOT / 'workflows/runs')!r})\n"
            start([sys.executable, "-c", runs + content], folder)


def assert_same_answer(shown: str, study: Path) -> None:
    """The same sentences, and energies that differ by less than a calculation's own spread."""
    found = " ".join(answer(read_results(study / "results.json")))
    number = re.compile(r"-?\d+\.\d+")
    ours, theirs = (" ".join(one.split()) for one in (shown, found))
    assert number.sub("#", ours) == number.sub("#", theirs), found
    values = [np.array(number.findall(one), dtype=float) for one in (ours, theirs)]
    assert np.abs(values[0] - values[1]).max() < ENERGY_EV, found


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_it_runs_as_it_stands(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    run_blocks(text, tmp_path)
    for study, shown in ANSWER.findall(text):
        assert_same_answer(shown, tmp_path / study)
    for made, kept in FIGURE.findall(text):
        (figure,) = tmp_path.glob(made)
        place = page.parent / kept
        if os.environ.get("LLO_DFT_WRITE_FIGURES") == "1":
            shutil.copyfile(figure, place)
        new, old = imread(figure), imread(place)
        assert new.shape == old.shape
        assert np.abs(new - old).mean() < PIXELS
