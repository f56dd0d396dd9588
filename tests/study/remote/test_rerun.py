"""What broke or failed runs again, with what it asks for now; what is computed stays computed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from remote_study import change_project

from llo_dft.errors import InputError
from llo_dft.study.remote.rerun import retry_study
from llo_dft.study.remote.submission_record import require_submission
from llo_dft.study.remote.submit_project import collect_now
from llo_dft.submit.remote.project import load_project
from llo_dft.testing.fake_engine import fault_name

if TYPE_CHECKING:
    from pathlib import Path

    from remote_study import RemoteStudy
    from store_server import StoreServer
    from study_fixtures import MakeRemote

    from llo_dft.study.study_status import CalculationStatus

NEVER = 1e9
HOST = "bare_x1.0000"


def states(study: RemoteStudy) -> dict[str, CalculationStatus]:
    return {one.label: one for one in study.status.calculations}


def test_a_job_that_was_killed_is_named_and_runs_again_with_all_that_waits_for_it(
    make_remote: MakeRemote, server: StoreServer, local_results: Path
) -> None:
    study = make_remote()
    study.submit()
    study.drive_here(HOST)
    found = states(study)
    assert found[HOST].status == "failed"
    assert "likely killed" in (found[HOST].reason or "") or "not present" in (
        found[HOST].reason or ""
    )
    assert found[HOST].folder is not None
    assert found[HOST].folder.startswith(str(study.folder.path.parent / "work"))
    assert found["bulk"].status == "completed"
    assert found[f"{HOST}_vac_O19"].status == "pending"
    assert found[f"{HOST}_vac_O19"].reason == "it waits for others"
    assert not study.folder.results.exists()

    # before it is mended, what there is can be had
    record = require_submission(study.folder.path)
    partial = collect_now(study.folder, study.project, record)
    assert partial.counts == {"completed": 3, "missing": 4}
    reasons = {one.label: one.reason for one in partial.calculations}
    assert reasons[HOST] == found[HOST].reason
    assert reasons["bare_x0.5714"] == "it waits for others"

    change_project(study.project.file, _longer)
    done = retry_study(study.folder, NEVER)
    assert (done.rerun, done.left, done.freed) == ([HOST], {}, [])
    asked = {job["job"]["name"]: job for job in server.database["jobs"].find()}
    assert asked[HOST]["resources"]["time"] == "77:00:00"
    assert asked["bare_x0.5714"]["resources"]["time"] == "77:00:00"
    assert asked["bulk"]["resources"]["time"] != "77:00:00"
    end = asked[HOST]["exec_config"]["export"]["LLO_DFT_JOB_END_TIME"]
    assert end == f"$(($(date +%s) + {77 * 3600}))"
    study.drive_here()
    assert study.results() == (local_results / "results.json").read_bytes()
    assert set(study.n_started.values()) == {1}
    assert retry_study(study.folder, NEVER).rerun == []


def _longer(project: dict[str, Any]) -> None:
    types = project["metadata"]["llo_dft"]["job_types"]
    for size in types["slab_relaxation"]["sizes"]:
        size["walltime"] = "77:00:00"


def test_a_calculation_that_failed_runs_again_and_what_was_skipped_for_it(
    make_remote: MakeRemote, small_plan: Any, local_results: Path
) -> None:
    host = small_plan.hosts[0]
    study = make_remote(**{fault_name("slab_relax", small_plan.host_structure(host)): "raise"})
    study.submit()
    study.drive_here()
    status = study.status
    # the queue has nothing to complain of: its jobs came to their end, and wrote what there is
    assert set(status.queue.states) == {"COMPLETED"}
    assert (status.counts["failed"], status.counts["skipped"]) == (1, 3)
    found = states(study)
    assert found[HOST].reason == "RuntimeError: the cluster is on fire"
    assert found["bare_x0.5714"].reason == f"{HOST} failed: RuntimeError: the cluster is on fire"
    results = json.loads(study.results())
    assert results["counts"] == {"completed": 3, "failed": 1, "skipped": 3}

    study.mend()
    assert retry_study(study.folder, NEVER).rerun == [HOST]
    study.drive_here()
    assert study.results() == (local_results / "results.json").read_bytes()
    assert study.n_started == {
        label: 2 if label == HOST else 1 for label in study.prepared.plan.labels
    }


def test_what_follows_from_it_must_not_be_at_work(
    make_remote: MakeRemote, server: StoreServer, small_plan: Any
) -> None:
    host = small_plan.hosts[1]
    vacancy = small_plan.vacancy_structure(host, host.vacancies[0])
    study = make_remote(**{fault_name("slab_relax", vacancy): "unconverged"})
    study.submit()
    study.drive_here()
    label = host.vacancy_label(host.vacancies[0])
    jobs = server.database["jobs"]
    jobs.update_one({"job.name": "write_results"}, {"$set": {"state": "RUNNING"}})
    done = retry_study(study.folder, NEVER)
    assert done.rerun == []
    assert list(done.left) == [label]
    assert "write_results" in done.left[label]


def test_jobs_that_a_killed_runner_held_are_freed(
    make_remote: MakeRemote, server: StoreServer
) -> None:
    study = make_remote()
    study.submit()
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    held = {"$set": {"lock_id": "of a runner", "lock_time": long_ago}}
    jobs, flows = server.database["jobs"], server.database["flows"]
    jobs.update_one({"job.name": "bulk"}, held)
    flows.update_one({}, held)
    assert study.status.queue.held == ["bulk"]
    assert "seems to have been killed" in "".join(study.status.queue.lines())
    # one that is at work keeps what it holds
    assert retry_study(study.folder, 7200.0).freed == []
    assert jobs.find_one({"job.name": "bulk"})["lock_id"] == "of a runner"
    assert retry_study(study.folder, 600.0).freed == ["bulk"]
    assert jobs.find_one({"job.name": "bulk"})["lock_id"] is None
    assert flows.find_one({})["lock_id"] is None


def test_a_study_that_the_database_forgot_is_told(
    make_remote: MakeRemote, server: StoreServer
) -> None:
    study = make_remote()
    study.submit()
    server.database["jobs"].delete_many({})
    with pytest.raises(InputError, match=r"no longer knows this study.*llo-dft cancel"):
        retry_study(study.folder, NEVER)
    assert "no longer knows this study" in study.status.queue.reason


def test_a_project_that_is_gone_is_told(make_remote: MakeRemote) -> None:
    study = make_remote()
    study.submit()
    study.project.file.unlink()
    with pytest.raises(InputError, match="there is no project file"):
        retry_study(study.folder, NEVER)
    with pytest.raises(InputError, match=r"there is no project 'lab' in .*which has none"):
        load_project("lab")
