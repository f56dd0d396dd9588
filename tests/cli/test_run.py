"""llo-dft run on a cluster, and the round of a driver that is llo-dft drive."""

from __future__ import annotations

import json
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import typer
from cluster_studies import write_cluster
from slow_engine import SlowEngine
from studies import write_recipe

from llo_dft.cli import run as run_command
from llo_dft.study.folder import StudyFolder
from llo_dft.submit.dask.cluster_config import load_cluster
from llo_dft.submit.dask.driver import Submission, record_file
from llo_dft.submit.interruption import Interruption
from llo_dft.submit.records import read_record, write_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("llo_dft.study.run_study.engine_from", SlowEngine)
    return write_recipe(tmp_path)


class Result:
    """A result, in as much as the command line asks."""

    def __init__(self, *, complete: bool) -> None:
        self.is_complete = complete

    def model_dump(self, mode: str) -> dict[str, Any]:
        assert mode == "json"
        return {"complete": self.is_complete}


def test_an_interrupted_run_says_that_it_resumes(
    recipe: Path, command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("llo_dft.cli.run.run_study", interrupted)
    done = command("run", recipe, "-o", "study")
    assert done.exit_code not in {0, 1, 2}
    assert (
        done.stderr.splitlines()[-1] == "llo-dft: interrupted; run the same command again to resume"
    )


@pytest.mark.parametrize(("complete", "status"), [(True, 0), (False, 1)])
def test_a_result_says_by_its_exit_whether_it_is_complete(
    complete: bool,  # noqa: FBT001
    status: int,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    with pytest.raises(typer.Exit) as exited:
        run_command.print_result(Result(complete=complete), tmp_path, as_json=True)
    assert exited.value.exit_code == status
    assert json.loads(capsys.readouterr().out) == {"complete": complete}


def test_workers_are_known_by_the_folder_behind_a_link(
    command: Any, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []

    @contextmanager
    def workers(config: object, folder: Path, *_: object) -> Iterator[None]:
        del config
        seen.append(folder)
        raise Interruption(signal.SIGTERM)
        yield

    monkeypatch.setattr("llo_dft.cli.run.dask_workers", workers)
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for output in ("real/study", "link/study"):
        done = command("run", recipe, "--on", write_cluster(tmp_path), "-o", tmp_path / output)
        assert done.exit_code == 128 + signal.SIGTERM
        assert "llo-dft: Terminated; run the same command again to resume" in done.stderr
    assert seen == [tmp_path / "real" / "study" / "cluster"] * 2


@pytest.fixture
def submitted(recipe: Path, tmp_path: Path) -> Path:
    """The folder of a study that was submitted."""
    from llo_dft.recipe import load_recipe

    study = StudyFolder(tmp_path / "study")
    with study.lock():
        study.claim(load_recipe(recipe))
    submission = Submission(
        title="llo-dft tiny",
        recipe_folder=str(tmp_path),
        config=load_cluster(write_cluster(tmp_path)),
        command=["true"],
        jobs=["6"],
    )
    write_record(record_file(study.path), submission)
    return study.path


def test_a_round_runs_the_study_and_exits_by_its_result(
    command: Any, submitted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llo_dft.submit.batch.BatchSystem.submit_script", lambda *_: "7")
    cancelled: list[list[str]] = []
    monkeypatch.setattr(
        "llo_dft.submit.batch.BatchSystem.cancel_jobs", lambda _, ids: cancelled.append(ids)
    )
    monkeypatch.setattr(run_command, "run_on_cluster", lambda *_: Result(complete=False))
    done = command("drive", submitted)
    assert done.exit_code == 1, repr(done.exception)
    assert done.stderr == f"{submitted}: completed\n"
    assert cancelled == [["7"]]
    assert read_record(record_file(submitted), Submission).status == "completed"
    again = command("drive", submitted)
    assert (again.exit_code, again.stderr) == (0, f"{submitted}: nothing to do: completed; \n")


def test_a_round_of_no_study_is_one_line(command: Any, tmp_path: Path) -> None:
    done = command("drive", tmp_path)
    assert done.exit_code == 2
    assert "was not submitted; use 'llo-dft submit'" in done.stderr
