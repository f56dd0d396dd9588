"""The scripts of jobs: the scheduler's header, the prologue, one command."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Final

from llo_dft.errors import InputError
from llo_dft.submit.node_request import NodeRequest
from llo_dft.submit.script_header import script_header

if TYPE_CHECKING:
    from llo_dft.submit.dask.cluster_config import ClusterConfig, JobRequest
    from llo_dft.submit.dask.dask_cluster import Certificates

#: A login shell: it has the command ``module`` although no environment is passed on.
_SHELL: Final = "#!/bin/bash -l"

#: Folder of a worker, removed with it. Python looks for modules in the folder where it is started,
#: so others must not be able to write there.
_PRIVATE_PLACE: Final = (
    'place=$(mktemp -d "${TMPDIR:-/tmp}/llo-dft-XXXXXXXX") || exit 1',
    "trap 'rm -rf \"$place\"' EXIT",
    'cd "$place" || exit 1',
)

#: Variable in a job: when its walltime ends, s since the epoch. VASP is stopped before that, and
#: the driver stops itself.
JOB_END_TIME: Final = "LLO_DFT_JOB_END_TIME"

#: Variable in a job: the MPI ranks of a calculation's program.
RANKS: Final = "LLO_DFT_RANKS"


def require_dask() -> None:
    """Raise ``InputError`` if Dask is not installed."""
    try:
        import distributed  # noqa: F401, PLC0415
        import qtoolkit  # noqa: F401, PLC0415
    except ImportError as error:
        raise InputError(
            f"--on needs {error.name}, which is not installed: pip install 'llo-dft[dask]'"
        ) from error


def worker_script(
    config: ClusterConfig, address: str, name: str, certificates: Certificates | None
) -> str:
    """Return the script of a worker job, whose workers find their driver at an address.

    With several processes, -0, -1, ... is added to the worker's name. Certificates are None only
    to print the script.
    """
    workers = config.workers
    command = [
        *(python_of(config), "-P", "-m", "distributed.cli.dask_worker", address, "--name", name),
        # one calculation at a time in each process, whatever the cores
        *("--nworkers", str(workers.processes), "--nthreads", "1", "--nanny"),
        *("--death-timeout", str(config.driver_timeout), "--local-directory", "."),
        # The batch system limits the memory. The worker's web page stays on loopback.
        *("--memory-limit", "0", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"),
        *("--protocol", "tls://"),
    ]
    if config.network.interface is not None:
        command += ["--interface", config.network.interface]
    if certificates is not None:
        options = ("--tls-ca-file", "--tls-cert", "--tls-key")
        for option, path in zip(options, certificates.files, strict=True):
            command += [option, str(path)]
    threads = workers.calculation_threads
    lines = [
        *_beginning(config, workers, workers),
        f"export OMP_NUM_THREADS={threads} MKL_NUM_THREADS={threads}",
        *([f"export {RANKS}={workers.ranks}"] if workers.ranks else ()),
        *_PRIVATE_PLACE,
        shlex.join(command),
    ]
    return "\n".join(lines) + "\n"


def driver_script(config: ClusterConfig, request: JobRequest, command: list[str]) -> str:
    """Return the script of the driver's job, which runs a command."""
    size = NodeRequest(cores=request.cores, memory=request.memory, walltime=request.walltime)
    # exec: a signal that the scheduler sends reaches the command
    lines = [*_beginning(config, request, size), f"exec {shlex.join(command)}"]
    return "\n".join(lines) + "\n"


def python_of(config: ClusterConfig) -> str:
    """Return the Python that starts jobs."""
    return config.python or sys.executable


def _beginning(config: ClusterConfig, request: JobRequest, size: NodeRequest) -> list[str]:
    lines = [
        _SHELL,
        *script_header(config.scheduler, request, size),
        f"export {JOB_END_TIME}=$(($(date +%s) + {request.walltime}))",
    ]
    if config.scheduler == "slurm":
        # otherwise srun inside the job would start its programs without any environment
        lines.append("unset SLURM_EXPORT_ENV")
    return [*lines, config.prologue.rstrip("\n")] if config.prologue.strip() else lines
