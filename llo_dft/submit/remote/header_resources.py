"""What a job asks for, in the words of jobflow-remote's header for each scheduler."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from llo_dft.submit.remote.job_types import JobSize

#: Schedulers of jobflow-remote that a project for studies may name; "shell" starts processes
#: where the runner is.
SCHEDULERS: Final = ("slurm", "pbs", "shell")

_LONGEST_NAME: Final = {"slurm": 60, "pbs": 15, "shell": 60}


def header_options(scheduler: str, size: JobSize, gpus: int = 0) -> dict[str, Any]:
    """Return the options of a header, by the names that jobflow-remote's templates have.

    Parameters
    ----------
    scheduler
        One of ``SCHEDULERS``.
    size
        What the job asks for.
    gpus
        GPUs of each node.
    """
    if scheduler == "slurm":
        return ({"gres": f"gpu:{gpus}"} if gpus else {}) | {
            "nodes": size.nodes,
            "ntasks": size.ranks or 1,
            "cpus_per_task": size.threads,
            "mem": f"{size.memory_mib}M",
            "time": _clock(size.walltime),
        }
    if scheduler == "pbs":
        extra = f":mpiprocs={size.ranks // size.nodes}" if size.ranks else ""
        extra += f":ngpus={gpus}" if gpus else ""
        # PBS writes mb for what everybody else calls MiB
        chunk = f"ncpus={size.cores}{extra}:ompthreads={size.threads}:mem={size.memory_mib}mb"
        return {"select": f"select={size.nodes}:{chunk}", "walltime": _clock(size.walltime)}
    return {}


def job_name(scheduler: str, name: str) -> str:
    """Return a job's name as it may stand in a header, which is a line of a script.

    Whatever a shell or a scheduler could read as anything but a letter is replaced.
    """
    words = re.sub(r"[^A-Za-z0-9_.+-]+", "_", name).strip("_.+-") or "job"
    # PBS wants a letter first
    return (words if words[0].isalpha() else f"j{words}")[: _LONGEST_NAME[scheduler]]


def _clock(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest:02d}"
