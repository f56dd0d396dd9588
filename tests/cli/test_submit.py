"""llo-dft run --on, submit and cancel: what they refuse, and what a dry run shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cluster_studies import write_cluster
from engines_by_name import engine_of
from remote_study import (
    ENGINE_MODULES,
    SECRET,
    SECRET_VARIABLE,
    RemoteStudy,
    change_project,
    project_file,
)
from screen_recipes import FLAT, STEP, write_screen_recipe
from slow_engine import ProgramEngine, SlowEngine
from store_server import StoreServer
from studies import write_recipe

from llo_dft.calculations.cache import CalculationCache
from llo_dft.cli.submit import _hours, _program_cost, driver_command
from llo_dft.documents.decoding.named_objects import TRUST
from llo_dft.documents.labels import OF_ONE_COATING
from llo_dft.study.planning.estimate import TYPICAL_EVALUATIONS
from llo_dft.submit.remote.project import load_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

    from llo_dft.documents.plan import StudyPlan
    from tests.cli.conftest import Command


def one_line(done: Result) -> str:
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.splitlines()
    assert line.startswith("llo-dft: ")
    return line.removeprefix("llo-dft: ")


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("llo_dft.study.run_study.engine_from", SlowEngine)
    return write_recipe(tmp_path)


def test_a_dry_run_shows_scripts_and_costs_and_writes_nothing(
    command: Any, recipe: Path, tmp_path: Path
) -> None:
    cluster = write_cluster(tmp_path, workers={"cores": 4, "max_jobs": 3})
    before = sorted(tmp_path.iterdir())
    done = command("submit", recipe, "--on", cluster, "-o", tmp_path / "st udy", "--dry-run")
    assert done.exit_code == 0, done.output
    first = done.stdout.splitlines()[0]
    assert first.startswith("tiny: 12 calculations with chgnet, up to 3 at a time on 12 cores; ")
    assert first.endswith("can't estimate the core-hours")
    assert "llo_dft.cli.main drive '" in done.stdout
    assert "distributed.cli.dask_worker tls://ADDRESS-OF-THE-DRIVER --name worker-0" in done.stdout
    assert sorted(tmp_path.iterdir()) == before


def test_a_dry_run_of_vasp_names_the_dearest(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = write_recipe(tmp_path, engine={"name": "vasp"}, oxygen={"scheme": "none"})
    monkeypatch.setenv("LLO_DFT_VASP_CYCLE", "1920,80000,640,2,2")
    done = command("submit", recipe, "-o", "x", "--on", write_cluster(tmp_path), "--dry-run")
    assert done.exit_code == 0, done.output
    first, then, *rows = done.stdout.splitlines()
    assert then == "the 10 most expensive of 12 calculations, all runs of each:"
    found = [
        re.fullmatch(r"  \S+ +([\d.]+)%  about ([\d.]+) core-hours \(\S+ to \S+\)", row)
        for row in rows[:10]
    ]
    shares = [float(match[1]) for match in found if match is not None]
    assert len(shares) == 10
    assert shares == sorted(shares, reverse=True)
    middle, least, most = map(float, re.findall(r"[\d.]+", first.partition("about")[2]))
    assert least < middle < most
    assert middle > sum(float(match[2]) for match in found if match is not None) / 1.01


def test_without_a_timing_the_dearest_have_shares_alone(
    plan: StudyPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LLO_DFT_VASP_CYCLE", raising=False)
    prepared: Any = SimpleNamespace(plan=plan, engine=engine_of("vasp"))
    told, (_, *rows) = _program_cost(prepared)
    assert told.startswith("core-hours need one timing ('llo-dft doctor --calibrate RUN')")
    assert all(re.fullmatch(r"  \S+ +[\d.]+%", row) for row in rows)


def test_a_driver_imports_nothing_from_the_folder_that_it_is_in(tmp_path: Path) -> None:
    # its job starts among the logs, STUDY/cluster: what somebody planted there must not run
    (tmp_path / "typer.py").write_text("raise SystemExit('planted')", encoding="utf-8")
    planted = subprocess.run(
        [sys.executable, "-m", "llo_dft.cli.main", "--version"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert planted.stderr == "planted\n"  # else the next line would show nothing
    command = [*driver_command(sys.executable), "--version"]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout.startswith("llo-dft ")


def test_core_hours_where_the_engine_can_tell(
    command: Any, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 1 s for each evaluation of an atom
    monkeypatch.setattr(SlowEngine, "seconds_per_atom", lambda *_: 1.0)
    done = command("submit", recipe, "--on", write_cluster(tmp_path), "-o", "x", "--dry-run")
    hours = float(done.stdout.partition("about ")[2].partition(" core-hours")[0])
    # nine slabs of 24 atoms or less with 36 evaluations each, and three small crystals
    assert 1.6 < hours < 2.4


@pytest.mark.parametrize("name", ["run", "submit"])
def test_cluster_files_that_can_not_be_used(
    command: Any, name: str, recipe: Path, tmp_path: Path
) -> None:
    assert "there is no cluster file none.yaml" in one_line(
        command(name, recipe, "--on", "none.yaml", "-o", "x")
    )
    broken = write_cluster(tmp_path, workers={"cores": 0})
    assert "workers.cores = 0" in one_line(command(name, recipe, "--on", broken, "-o", "x"))
    assert not (tmp_path / "x").exists()


def test_a_cluster_without_a_driver_takes_no_submission(
    command: Any, recipe: Path, tmp_path: Path
) -> None:
    cluster = write_cluster(tmp_path)
    fields = json.loads(cluster.read_text())
    del fields["driver"]
    cluster.write_text(json.dumps(fields))
    done = command("submit", recipe, "--on", cluster, "-o", "x")
    assert "the cluster file has no table 'driver'; expected its cores" in one_line(done)


def test_the_number_of_workers_is_the_cluster_files(
    command: Any, recipe: Path, tmp_path: Path
) -> None:
    done = command("run", recipe, "--on", write_cluster(tmp_path), "-o", "x", "--workers", "4")
    assert "--workers is for this machine; the file of a cluster sets how many" in one_line(done)


def test_without_dask_it_is_said_what_to_install(
    command: Any, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    for name in ("run", "submit"):
        done = command(name, recipe, "--on", write_cluster(tmp_path), "-o", "x")
        assert "pip install 'llo-dft[dask]'" in one_line(done)


@pytest.mark.parametrize("name", ["run", "submit"])
def test_a_machine_that_submits_no_jobs(
    command: Any, name: str, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = command(name, recipe, "--on", write_cluster(tmp_path), "-o", tmp_path / "x")
    assert done.exit_code == 2
    missing = {"run": "squeue", "submit": "sbatch"}[name]
    assert f"llo-dft: {missing} is not on the PATH; run this on a machine that" in done.stderr
    assert not (tmp_path / "x" / "submit.json").exists()
    assert not list((tmp_path / "x" / "cluster").glob("tls-*"))


def test_cancel_without_a_submission(command: Any, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    assert "x was not submitted; use 'llo-dft submit'" in one_line(command("cancel", "x"))
    assert "was not submitted" in one_line(command("cancel", "none"))


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


def one_vacancy(folder: Path, **sections: dict[str, object]) -> Path:
    return write_recipe(
        folder,
        delithiation={"fractions": [1.0]},
        vacancies={"environments": ["2TM+1Li"], "per_environment": 1},
        **sections,
    )


def test_a_study_from_submit_to_collect(
    command: Command, server: StoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llo_dft.study.run_study.engine_from", ProgramEngine)
    file = project_file(tmp_path, server)
    recipe = one_vacancy(tmp_path)
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
    assert "5 calculations and 4 small jobs for project lab" in shown.stdout
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
        "rerun: bare_x1.0000, and the jobs that depend on it\n"
    )
    _drive(file)
    assert command("retry", "study").stdout == "nothing failed\n"
    assert command("status", "study").exit_code == 0
    assert command("collect", "study").exit_code == 0
    assert "none of its jobs was in the queue" in command("cancel", "study").stdout
    assert server.database["jobs"].count_documents({}) == 0


@pytest.mark.slow
def test_each_cell_of_a_study_is_submitted_and_run_puts_them_beside_each_other(
    command: Command, server: StoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llo_dft.study.run_study.engine_from", ProgramEngine)
    file = project_file(tmp_path, server)
    recipe = one_vacancy(tmp_path, study={"wider": [[1, 2]]})
    done = command("submit", recipe, "--project", "lab", "-o", "study")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("9 jobs are in the queue of project lab") == 2
    assert f"'llo-dft run {recipe} -o study' combines their results" in done.stdout
    refused = command("run", recipe, "-o", "study")
    assert "ordering-1 was submitted to jobflow-remote" in refused.stderr
    both = command("status", "study")
    assert both.exit_code == 1
    assert "ordering-1" in both.stdout
    assert "wider-1x2" in both.stdout
    _drive(file)
    before = len(list((tmp_path / "study").glob("*/calculations/*")))
    spread = command("run", recipe, "-o", "study", "--json", "--workers", "1")
    assert spread.exit_code == 0, spread.output
    assert len(json.loads(spread.stdout)["cells"]) == 2
    assert len(list((tmp_path / "study").glob("*/calculations/*"))) == before
    assert "none of its jobs was in the queue" in command("cancel", "study").stdout
    assert server.database["jobs"].count_documents({}) == 0


def test_the_coatings_of_a_screen_are_submitted_one_by_one(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llo_dft.study.run_study.engine_from", SlowEngine)
    recipe = write_screen_recipe(tmp_path, {"flat": FLAT, "step": STEP})
    cluster = write_cluster(tmp_path)
    done = command("submit", recipe, "--on", cluster, "-o", tmp_path / "s", "--dry-run")
    assert done.exit_code == 0, done.output
    for name in ("flat", "step"):
        assert f"drive {tmp_path / 's' / name}" in done.stdout
    whole = ("--start-from", tmp_path, "--dry-run")
    refused = command("submit", recipe, "--on", cluster, "-o", tmp_path / "s", *whole)
    assert "--start-from: no single study can start" in one_line(refused)


@pytest.mark.slow
def test_a_coating_takes_over_what_another_of_its_screen_computed_of_the_bare_slab(
    command: Command, server: StoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llo_dft.study.run_study.engine_from", ProgramEngine)
    file = project_file(tmp_path, server)
    recipe = write_screen_recipe(tmp_path, {"flat": FLAT, "step": STEP})
    submit = ("submit", recipe, "--project", "lab", "-o", "s")
    assert "--only stp: expected flat, step" in one_line(command(*submit, "--only", "stp"))
    assert command(*submit, "--only", "flat").exit_code == 0
    assert not (tmp_path / "s" / "step").exists()
    _drive(file)
    done = command(*submit, "--only", "step")
    assert done.exit_code == 0, done.output
    flat, step = (
        CalculationCache(tmp_path / "s" / name / "calculations") for name in ("flat", "step")
    )
    of_bare = {one.key for one in flat.journal() if not one.label.startswith(OF_ONE_COATING)}
    assert len(of_bare) > 3
    assert {key for key in of_bare if step.has_completed(key)} == of_bare
    assert step.n_completed() == len(of_bare) < flat.n_completed()
    _drive(file)
    reused = [one.key for one in step.journal() if one.event == "reused"]
    assert set(reused) >= of_bare
    assert not of_bare & {one.key for one in step.journal() if one.event == "completed"}


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
    assert "there is no 'cell_relaxation' in metadata" in done.stderr
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(("hours", "text"), [(0.0021, "0.002"), (0.1, "0.1"), (1234.56, "1234.6")])
def test_a_study_of_seconds_is_not_said_to_take_no_core_hours(hours, text):
    assert _hours(hours) == text
