"""A study that was run to its end in its folder, by the fake engine."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from remote_study import (
    ENGINE_MODULES,
    SECRET,
    SECRET_VARIABLE,
    RemoteStudy,
    prepared_in,
    project_file,
)
from store_server import StoreServer
from studies import tiny_recipe
from two_engines import CheapEngine, DearEngine

from llo_dft.documents.decoding.named_objects import TRUST
from llo_dft.engines.registry import engine_from
from llo_dft.study.folder import StudyFolder
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.study.planning.oxygen_settings import oxygen_settings
from llo_dft.study.run_study import PreparedRun, run_study
from llo_dft.submit.remote.project import load_project
from llo_dft.testing.fake_engine import FakeEngine, fault_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.documents.study_result import StudyResult
    from llo_dft.recipe import Recipe
    from llo_dft.study.run_study import Progress


class Prepare(Protocol):
    def __call__(self, folder: Path, recipe: Recipe | None = ..., **faults: str) -> PreparedRun: ...


@pytest.fixture(scope="session")
def prepare(plan: StudyPlan) -> Prepare:
    """Prepare the tiny study; its O2 is CHGNet's, everything else the fake engine's."""

    def prepared(folder: Path, recipe: Recipe | None = None, **faults: str) -> PreparedRun:
        recipe = recipe or tiny_recipe()
        engine = FakeEngine(str(folder.parent / f"{folder.name}.counter"), faults)
        engine.oxygen = engine_from(recipe.engine).oxygen
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


def swap(folder: StudyFolder, one: str, other: str) -> None:
    """Let two calculations of a study change places."""
    aside = folder.calculations / "aside"
    (folder.calculations / one).rename(aside)
    (folder.calculations / other).rename(folder.calculations / one)
    aside.rename(folder.calculations / other)


@pytest.fixture(scope="session")
def small_recipe() -> Recipe:
    """Two lithium fractions with one vacancy each: seven calculations, fourteen jobs."""
    return tiny_recipe(
        delithiation={"fractions": [1.0, 0.5]},
        vacancies={"environments": ["2TM+1Li"], "per_environment": 1},
    )


@pytest.fixture(scope="session")
def small_plan(small_recipe: Recipe) -> StudyPlan:
    return make_plan(small_recipe, Path())


@pytest.fixture(scope="session")
def local_results(
    small_recipe: Recipe, small_plan: StudyPlan, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of the small study as it was run here. Read only."""
    folder = tmp_path_factory.mktemp("local") / "study"
    run_study(prepared_in(folder, small_recipe, small_plan), workers=1)
    return folder


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreServer]:
    """What stands for MongoDB, and a password in the environment of whatever uses it."""
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    monkeypatch.setenv(TRUST, ENGINE_MODULES)
    with StoreServer() as running:
        yield running


class MakeRemote(Protocol):
    def __call__(
        self,
        folder: str = ...,
        recipe: Recipe | None = ...,
        plan: StudyPlan | None = ...,
        seconds: float = ...,
        **faults: str,
    ) -> RemoteStudy: ...


@pytest.fixture
def make_remote(
    server: StoreServer,
    small_recipe: Recipe,
    small_plan: StudyPlan,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> MakeRemote:
    """Prepare the small study, and a project for it in this test's folder."""
    import jobflow_remote

    projects = str(tmp_path / "projects")
    monkeypatch.setattr(jobflow_remote.SETTINGS, "projects_folder", projects)
    monkeypatch.setenv("JFREMOTE_PROJECTS_FOLDER", projects)

    def make(
        folder: str = "study",
        recipe: Recipe | None = None,
        plan: StudyPlan | None = None,
        seconds: float = 0.0,
        **faults: str,
    ) -> RemoteStudy:
        prepared = prepared_in(
            tmp_path / folder,
            recipe or small_recipe,
            plan or small_plan,
            seconds=seconds,
            **faults,
        )
        file = tmp_path / "projects" / "lab.yaml"
        if not file.exists():
            project_file(tmp_path, server)
        return RemoteStudy(prepared, load_project(str(file)))

    return make


@pytest.fixture
def budgeted(make_remote: MakeRemote, tmp_path: Path) -> RemoteStudy:
    """Of three vacancies the engine computes at most two."""
    recipe = tiny_recipe(
        vacancies={"environments": ["2TM+1Li"], "per_environment": 3},
        delithiation={"fractions": [1.0]},
        engine={"budget": 2, "pre_relax": {"name": "chgnet"}},
    )
    study = make_remote(recipe=recipe, plan=make_plan(recipe, tmp_path))
    engine = DearEngine()
    engine.oxygen = engine_from(recipe.engine).oxygen
    oxygen = oxygen_settings(recipe, engine.oxygen)
    prepared = replace(study.prepared, engine=engine, oxygen=oxygen, potential=CheapEngine())
    return replace(study, prepared=prepared)
