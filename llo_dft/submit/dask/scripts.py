"""The scripts of jobs: dask-jobqueue's header for the scheduler, the prologue, one command."""

from __future__ import annotations

import shlex
import sys
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from llo_dft.errors import InputError
from llo_dft.submit.batch import BATCH_SYSTEMS

if TYPE_CHECKING:
    from dask_jobqueue.core import Job

    from llo_dft.submit.dask.certificates import Certificates
    from llo_dft.submit.dask.cluster_config import (
        ClusterConfig,
        JobRequest,
        SchedulerName,
        WorkerJobs,
    )

#: A login shell: it knows the command ``module`` although no environment came along.
_SHELL = "#!/bin/bash -l"

#: Where a worker is, which goes with it. Python looks for modules in the folder that it is
#: started in, so that must not be one where others may write.
_PRIVATE_PLACE = (
    'place=$(mktemp -d "${TMPDIR:-/tmp}/llo-dft-XXXXXXXX") || exit 1',
    "trap 'rm -rf \"$place\"' EXIT",
    'cd "$place" || exit 1',
)

#: Tells what runs in a job when its walltime ends, s since the epoch. VASP is stopped in time for
#: that, and the driver stops itself.
JOB_END_TIME = "LLO_DFT_JOB_END_TIME"


class MissingDaskError(InputError):
    """The extra ``dask`` is not installed."""


def require_dask() -> None:
    """Refuse to go on without dask-jobqueue.

    Raises
    ------
    MissingDaskError
        If it is not installed.
    """
    try:
        import dask_jobqueue  # noqa: F401, PLC0415
    except ImportError as error:
        raise MissingDaskError(
            "--on needs dask-jobqueue, which is not installed: pip install 'llo-dft[dask]'"
        ) from error


def worker_script(
    config: ClusterConfig, address: str, name: str, certificates: Certificates | None
) -> str:
    """Return the script of a job of workers.

    Parameters
    ----------
    config
        The cluster.
    address
        Where the workers find their driver.
    name
        Name of the worker; with several processes, -0, -1, ... is added to it.
    certificates
        What they show to the driver and to one another; None only to print the script.
    """
    from distributed.security import Security  # noqa: PLC0415  (takes a second)

    workers = config.workers
    security = None
    if certificates is not None:
        # dask-jobqueue writes these into its command as they are
        ca_file, cert, key = (shlex.quote(str(path)) for path in certificates.files)
        security = Security(
            require_encryption=True, tls_ca_file=ca_file, tls_worker_cert=cert, tls_worker_key=key
        )
    threads = workers.nodes * workers.cores // (workers.ranks or workers.processes)
    job = _job(
        config,
        workers,
        _shape(config.scheduler, workers),
        scheduler=address,
        name=name,
        # one calculation at a time in each process, whatever the cores
        cores=workers.processes,
        processes=workers.processes,
        interface=config.network.interface,
        protocol="tls://",
        security=security,
        death_timeout=config.driver_timeout,
        local_directory=".",
        # The batch system sees to the memory. The worker's page of figures stays on loopback.
        worker_extra_args=[
            *("--memory-limit", "0"),
            *("--no-dashboard", "--dashboard-address", "127.0.0.1:0"),
        ],
        shebang=_SHELL,
        job_script_prologue=[
            *_beginning(config, workers),
            f"export OMP_NUM_THREADS={threads} MKL_NUM_THREADS={threads}",
            *_PRIVATE_PLACE,
        ],
    )
    return str(job.job_script())


def driver_script(config: ClusterConfig, request: JobRequest, command: list[str]) -> str:
    """Return the script of the driver's job, which runs a command."""
    job = _job(
        config,
        request,
        _cores(config.scheduler, request),
        scheduler="unused",
        name="driver",
        cores=request.cores,
        processes=1,
    )
    # exec: a signal that the scheduler sends reaches the command
    lines = [_SHELL, "", job.job_header, *_beginning(config, request)]
    lines.append(f"exec {shlex.join(command)}")
    return "\n".join(lines) + "\n"


def python_of(config: ClusterConfig) -> str:
    """Return the Python that jobs are started with."""
    return config.python or sys.executable


def _beginning(config: ClusterConfig, request: JobRequest) -> list[str]:
    lines = [f"export {JOB_END_TIME}=$(($(date +%s) + {request.walltime}))"]
    if config.scheduler == "slurm":
        # srun inside the job would else start its programs without any environment
        lines.append("unset SLURM_EXPORT_ENV")
    return [*lines, config.prologue.rstrip("\n")] if config.prologue.strip() else lines


def _job(
    config: ClusterConfig,
    request: JobRequest,
    shape: dict[str, Any],
    **options: Any,  # noqa: ANN401
) -> Job:
    """Return dask-jobqueue's description of a job."""
    import dask  # noqa: PLC0415
    import dask_jobqueue  # noqa: PLC0415

    scheduler = config.scheduler
    kinds = {
        "slurm": dask_jobqueue.SLURMCluster,
        "pbs": dask_jobqueue.PBSCluster,
        "sge": dask_jobqueue.SGECluster,
        "lsf": dask_jobqueue.LSFCluster,
    }
    own = [*BATCH_SYSTEMS[scheduler].directives, *shape.pop("directives", [])]
    skipped = request.skip_directives
    # A person's own settings of dask-jobqueue are for their other work; none of them counts here.
    packaged = yaml.safe_load(files(dask_jobqueue).joinpath("jobqueue.yaml").read_text())
    with dask.config.set({f"jobqueue.{scheduler}": packaged["jobqueue"][scheduler]}):
        return kinds[scheduler].job_cls(
            **{"project" if scheduler in {"sge", "lsf"} else "account": request.account},
            queue=request.queue,
            memory=request.memory.replace(" ", ""),
            walltime=_walltime(scheduler, request.walltime),
            job_name="llo-dft",
            python=shlex.quote(python_of(config)),
            job_extra_directives=[
                *(line for line in own if not any(skip in line for skip in skipped)),
                *request.directives,
            ],
            job_directives_skip=[*skipped, *shape.pop("skip", [])],
            **shape,
            **options,
        )


def _cores(scheduler: SchedulerName, request: JobRequest) -> dict[str, Any]:
    """Return how dask-jobqueue is told of one process with some cores on one node."""
    if scheduler == "slurm":
        return {"job_cpu": request.cores}
    if scheduler == "lsf":
        return {"ncpus": request.cores}
    if request.resources is not None:
        return {"resource_spec": request.resources}
    if scheduler == "pbs":
        return {"resource_spec": f"select=1:ncpus={request.cores}:mem={_pbs_memory(request)}"}
    return {}  # what cores are called in SGE, every site says for itself: in directives


def _shape(scheduler: SchedulerName, workers: WorkerJobs) -> dict[str, Any]:
    """Return how dask-jobqueue is told of a job's cores, MPI ranks and nodes."""
    if not workers.ranks or (workers.resources is not None and scheduler != "slurm"):
        return _cores(scheduler, workers)
    cores = workers.nodes * workers.cores
    if scheduler == "slurm":
        return {
            "skip": ["-n 1", "--cpus-per-task"],
            "directives": [
                f"--nodes={workers.nodes}",
                f"--ntasks={workers.ranks}",
                f"--cpus-per-task={cores // workers.ranks}",
            ],
        }
    if scheduler == "pbs":
        chunk = f"ncpus={workers.cores}:mpiprocs={workers.ranks // workers.nodes}"
        return {"resource_spec": f"select={workers.nodes}:{chunk}:mem={_pbs_memory(workers)}"}
    if scheduler == "lsf":
        return {
            "ncpus": cores,
            "skip": ["span[hosts=1]"],
            "directives": [f'-R "span[ptile={workers.cores}]"'],
        }
    return {}


def _pbs_memory(request: JobRequest) -> str:
    # PBS writes MB for what everybody else calls MiB, and knows no fractions
    from dask.utils import parse_bytes  # noqa: PLC0415

    return f"{-(-parse_bytes(request.memory) // 1024**2)}MB"


def _walltime(scheduler: SchedulerName, seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if scheduler == "lsf":  # HH:MM
        minutes += rest > 0
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest:02d}"
