"""Examine a project of jobflow-remote: database, scheduler, programs, and walltimes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from llo_dft.documents.finding import Finding
from llo_dft.engines.registry import programs
from llo_dft.errors import InputError
from llo_dft.study.doctor.job_findings import (
    program_finding,
    program_findings,
    scheduler_finding,
    walltime_finding,
)
from llo_dft.study.remote.job_requests import core_hours
from llo_dft.study.remote.submit_project import prepare_submission
from llo_dft.submit.batch import BATCH_SYSTEMS
from llo_dft.submit.probe import ProbeError, why_not_writable
from llo_dft.submit.remote.project import load_project
from llo_dft.submit.remote.project_probe import find_program, run_as_job, try_header
from llo_dft.submit.remote.queue import open_queue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llo_dft.study.run_study import PreparedRun
    from llo_dft.submit.remote.job_types import JobType, JobTypeName
    from llo_dft.submit.remote.project import RemoteProject


def examine_project(name: str, prepared: PreparedRun | None) -> list[Finding]:
    """Look at everything that a project's jobs need.

    Parameters
    ----------
    name
        The project, or its file.
    prepared
        A study whose walltimes are held against an estimate; None: none are.
    """
    try:
        project = load_project(name)
    except InputError as error:
        return [Finding(f"project {name}", "missing", "it can't be used", str(error))]
    schedulers = list(_schedulers(project))
    answers = all(finding.state == "ok" for finding in schedulers)
    return [
        Finding(f"project {project.name}", "ok", str(project.file)),
        _database(project),
        *schedulers,
        *_folders(project),
        *(_headers(project) if answers else ()),
        *_programs(project),
        _walltimes(project, prepared),
    ]


def _database(project: RemoteProject) -> Finding:
    try:
        with open_queue(project) as queue:
            queue.check_writable()
    except InputError as error:
        return Finding("database", "missing", "it can't be used from here", str(error))
    return Finding("database", "ok", "it can be reached and written")


def _schedulers(project: RemoteProject) -> Iterator[Finding]:
    used = {str(worker.scheduler_type) for worker in project.settings.workers.values()}
    for scheduler in (name for name in BATCH_SYSTEMS if name in used):
        yield scheduler_finding(
            scheduler,
            "run the runner, and this, on a machine that submits jobs; see scheduler_type of "
            f"the workers in {project.file}",
        )


def _folders(project: RemoteProject) -> Iterator[Finding]:
    for folder in sorted({worker.work_dir for worker in project.settings.workers.values()}):
        closed = why_not_writable(folder)
        if closed is None:
            yield Finding(f"work_dir {folder}", "ok", "it can be written")
        else:
            yield Finding(
                f"work_dir {folder}",
                "missing",
                f"it can't be written: {closed}",
                f"choose another work_dir in {project.file}, one that the compute nodes see",
            )


def _headers(project: RemoteProject) -> Iterator[Finding]:
    """Have the scheduler check what the largest job of each type asks for."""
    for name, kind in project.table.job_types.items():
        what = f"a job of type {name}"
        try:
            worker = project.worker(kind.worker)
            size = kind.sizes[-1] if kind.sizes else None
            try_header(project, kind.worker, size)
        except InputError as error:
            yield Finding(what, "missing", "it can't be made", str(error))
        except ProbeError as error:
            yield Finding(
                what,
                "missing",
                f"refused: {error}",
                f"see workers.{kind.worker}.resources and metadata.llo_dft.job_types.{name} in "
                f"{project.file}",
            )
        else:
            if worker.scheduler_type == "slurm":
                yield Finding(what, "ok", f"Slurm would take it on worker {kind.worker}")


def _programs(project: RemoteProject) -> Iterator[Finding]:
    """Look at what a job finds, once for each environment."""
    seen: set[tuple[str, str | None]] = set()
    for name, kind in project.table.job_types.items():
        if name == "light" or (kind.worker, kind.program) in seen:
            continue
        seen.add((kind.worker, kind.program))
        yield from _program(project, name, kind)


def _program(project: RemoteProject, name: JobTypeName, kind: JobType) -> Iterator[Finding]:
    where = f"worker {kind.worker}"
    started = programs() if name != "potential" else []
    try:
        yield from program_findings(
            lambda: run_as_job(project, kind.worker, kind, ("doctor", "--json")),
            where,
            programs=started,
            python_remedy=(
                f"see workers.{kind.worker} and exec_config.{kind.program} in {project.file}; this "
                "package must be installed in the Python of execution_cmd"
            ),
            program_remedy=f"see exec_config.{kind.program} in {project.file}",
        )
    except InputError as error:
        yield Finding(where, "missing", "its environment can't be made", str(error))
        return
    for program in started:
        yield program_finding(
            partial(find_program, project, kind.worker, kind, program.variable),
            program,
            where,
            f"see modules and {program.variable} of exec_config.{kind.program} in {project.file}",
        )


def _walltimes(project: RemoteProject, prepared: PreparedRun | None) -> Finding:
    what = "walltimes"
    if prepared is None:
        return Finding(
            what,
            "optional",
            "not held against an estimate",
            "add --recipe RECIPE to hold them against that study",
        )
    try:
        wanted = prepare_submission(prepared, project, None).wanted
    except InputError as error:
        return Finding(what, "missing", "the study does not fit the project", str(error))
    hours = core_hours(wanted, prepared.plan, prepared.engine)
    parts = [
        (hours[job.label] / request.size.all_cores / (request.size.walltime / 3600), request)
        for request in wanted
        if (job := request.job).label in hours and request.size is not None
    ]
    if not parts:
        return Finding(
            what,
            "optional",
            f"the engine {prepared.engine.name} can't tell how long a calculation takes",
            f"core_seconds_per_atom_step of the job types in {project.file} lets it",
        )
    part, longest = max(parts, key=lambda item: item[0])
    return walltime_finding(
        str(longest.job.label),
        part,
        f"raise walltime, or cores and ranks, of metadata.llo_dft.job_types.{longest.job.type} in "
        f"{project.file}",
    )
