"""A study that was run to its end in its folder, by the fake engine in worker processes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import pytest
from fake_engine import FakeEngine, fault_name
from studies import tiny_recipe

from llo_dft.engines.registry import oxygen_reference
from llo_dft.study.folder import StudyFolder
from llo_dft.study.oxygen import oxygen_settings
from llo_dft.study.run import PreparedRun, run_study

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.documents.study import StudyResult
    from llo_dft.recipe import Recipe
    from llo_dft.study.run import Progress


class Prepare(Protocol):
    def __call__(self, folder: Path, recipe: Recipe | None = ..., **faults: str) -> PreparedRun: ...


@pytest.fixture(scope="session")
def prepare(plan: StudyPlan) -> Prepare:
    """Prepare the tiny study; its O2 is CHGNet's, everything else the fake engine's."""

    def prepared(folder: Path, recipe: Recipe | None = None, **faults: str) -> PreparedRun:
        recipe = recipe or tiny_recipe()
        engine = FakeEngine(str(folder.parent / f"{folder.name}.counter"), faults)
        engine.oxygen = oxygen_reference(recipe.engine)
        return PreparedRun(
            recipe, engine, oxygen_settings(recipe, engine.oxygen), plan, StudyFolder(folder)
        )

    return prepared


class Finished(Protocol):
    folder: StudyFolder
    result: StudyResult
    progress: list[Progress]


class FinishedStudy:
    def __init__(self, prepared: PreparedRun) -> None:
        self.folder = prepared.folder
        self.progress: list[Progress] = []
        self.result = run_study(prepared, workers=1, on_progress=self.progress.append)


@pytest.fixture(scope="session")
def finished(prepare: Prepare, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """All went well. Read only."""
    return FinishedStudy(prepare(tmp_path_factory.mktemp("finished") / "study"))


@pytest.fixture(scope="session")
def troubled(
    plan: StudyPlan, prepare: Prepare, tmp_path_factory: pytest.TempPathFactory
) -> Finished:
    """The vacancies of the first host die with their worker, the second host fails. Read only."""
    first, second = plan.hosts[:2]
    dying = plan.vacancy_structure(first, first.vacancies[0])
    faults = {
        fault_name("slab_relax", dying): "die",
        fault_name("slab_relax", plan.host_structure(second)): "raise",
    }
    return FinishedStudy(prepare(tmp_path_factory.mktemp("troubled") / "study", **faults))


@pytest.fixture
def copied(finished: Finished, tmp_path: Path) -> StudyFolder:
    """A copy of the finished study, to be changed."""
    target = tmp_path / "study"
    shutil.copytree(finished.folder.path, target)
    return replace(finished.folder, path=target)
