"""What jobs ask for: by their type and the size of their cell, and how long that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from slow_engine import ProgramEngine, SlowEngine
from studies import tiny_recipe

from llo_dft.errors import InputError
from llo_dft.resources import resource_path
from llo_dft.study.planning.estimate import calculation_work
from llo_dft.study.remote.job_requests import (
    ask,
    core_hours,
    jobs_of_budget,
    requests,
    submitted_jobs,
)
from llo_dft.study.run_study import make_flow
from llo_dft.submit.remote.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

    from jobflow import Flow

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.submit.remote.project import RemoteProject


@pytest.fixture(scope="module")
def project() -> RemoteProject:
    return load_project(str(resource_path("hpc_configs", "jobflow_remote_slurm.yaml")))


@pytest.fixture
def engine() -> ProgramEngine:
    return ProgramEngine(tiny_recipe().engine)


@pytest.fixture
def flow(plan: StudyPlan, engine: ProgramEngine, tmp_path: Path) -> Flow:
    return make_flow(plan, engine, tmp_path / "calculations")


def test_every_calculation_has_the_type_of_its_kind_and_the_atoms_of_its_cell(
    flow: Flow, plan: StudyPlan, engine: ProgramEngine
) -> None:
    jobs = {job.label: job for job in submitted_jobs(flow, plan, engine) if job.label is not None}
    assert sorted(jobs) == sorted(plan.labels)
    assert (jobs["bulk"].type, jobs["bulk"].atoms) == ("cell_relaxation", len(plan.bulk))
    assert (jobs["O2"].type, jobs["O2"].atoms) == ("slab_relaxation", 2)
    host = plan.hosts[-1]
    vacancy = host.vacancy_label(host.vacancies[0])
    assert jobs[vacancy].atoms == jobs[host.label].atoms - len(host.vacancies[0].removed)


def test_all_calculations_of_a_potential_are_of_one_type(plan: StudyPlan, tmp_path: Path) -> None:
    engine = SlowEngine(tiny_recipe().engine)
    jobs = submitted_jobs(make_flow(plan, engine, tmp_path), plan, engine)
    assert {job.type for job in jobs if job.label is not None} == {"potential"}
    assert {job.type for job in jobs if job.label is None} <= {"light"}


def test_names_and_requests_are_written_into_the_jobs(
    flow: Flow, plan: StudyPlan, engine: ProgramEngine, project: RemoteProject
) -> None:
    wanted = requests(submitted_jobs(flow, plan, engine), project, None)
    ask(flow, wanted, [], project)
    by_id = {request.job.id: request for request in wanted}
    for job, _ in flow.iterflow():
        config: dict[str, Any] = job.config.manager_config
        request = by_id[job.uuid]
        assert " " not in job.name
        assert config["worker"] == request.worker == ("login" if request.size is None else "mpi")
        if request.size is not None:
            assert config["resources"]["ntasks"] == request.size.ranks
            assert config["exec_config"]["modules"] == ["intel/2023", "impi/2021", "vasp/6.4.2"]


def test_what_a_budget_chooses_asks_for_what_it_would_ask_for_without_one(
    plan: StudyPlan, engine: ProgramEngine, project: RemoteProject, tmp_path: Path
) -> None:
    assert jobs_of_budget(plan, engine) == []
    whole = make_flow(plan, engine, tmp_path)
    without = {one.label: one for one in submitted_jobs(whole, plan, engine)}
    plan = plan.model_copy(update={"budget": 2})
    potential = SlowEngine(tiny_recipe().engine)
    flow = make_flow(plan, engine, tmp_path, potential=potential)
    jobs = submitted_jobs(flow, plan, engine)
    kinds = {one.label: one.type for one in jobs if one.label is not None}
    assert {kinds[label] for label in plan.potential_labels} == {"potential"}
    later = jobs_of_budget(plan, engine)
    assert {one.label for one in later} == set(plan.labels) - kinds.keys()
    assert all(
        (one.type, one.atoms) == (without[one.label].type, without[one.label].atoms)
        for one in later
    )
    ask(flow, requests(jobs, project, None), requests(later, project, None), project)
    (first,) = [job for job, _ in flow.iterflow() if job.config_updates]
    assert first.config.manager_config["worker"] == "login"
    # the name of one is the beginning of another's
    for name in ("O1", "O12"):
        for update in [one for one in first.config_updates if one["name_filter"].endswith(name)]:
            assert update["config"]["manager_config"]["worker"] == "mpi"
    assert len(first.config_updates) == len(later)
    lengths = [len(one["name_filter"]) for one in first.config_updates]
    assert lengths == sorted(lengths)


def test_a_worker_of_ones_own_must_be_there(
    flow: Flow, plan: StudyPlan, engine: ProgramEngine, project: RemoteProject
) -> None:
    jobs = submitted_jobs(flow, plan, engine)
    chosen = requests(jobs, project, "gpu")
    assert {one.worker for one in chosen if one.job.label is not None} == {"gpu"}
    with pytest.raises(InputError, match="no 'tpu' in workers; it has login, cpu, mpi, gpu"):
        requests(jobs, project, "tpu")


def test_core_hours_are_the_projects_or_else_the_engines(
    flow: Flow,
    plan: StudyPlan,
    engine: ProgramEngine,
    project: RemoteProject,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = requests(submitted_jobs(flow, plan, engine), project, None)
    work = calculation_work(plan)
    # 200 core-seconds for an atom and a step, from the template
    expected = {label: work[label] * 200 / 3600 for label in plan.labels}
    assert core_hours(wanted, plan, None) == pytest.approx(expected)

    cpu = project.table.job_types["potential"]
    potential = [type(one)(one.job, cpu, "cpu", one.size) for one in wanted]
    assert core_hours(potential, plan, None) == {}
    for seconds, n_known in ((None, 0), (3.0, len(plan.labels))):
        monkeypatch.setattr(type(engine), "seconds_per_atom", lambda *_, s=seconds: s)
        found = core_hours(potential, plan, engine)
        assert len(found) == n_known
    assert found["bulk"] == pytest.approx(work["bulk"] * 3 / 3600)
