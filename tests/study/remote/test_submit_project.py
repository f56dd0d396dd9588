"""A study through jobflow-remote: the same files as after a run here, and every job as it is to be.

The jobs are driven by jobflow-remote's own runner; only the scheduler's part is played. What a real
Slurm makes of them is in test_remote_slurm.py.
"""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bson
import pytest
from cluster_studies import NASTY, files_with
from remote_study import SECRET, change_project

from llo_dft.calculations.cache import CalculationCache
from llo_dft.errors import InputError
from llo_dft.study.folder import StudyFolder
from llo_dft.study.remote.rerun import retry_study
from llo_dft.study.remote.submission_record import (
    check_not_submitted,
    read_submission,
    require_submission,
)
from llo_dft.study.remote.submit_project import (
    cancel_study,
    collect_now,
    last_job,
    prepare_submission,
)
from llo_dft.study.run_study import run_study
from llo_dft.study.study_files import read_results
from llo_dft.submit.remote.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

    from remote_study import RemoteStudy
    from store_server import StoreServer
    from study_fixtures import MakeRemote

NEVER = 1e9


def test_it_leaves_what_a_run_here_leaves(
    make_remote: MakeRemote, server: StoreServer, local_results: Path, tmp_path: Path
) -> None:
    study = make_remote(NASTY)
    study.submit()
    assert study.status.counts["pending"] == study.prepared.plan.n_calculations
    study.drive_here()
    assert study.status.is_complete
    assert study.results() == (local_results / "results.json").read_bytes()
    for name in ("results.csv", "plan.json", "manifest.json"):
        assert (study.folder.path / name).read_bytes() == (local_results / name).read_bytes()
    there = {file.name for file in local_results.iterdir()} | {"remote.json"}
    assert {file.name for file in study.folder.path.iterdir()} == there
    assert set(study.n_started.values()) == {1}
    assert len(study.n_started) == study.prepared.plan.n_calculations
    # the folder's name was read by no shell, and the password is in no file and no document
    assert not list(tmp_path.rglob("planted"))
    assert files_with(SECRET, tmp_path) == []
    documents = list(server.documents())
    assert not [document for document in documents if SECRET in repr(document)]
    # MongoDB would take them: text as keys, and at most 16 MiB
    assert max(len(bson.encode(document)) for document in documents) < 16 * 1024**2


def test_each_job_asks_for_what_its_type_and_cell_need(make_remote: MakeRemote) -> None:
    study = make_remote()
    change_project(study.project.file, _two_sizes)
    project = load_project(str(study.project.file))
    submission = prepare_submission(study.prepared, project, None)
    asked = {r.job.label or r.job.name: r for r in submission.wanted}
    bulk, host = asked["bulk"], asked["bare_x1.0000"]
    assert (bulk.job.type, host.job.type) == ("cell_relaxation", "slab_relaxation")
    assert asked["O2"].job.type == "slab_relaxation"
    assert (asked["O2"].job.atoms, bulk.job.atoms) == (2, len(study.prepared.plan.bulk))
    assert asked["bare_x1.0000_vac_O19"].job.atoms == host.job.atoms - 1
    assert asked["O2"].size != host.size
    light = [r for r in submission.wanted if r.job.label is None]
    assert {(r.worker, r.size) for r in light} == {("login", None)}
    assert len(light) == len(submission.wanted) - study.prepared.plan.n_calculations
    for job, _ in submission.flow.iterflow():
        request = next(r for r in submission.wanted if r.job.id == job.uuid)
        config = job.config.manager_config
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_.+-]*", job.name)
        assert config["worker"] == request.worker
        if request.size is not None:
            assert config["resources"]["qverbatim"] == "#SBATCH --export=NONE"
            assert config["resources"]["partition"] == "main"
            assert config["resources"]["ntasks"] == request.size.ranks
            end = config["exec_config"]["export"]["LLO_DFT_JOB_END_TIME"]
            assert end == f"$(($(date +%s) + {request.size.walltime}))"


def _two_sizes(project: dict[str, Any]) -> None:
    kind = project["metadata"]["llo_dft"]["job_types"]["slab_relaxation"]
    size = {"cores": 1, "ranks": 1, "memory": "1 GB", "walltime": "00:10:00"}
    kind["sizes"] = [size | {"up_to_atoms": 2}, size | {"walltime": "01:00:00"}]


def test_another_worker_takes_the_calculations_alone(make_remote: MakeRemote) -> None:
    study = make_remote()
    wanted = prepare_submission(study.prepared, study.project, "cpu").wanted
    assert {r.worker for r in wanted if r.job.label is not None} == {"cpu"}
    assert {r.worker for r in wanted if r.job.label is None} == {"login"}
    with pytest.raises(InputError, match=r"no 'gpus' in workers; it has login, cpu, mpi"):
        prepare_submission(study.prepared, study.project, "gpus")


def test_it_is_submitted_once_and_can_be_taken_out_again(
    make_remote: MakeRemote, server: StoreServer
) -> None:
    study = make_remote()
    study.submit()
    with pytest.raises(InputError, match=r"was submitted to jobflow-remote .*retry.*cancel"):
        study.submit()
    assert cancel_study(study.folder) == []  # nothing had come to the scheduler yet
    assert read_submission(study.folder.path) is None
    check_not_submitted(study.folder.path)
    assert server.database["jobs"].count_documents({}) == 0
    assert server.database["flows"].count_documents({}) == 0
    study.submit()
    assert len(study.status.queue.states) > 0
    with pytest.raises(InputError, match="was not submitted to a project"):
        cancel_study(StudyFolder(study.folder.path / "calculations"))


def test_a_database_that_refuses_leaves_nothing(
    make_remote: MakeRemote, server: StoreServer
) -> None:
    study = make_remote()
    server.database["jobs"].insert_one({"uuid": "somebody else's"})
    with pytest.raises(InputError, match="has jobs but not jobflow-remote's own records"):
        study.submit()
    assert not study.folder.path.exists()


def test_a_database_out_of_reach_is_told_and_leaves_the_folder_readable(
    make_remote: MakeRemote,
) -> None:
    study = make_remote()
    study.submit()

    def nobody_listens(project: dict[str, Any]) -> None:
        project["queue"]["store"] = {
            "@module": "llo_dft.submit.remote.mongo_store",
            "@class": "EnvironmentMongoStore",
            "database": "llo",
            "collection_name": "jobs",
            "port": 1,
            "mongoclient_kwargs": {"serverSelectionTimeoutMS": 50},
        }

    change_project(study.project.file, nobody_listens)
    status = study.status
    assert status.counts["missing"] == len(status.calculations)  # so far as the folder knows
    assert "can't be reached" in status.queue.reason
    assert "see host, port and tls" in status.queue.lines()[0]
    json.dumps(status.as_json())


def test_the_last_job_follows_all_calculations_and_writes_the_files_of_a_run_here(
    make_remote: MakeRemote, local_results: Path
) -> None:
    study = make_remote()
    study.submit()
    study.drive_here()
    assert study.results() == (local_results / "results.json").read_bytes()
    assert not list(study.folder.calculations.glob(".partial-*"))


def test_the_last_job_runs_though_calculations_broke(make_remote: MakeRemote) -> None:
    from jobflow import OnMissing

    study = make_remote()
    from llo_dft.study.run_study import make_flow

    prepared = study.prepared
    flow = make_flow(prepared.plan, prepared.engine, study.folder.calculations)
    job = last_job(flow, study.folder)
    assert job.config.on_missing_references == OnMissing.NONE
    assert job.function_args[0] == str(study.folder.path.resolve())
    assert set(job.input_uuids) <= set(flow.job_uuids)


def test_what_there_is_can_be_had_with_the_reasons_of_what_there_is_not(
    make_remote: MakeRemote,
) -> None:
    study = make_remote()
    study.submit()
    record = require_submission(study.folder.path)
    result = collect_now(study.folder, study.project, record)
    assert result.counts == {"missing": study.prepared.plan.n_calculations}
    reasons = {one.reason for one in result.calculations}
    assert reasons == {"it waits for others", "it is in the queue"}
    assert json.loads(study.results())["counts"] == result.counts
    # and the study goes on as if nobody had looked
    study.drive_here()
    assert study.status.is_complete
    assert CalculationCache(study.folder.calculations).n_completed() == len(result.calculations)


def test_a_budget_chooses_in_the_queue_what_it_chooses_here(
    budgeted: RemoteStudy, tmp_path: Path
) -> None:
    study = budgeted
    study.submit()
    study.drive_here()
    there = replace(study.prepared, folder=StudyFolder(tmp_path / "here"))
    here = run_study(there, workers=1, executor=nullcontext(lambda: ThreadPoolExecutor(1)))
    assert [len(host.predicted) for host in here.hosts] == [1]
    assert read_results(study.folder.results) == here
    assert study.status.is_complete
    assert retry_study(study.folder, NEVER).left == {}


@pytest.mark.slow
def test_what_a_budget_chose_and_was_killed_is_tried_when_submitted_again(
    budgeted: RemoteStudy,
) -> None:
    study = budgeted
    study.submit()
    first = study.prepared.plan.hosts[0]
    killed = first.vacancy_label(first.vacancies[0])
    study.drive_here(f"calculate {killed}")
    assert {one.label: one.status for one in study.status.calculations}[killed] == "failed"
    left = retry_study(study.folder, NEVER).left
    assert re.search(r"'llo-dft cancel' and submit the study again", left[killed])
    cancel_study(study.folder)
    study.submit()
    study.drive_here()
    assert study.status.is_complete
    assert set(study.n_started.values()) == {1}
