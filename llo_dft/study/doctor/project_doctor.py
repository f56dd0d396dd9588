"""Check a project of jobflow-remote: database, scheduler, programs, and walltimes."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from llo_dft.documents.document import Finding
from llo_dft.engines.registry import programs
from llo_dft.errors import InputError
from llo_dft.study.doctor.job_findings import (
    JobShell,
    program_findings,
    scheduler_finding,
    script_finding,
    walltime_finding,
)
from llo_dft.study.remote.job_requests import core_hours
from llo_dft.study.remote.submit_project import prepare_submission
from llo_dft.study.run_study import PreparedRun
from llo_dft.submit.batch import BATCH_SYSTEMS
from llo_dft.submit.remote.project import RemoteProject, load_project
from llo_dft.submit.remote.queue import open_queue


def examine_project(name: str, prepared: PreparedRun | None) -> list[Finding]:
    """Check everything that the jobs of a project, or of its file, need.

    The walltimes of a study, if one is given, are compared with an estimate.
    """
    try:
        project = load_project(name)
    except InputError as error:
        return [Finding(f"project {name}", "missing", "it can't be used", str(error))]
    schedulers = list(_schedulers(project))
    answers = all(finding.state == "ok" for finding in schedulers)
    workers = project.settings.workers.values()
    return [
        Finding(f"project {project.name}", "ok", str(project.file)),
        _database(project),
        *schedulers,
        *(_folder(project, path) for path in sorted({worker.work_dir for worker in workers})),
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


def _folder(project: RemoteProject, folder: Path) -> Finding:
    """Try to create something in a work_dir, or in the nearest existing folder above it."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryDirectory(dir=there):
            return Finding(f"work_dir {folder}", "ok", "it can be written")
    except OSError as error:
        return Finding(
            f"work_dir {folder}",
            "missing",
            f"it can't be written: {there}: {error.strerror}",
            f"choose another work_dir in {project.file}, one that the compute nodes see",
        )


def _headers(project: RemoteProject) -> Iterator[Finding]:
    """Have Slurm check the requests of the largest job of each type; other schedulers can't."""
    for name, kind in project.table.job_types.items():
        what = f"a job of type {name}"
        try:
            worker = project.worker(kind.worker)
            size = kind.sizes[-1] if kind.sizes else None
            asked, _ = project.request(kind.worker, kind, size)
        except InputError as error:
            yield Finding(what, "missing", "it can't be made", str(error))
            continue
        if worker.scheduler_type == "slurm":
            header = asked | {"job_name": "llo-dft-doctor"}
            yield script_finding(
                what,
                worker.get_scheduler_io().get_submission_script(["true"], header),
                f" on worker {kind.worker}",
                f"see workers.{kind.worker}.resources and metadata.llo_dft.job_types.{name} in "
                f"{project.file}",
            )


def _programs(project: RemoteProject) -> Iterator[Finding]:
    """Check what a job finds, once for each environment."""
    seen: set[tuple[str, str | None]] = set()
    for name, kind in project.table.job_types.items():
        if name == "light" or (kind.worker, kind.program) in seen:
            continue
        seen.add((kind.worker, kind.program))
        where = f"worker {kind.worker}"
        program = f"exec_config.{kind.program}"
        try:
            shell = JobShell.of_project(project, kind)
        except InputError as error:
            yield Finding(where, "missing", "its environment can't be made", str(error))
            continue
        yield from program_findings(
            shell,
            where,
            programs() if name != "potential" else [],
            package=(
                f"see workers.{kind.worker} and {program} in {project.file}; this package must be "
                "installed in the Python of execution_cmd"
            ),
            settings=f"{program} in {project.file}",
        )


def _walltimes(project: RemoteProject, prepared: PreparedRun | None) -> Finding:
    def longest(study: PreparedRun) -> tuple[str, float, str] | None:
        wanted = prepare_submission(study, project, None).wanted
        hours = core_hours(wanted, study.plan, study.engine)
        parts = [
            (hours[request.job.label] / request.size.core_hours, request.job)
            for request in wanted
            if request.job.label in hours and request.size is not None
        ]
        if not parts:
            return None
        part, job = max(parts, key=lambda item: item[0])
        table = f"metadata.llo_dft.job_types.{job.type}"
        return job.title, part, f"raise walltime, or cores and ranks, of {table} in {project.file}"

    try:
        return walltime_finding(
            prepared,
            longest,
            f"core_seconds_per_atom_step of the job types in {project.file} lets it",
        )
    except InputError as error:
        return Finding("walltimes", "missing", "the study does not fit the project", str(error))
