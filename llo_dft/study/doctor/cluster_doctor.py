"""Check a cluster file: scheduler, jobs, their environment on a node, and walltimes."""

from collections.abc import Iterator
from pathlib import Path

from llo_dft.documents.document import Finding
from llo_dft.engines.registry import programs
from llo_dft.errors import InputError
from llo_dft.study.doctor.job_findings import (
    JobShell,
    ProbeError,
    program_findings,
    scheduler_finding,
    script_finding,
    walltime_finding,
)
from llo_dft.study.planning.estimate import calculation_work
from llo_dft.study.run_study import PreparedRun
from llo_dft.submit.dask.cluster_config import ClusterConfig, load_cluster
from llo_dft.submit.dask.scripts import driver_script, require_dask, worker_script


def examine_cluster(file: Path, prepared: PreparedRun | None) -> list[Finding]:
    """Check everything that a cluster file's jobs need, and the walltimes of a study."""
    try:
        config = load_cluster(file)
    except InputError as error:
        return [Finding(f"cluster file {file}", "missing", "it can't be used", str(error))]
    dask = Finding("Dask", "ok", "installed")
    try:
        require_dask()
    except InputError as error:
        dask = Finding("Dask", "missing", "not installed", str(error))
    scheduler = scheduler_finding(
        config.scheduler, f"run this on a machine that submits jobs; see scheduler in {file}"
    )
    if prepared is not None:
        started = [] if prepared.engine.program is None else [prepared.engine.program]
    else:  # MPI ranks are for programs alone
        started = programs() if config.workers.ranks > 0 else []
    shell = JobShell.of_cluster(config)

    def longest(study: PreparedRun) -> tuple[str, float, str] | None:
        rate = study.engine.seconds_per_atom(study.plan.bulk)
        if rate is None:
            return None
        label, work = max(calculation_work(study.plan).items(), key=lambda item: item[1])
        return label, work * rate / config.workers.walltime, f"raise workers.walltime in {file}"

    return [
        Finding(f"cluster file {file}", "ok", f"up to {config.workers.max_jobs} jobs of workers"),
        dask,
        scheduler,
        *(_jobs(config, file) if dask.state == scheduler.state == "ok" else ()),
        *(_prologue(shell, file) if config.prologue.strip() else ()),
        *program_findings(
            shell,
            "a job",
            started,
            package=f"see prologue and python in {file}; this package must be installed there",
            settings=f"prologue in {file}",
        ),
        walltime_finding(
            prepared,
            longest,
            f"a job of workers should last for several of them: workers.walltime in {file}",
        ),
    ]


def _jobs(config: ClusterConfig, file: Path) -> Iterator[Finding]:
    """Have Slurm check both scripts; other schedulers can't."""
    scripts = {"workers": worker_script(config, "tls://127.0.0.1:1", "worker", None)}
    if config.driver is None:
        yield Finding(
            "the driver's job",
            "optional",
            "the file has no table driver",
            f"add one to {file} to use 'llo-dft submit'; 'llo-dft run' does without",
        )
    else:
        scripts["driver"] = driver_script(config, config.driver, ["true"])
    if config.scheduler == "slurm":
        for table, script in scripts.items():
            yield script_finding(f"the job of {table}", script, "", f"see {table} in {file}")


def _prologue(shell: JobShell, file: Path) -> Iterator[Finding]:
    """Show the prologue's error output: a missing module does not end a job."""
    try:
        complaints = shell.complaints()
    except ProbeError as error:
        yield Finding("prologue", "missing", str(error), f"see prologue in {file}")
        return
    if not complaints:
        yield Finding("prologue", "ok", "it runs without error output")
        return
    more = f" and {len(complaints) - 1} more" if len(complaints) > 1 else ""
    yield Finding(
        "prologue",
        "optional",
        f"it says {complaints[0]!r}{more}",
        f"if that is not intended, see prologue in {file}; a job continues after it",
    )
