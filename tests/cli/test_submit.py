"""llo-dft run --on, submit and cancel: what they refuse, and what a dry run shows."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from cluster_studies import write_cluster
from slow_engine import SlowEngine
from studies import write_recipe

from llo_dft.cli.submit import driver_command

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


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
    # nine slabs of 24 atoms or less with 18 evaluations each, and three small crystals
    assert 0.7 < hours < 1.3


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
    assert "--workers is for this machine; how many workers a cluster has" in one_line(done)


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
    assert "x was not submitted: 'llo-dft submit' does it" in one_line(command("cancel", "x"))
    assert "was not submitted" in one_line(command("cancel", "none"))
