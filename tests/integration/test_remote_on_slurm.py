"""The same project files on a real Slurm, driven by jobflow-remote's own runner."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from remote_study import change_project

from llo_dft.study.remote.rerun import retry_study
from llo_dft.study.remote.submit_project import cancel_study
from llo_dft.study.study_files import read_results
from llo_dft.submit.remote.project import load_project
from llo_dft.testing.fake_engine import fault_name

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from remote_study import RemoteStudy
    from slurm import LocalSlurm
    from store_server import StoreServer
    from study_fixtures import MakeRemote

    from llo_dft.documents.plan import StudyPlan

pytestmark = pytest.mark.slurm

PATIENCE_S = 900.0


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small jobs, which run where the runner is, find the fake engine."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1] / "helpers"))


def wait_until(what: str, holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.2)


@contextmanager
def runner_of(study: RemoteStudy) -> Iterator[subprocess.Popen[bytes]]:
    """Jobflow-remote's runner in a process of its own, which is killed at the end at the latest."""
    process = study.start_runner()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def running(slurm: LocalSlurm, name: str) -> list[str]:
    return [job.id for job in slurm.jobs(name) if job.state == "RUNNING"]


def assert_nothing_twice(study: RemoteStudy, n_interrupted: int) -> None:
    """Every calculation was completed once; those begun again were interrupted before."""
    events = Counter(study.journal)
    labels = study.prepared.plan.labels
    assert [events["completed", label] for label in labels] == [1] * len(labels)
    assert sum(study.n_started.values()) - len(labels) == n_interrupted


@pytest.mark.slow
@pytest.mark.usefixtures("spoken")
def test_runner_and_job_are_killed_and_nothing_is_lost_or_done_twice(
    slurm: LocalSlurm, make_remote: MakeRemote, local_results: Path
) -> None:
    study = make_remote(seconds=15.0)
    study.submit()
    with runner_of(study) as runner:
        wait_until("a calculation", lambda: running(slurm, "bulk") and "bulk" in study.n_started)
        runner.kill()
    # without a runner the calculation goes on to its end, and another runner takes it up
    wait_until("its end", lambda: ("completed", "bulk") in study.journal)
    retry_study(study.folder, 0.0)  # what the runner held, if it was killed in that moment
    with runner_of(study):
        wait_until("the next one", lambda: "bare_x1.0000" in study.n_started)
        slurm.cancel(*running(slurm, "bare_x1.0000"))
        wait_until("word of it", lambda: study.status.counts["failed"] == 1)
        broken = next(one for one in study.status.calculations if one.status == "failed")
        assert broken.label == "bare_x1.0000"
        assert "CANCELLED" in broken.reason
        assert retry_study(study.folder, 600.0).rerun == ["bare_x1.0000"]
        wait_until("the results", study.folder.results.is_file)
    assert study.results() == (local_results / "results.json").read_bytes()
    assert_nothing_twice(study, 1)


@pytest.mark.slow
@pytest.mark.usefixtures("slurm", "spoken")
def test_a_job_that_reaches_its_walltime_says_so_and_gets_more(
    make_remote: MakeRemote, small_plan: StudyPlan, local_results: Path
) -> None:
    host = small_plan.host_structure(small_plan.hosts[1])
    study = make_remote(**{fault_name("slab_relax", host): "sleep"})
    change_project(study.project.file, lambda project: _walltime(project, "00:01:00"))
    study = type(study)(study.prepared, load_project(str(study.project.file)))
    study.submit()
    study.drive()
    broken = next(one for one in study.status.calculations if one.status == "failed")
    assert broken.label == "bare_x0.5714"
    assert "DUE TO TIME LIMIT" in broken.reason
    assert not study.folder.results.exists()
    study.mend()
    change_project(study.project.file, lambda project: _walltime(project, "00:20:00"))
    assert retry_study(study.folder, 600.0).rerun == ["bare_x0.5714"]
    study.drive()
    assert study.results() == (local_results / "results.json").read_bytes()
    assert_nothing_twice(study, 1)


@pytest.mark.slow
@pytest.mark.usefixtures("slurm", "spoken")
def test_what_a_budget_chooses_goes_to_the_queue(budgeted: RemoteStudy) -> None:
    budgeted.submit()
    budgeted.drive()
    assert budgeted.status.is_complete
    (host,) = read_results(budgeted.folder.results).hosts
    assert [one.predicted is None for one in host.vacancies].count(False) == 1


def _walltime(project: dict[str, Any], walltime: str) -> None:
    for kind in project["metadata"]["llo_dft"]["job_types"].values():
        for size in kind.get("sizes", []):
            size["walltime"] = walltime


@pytest.mark.slow
@pytest.mark.usefixtures("spoken")
def test_a_job_that_came_into_the_queue_twice_is_computed_once(
    slurm: LocalSlurm, make_remote: MakeRemote, server: StoreServer, local_results: Path
) -> None:
    study = make_remote(seconds=20.0)
    study.submit()
    with runner_of(study) as runner:
        wait_until("a calculation", lambda: "bulk" in study.n_started)
        runner.kill()
        # as if it had been killed between submitting the job and noting that it did
        server.database["jobs"].update_one(
            {"job.name": "bulk"}, {"$set": {"state": "UPLOADED", "remote.process_id": None}}
        )
        retry_study(study.folder, 0.0)
    with runner_of(study):
        wait_until("the second", lambda: len(slurm.jobs("bulk")) == 2)
        wait_until("the results", study.folder.results.is_file)
    assert study.results() == (local_results / "results.json").read_bytes()
    assert_nothing_twice(study, 0)


@pytest.mark.slow
@pytest.mark.usefixtures("spoken")
def test_what_is_taken_out_of_the_queue_ends_and_goes_on_when_submitted_again(
    slurm: LocalSlurm, make_remote: MakeRemote, local_results: Path
) -> None:
    study = make_remote(seconds=15.0)
    study.submit()
    with runner_of(study):
        wait_until("a calculation", lambda: running(slurm, "bulk") and "bulk" in study.n_started)
        processes = cancel_study(study.folder)
        assert set(running(slurm, "bulk")) <= set(processes)
        wait_until("an empty queue", lambda: not slurm.jobs())
        n_interrupted = sum(study.n_started.values()) - len(
            [event for event, _ in study.journal if event == "completed"]
        )
        study.submit()
        wait_until("the results", study.folder.results.is_file)
    assert study.results() == (local_results / "results.json").read_bytes()
    assert_nothing_twice(study, n_interrupted)
