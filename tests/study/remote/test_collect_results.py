"""From the queue back into the folder: the last job, and results before or without it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from llo_dft.calculations.cache import CalculationCache
from llo_dft.study.remote.collect_results import collect_now, last_job
from llo_dft.study.remote.submission_record import require_submission

if TYPE_CHECKING:
    from pathlib import Path

    from study_fixtures import MakeRemote


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
    from llo_dft.study.planning.assemble import make_flow

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
