"""The page "Add an engine" of CONTRIBUTING.md, followed to the letter."""

from __future__ import annotations

import re
import textwrap
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest
from studies import tiny_recipe

import llo_dft.engines
from llo_dft.engines.registry import ENGINES, engine_class
from llo_dft.study.folder import StudyFolder
from llo_dft.study.run_study import prepare_run, run_study

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"
NAME = "lennard_jones"


@pytest.fixture
def added(tmp_path, monkeypatch):
    """The folder and the line that the page has, and no more."""
    page = PAGE.read_text(encoding="utf-8")
    section = page.partition("## Add an engine")[2].partition("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    code, line = (textwrap.dedent(block) for block in blocks)
    folder = tmp_path / "engines" / NAME
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / f"{NAME}_engine.py").write_text(code, encoding="utf-8")
    rooms = [*llo_dft.engines.__path__, str(folder.parent)]
    monkeypatch.setattr(llo_dft.engines, "__path__", rooms)
    name, where = re.fullmatch(r'"(\w+)": "(.*)",\n', line).groups()
    monkeypatch.setitem(ENGINES, name, where)


@pytest.mark.usefixtures("added")
def test_a_study_runs_with_the_engine_of_the_page(tmp_path):
    recipe = tiny_recipe(
        engine={"name": NAME, "overrides": {"max_steps": 50}},
        oxygen={"scheme": "none"},
        delithiation={"fractions": [1.0, 0.5]},
        vacancies={"environments": ["2TM+1Li"], "per_environment": 1},
    )
    prepared = prepare_run(recipe, tmp_path, StudyFolder(tmp_path / "study"))
    threads = nullcontext(lambda: ThreadPoolExecutor(1))
    result = run_study(prepared, workers=1, executor=threads)
    assert result.counts == {"completed": prepared.plan.n_calculations}
    assert result.engine == NAME
    energies = [v.formation_energy_ev for host in result.hosts for v in host.vacancies]
    assert len(energies) == 2
    assert None not in energies


@pytest.mark.usefixtures("added")
def test_doctor_lists_it():
    (finding,) = engine_class(NAME).installed(NAME)
    assert (finding.what, finding.state) == (f"engine {NAME}", "ok")
