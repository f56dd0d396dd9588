"""Examine a cluster file: scheduler, jobs, what they find on a node, and walltimes."""

from __future__ import annotations

import shlex
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
from llo_dft.study.planning.estimate import calculation_work
from llo_dft.submit.dask.cluster_config import load_cluster
from llo_dft.submit.dask.scripts import driver_script, python_of, require_dask, worker_script
from llo_dft.submit.probe import (
    ProbeError,
    complaints_from_nothing,
    program_found_by,
    run_from_nothing,
    try_slurm_script,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from llo_dft.study.run_study import PreparedRun
    from llo_dft.submit.dask.cluster_config import ClusterConfig

#: Where a job's programs are looked for: here, in the environment that the file makes.
_WHERE = "a job"


def examine_cluster(file: Path, prepared: PreparedRun | None) -> list[Finding]:
    """Look at everything that a cluster file's jobs need.

    Parameters
    ----------
    file
        The cluster file.
    prepared
        A study whose calculations are held against the walltime; None: none are.
    """
    try:
        config = load_cluster(file)
    except InputError as error:
        return [Finding(f"cluster file {file}", "missing", "it can't be used", str(error))]
    try:
        require_dask()
    except InputError as error:
        dask = Finding("dask-jobqueue", "missing", "not installed", str(error))
    else:
        dask = Finding("dask-jobqueue", "ok", "installed")
    scheduler = scheduler_finding(
        config.scheduler, f"run this on a machine that submits jobs; see scheduler in {file}"
    )
    works = dask.state == scheduler.state == "ok"
    return [
        Finding(f"cluster file {file}", "ok", f"up to {config.workers.max_jobs} jobs of workers"),
        dask,
        scheduler,
        *(_jobs(config, file) if works else ()),
        *_prologue(config, file),
        *_programs(config, file, prepared),
        _walltime(config, file, prepared),
    ]


def _jobs(config: ClusterConfig, file: Path) -> Iterator[Finding]:
    """Have Slurm check both scripts; other schedulers can't."""
    if config.driver is None:
        yield Finding(
            "the driver's job",
            "optional",
            "the file has no table driver",
            f"add one to {file} to use 'llo-dft submit'; 'llo-dft run' does without",
        )
    if config.scheduler != "slurm":
        return
    scripts = {"workers": worker_script(config, "tls://127.0.0.1:1", "worker", None)}
    if config.driver is not None:
        scripts["driver"] = driver_script(config, config.driver, ["true"])
    for table, script in scripts.items():
        what = f"the job of {table}"
        try:
            try_slurm_script(script)
        except ProbeError as error:
            yield Finding(what, "missing", f"refused: {error}", f"see {table} in {file}")
        else:
            yield Finding(what, "ok", "Slurm would take it")


def _prologue(config: ClusterConfig, file: Path) -> Iterator[Finding]:
    """Show what the prologue complains of: a module that is not there ends no job."""
    if not config.prologue.strip():
        return
    try:
        said = complaints_from_nothing([config.prologue], login=True)
    except ProbeError as error:
        yield Finding("prologue", "missing", str(error), f"see prologue in {file}")
        return
    if not said:
        yield Finding("prologue", "ok", "it runs and complains of nothing")
        return
    more = f" and {len(said) - 1} more" if len(said) > 1 else ""
    yield Finding(
        "prologue",
        "optional",
        f"it says {said[0]!r}{more}",
        f"if that is not meant so, see prologue in {file}; a job goes on after it",
    )


def _programs(config: ClusterConfig, file: Path, prepared: PreparedRun | None) -> Iterator[Finding]:
    def as_job(command: str) -> str:
        return run_from_nothing([config.prologue, command], login=True)

    command = shlex.join([python_of(config), "-P", "-m", "llo_dft.cli.main", "doctor", "--json"])
    if prepared is not None:
        started = [] if prepared.engine.program is None else [prepared.engine.program]
    else:  # MPI ranks are for programs alone
        started = programs() if config.workers.ranks > 0 else []
    yield from program_findings(
        lambda: as_job(f"exec {command}"),
        _WHERE,
        programs=started,
        python_remedy=f"see prologue and python in {file}; this package must be installed there",
        program_remedy=f"see prologue in {file}",
    )
    for program in started:
        yield program_finding(
            partial(program_found_by, as_job, program.variable),
            program,
            _WHERE,
            f"see modules and {program.variable} of prologue in {file}",
        )


def _walltime(config: ClusterConfig, file: Path, prepared: PreparedRun | None) -> Finding:
    what = "walltimes"
    if prepared is None:
        return Finding(
            what,
            "optional",
            "not held against an estimate",
            "add --recipe RECIPE to hold them against that study",
        )
    rate = prepared.engine.seconds_per_atom(prepared.plan.bulk)
    if rate is None:
        return Finding(
            what,
            "optional",
            f"the engine {prepared.engine.name} can't tell how long a calculation takes",
            f"a job of workers should last for several of them: workers.walltime in {file}",
        )
    label, work = max(calculation_work(prepared.plan).items(), key=lambda item: item[1])
    return walltime_finding(
        label, work * rate / config.workers.walltime, f"raise workers.walltime in {file}"
    )
