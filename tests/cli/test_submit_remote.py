"""The commands of a study in a project's queue, from the dry run to its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from remote_study import (
    ENGINE_MODULES,
    SECRET,
    SECRET_VARIABLE,
    RemoteStudy,
    change_project,
    project_file,
)
from slow_engine import ProgramEngine
from store_server import StoreServer
from studies import write_recipe

from llo_dft.documents.decoding.named_objects import TRUST
from llo_dft.study.planning.estimate import TYPICAL_EVALUATIONS
from llo_dft.submit.remote.project import load_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Command


@pytest.fixture(autouse=True)
def _projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where jobflow-remote looks for projects."""
    import jobflow_remote

    monkeypatch.setattr(jobflow_remote.SETTINGS, "projects_folder", str(tmp_path / "projects"))
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    monkeypatch.setenv(TRUST, ENGINE_MODULES)


@pytest.fixture
def server() -> Iterator[StoreServer]:
    with StoreServer() as running:
        yield running


def test_a_study_from_submit_to_collect(
    command: Command, server: StoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llo_dft.study.run_study.engine_from", ProgramEngine)
    file = project_file(tmp_path, server)
    recipe = write_recipe(
        tmp_path,
        delithiation={"fractions": [1.0]},
        vacancies={"environments": ["2TM+1Li"], "per_environment": 1},
    )
    submit = ("submit", recipe, "--project", "lab", "-o", "study")
    shown = command(*submit, "--dry-run")
    assert shown.exit_code == 0, shown.output
    rows = [line.split() for line in shown.stdout.splitlines()]
    table = {row[0]: row[1:] for row in rows}
    # one core for 12 h
    expected = f"{24 * TYPICAL_EVALUATIONS['bare'] * 200 / 3600:.1f}"
    assert table["bare_x1.0000"] == [
        *("slab_relaxation", "mpi", "24", "1", "1", "500", "MB", "12:00", expected, "12")
    ]
    assert table["oxygen_molecule"][:2] == ["light", "login"]
    assert "5 calculations and 4 small jobs to project lab" in shown.stdout
    assert "at most 60 if every job runs to the end of its walltime" in shown.stdout
    assert not (tmp_path / "study").exists()

    done = command(*submit)
    assert done.exit_code == 0, done.output
    assert "9 jobs are in the queue of project lab" in done.stdout
    for refused in (submit, ("run", recipe, "-o", "study")):
        assert "was submitted to jobflow-remote" in command(*refused).stderr

    _drive(file, "bare_x1.0000")
    status = command("status", "study")
    assert status.exit_code == 1
    assert "queue: 5 COMPLETED, 1 FAILED, 3 WAITING of 9 jobs" in status.stdout
    assert "  failed    bare_x1.0000: " in status.stdout
    assert f"({tmp_path / 'work'}/" in status.stdout
    assert json.loads(command("status", "study", "--json").stdout)["counts"]["failed"] == 1
    collected = command("collect", "study", "--json")
    assert collected.exit_code == 1
    assert json.loads(collected.stdout)["counts"] == {"completed": 3, "missing": 2}
    assert command("retry", "study").stdout == (
        "runs again: bare_x1.0000, and what follows from it\n"
    )
    _drive(file)
    assert command("retry", "study").stdout == "nothing failed\n"
    assert command("status", "study").exit_code == 0
    assert command("collect", "study").exit_code == 0
    assert "no job of it was in the queue" in command("cancel", "study").stdout
    assert server.database["jobs"].count_documents({}) == 0


def _drive(file: Path, *broken: str) -> None:
    prepared: Any = None
    RemoteStudy(prepared, load_project(str(file))).drive_here(*broken)


def test_a_job_type_that_the_project_lacks_is_told(
    command: Command, server: StoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llo_dft.study.run_study.engine_from", ProgramEngine)
    file = project_file(tmp_path, server)
    change_project(file, lambda p: p["metadata"]["llo_dft"]["job_types"].pop("cell_relaxation"))
    done = command("submit", write_recipe(tmp_path), "--project", "lab", "-o", "study")
    assert done.exit_code == 2
    assert "has no cell_relaxation, which this study needs" in done.stderr
    assert not (tmp_path / "study").exists()
