"""A job's requests in each scheduler's options: those of qtoolkit's templates, and LSF's.

jobflow-remote makes the header from the options itself; for Dask's jobs it is made here.
"""

import os
from pathlib import Path
from typing import Any, Final

from llo_dft.submit.dask.cluster_config import JobRequest, SchedulerName
from llo_dft.submit.node_request import NodeRequest

#: Prefix of a directive in a script.
_PREFIX: Final = {"slurm": "#SBATCH", "pbs": "#PBS", "sge": "#$", "lsf": "#BSUB"}

#: For all our jobs: the log in the folder of submission; no environment of the submitting shell,
#: which may contain secrets that the scheduler would store on its disk; no restart by the
#: scheduler.
DIRECTIVES: Final[dict[SchedulerName, tuple[str, ...]]] = {
    "slurm": ("--export=NONE", "--no-requeue", "--output=%j.log"),
    "pbs": ("-S /bin/bash", "-r n", "-j oe"),
    "sge": ("-S /bin/bash", "-r n", "-cwd", "-j y"),
    "lsf": ("-env none", "-L /bin/bash", "-rn", "-o %J.log"),
}

#: LSF's unit of memory unless its lsf.conf names another one.
_LSF_UNIT: Final = "KB"
_LSF_PER_MIB: Final = {"KB": 1024.0, "MB": 1.0, "GB": 1 / 1024, "TB": 1 / 1024**2}


def header_options(scheduler: str, size: NodeRequest, gpus: int = 0) -> dict[str, Any]:
    """Return what a job requests, by the names in qtoolkit's template of the scheduler's header.

    ``gpus`` are those of each node. Only "slurm", "pbs" and "sge" have such options.
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
        # PBS writes mb for MiB
        chunk = f"ncpus={size.cores}{extra}:ompthreads={size.threads}:mem={size.memory_mib}mb"
        return {"select": f"select={size.nodes}:{chunk}", "walltime": _clock(size.walltime)}
    # in SGE the name for cores is up to each site: in directives
    return {"walltime": _clock(size.walltime)} if scheduler == "sge" else {}


def script_header(scheduler: SchedulerName, request: JobRequest, size: NodeRequest) -> list[str]:
    """Return the directives of a job's script, what the cluster file adds at their end."""
    prefix = _PREFIX[scheduler]
    own = [f"{prefix} {line}" for line in DIRECTIVES[scheduler]]
    if scheduler == "lsf":
        own += [f"{prefix} {line}" for line in _lsf_lines(request, size)]
    else:
        # only 'submit' and 'run --on' need it
        from qtoolkit.io.pbs import PBSIO  # noqa: PLC0415
        from qtoolkit.io.sge import SGEIO  # noqa: PLC0415
        from qtoolkit.io.slurm import SlurmIO  # noqa: PLC0415

        made = {"slurm": SlurmIO, "pbs": PBSIO, "sge": SGEIO}
        options = header_options(scheduler, size)
        options["partition" if scheduler == "slurm" else "queue"] = request.queue
        if scheduler == "sge":  # qtoolkit has no key for a project
            options["qverbatim"] = f"{prefix} -P {request.account}" if request.account else None
        else:
            options["account"] = request.account
        if request.resources is not None and scheduler != "slurm":
            options["select"] = request.resources
        given = {key: value for key, value in options.items() if value is not None}
        own += [line for line in made[scheduler]().generate_header(given).splitlines() if line]
    kept = [line for line in own if not any(skip in line for skip in request.skip_directives)]
    return [*kept, *(f"{prefix} {line}" for line in request.directives)]


def _lsf_lines(request: JobRequest, size: NodeRequest) -> list[str]:
    minutes = -(-size.walltime // 60)
    spread = "span[hosts=1]" if size.nodes == 1 else f"span[ptile={size.cores}]"
    memory = -(-size.memory_mib * _LSF_PER_MIB[_lsf_unit()] // 1)
    return [
        *([f"-q {request.queue}"] if request.queue else ()),
        *([f"-P {request.account}"] if request.account else ()),
        f"-n {size.all_cores}",
        f'-R "{spread}"',
        f"-M {memory:.0f}",
        f"-W {minutes // 60:02d}:{minutes % 60:02d}",
    ]


def _lsf_unit() -> str:
    """Return the unit of this site's limits, which a job can't query."""
    file = Path(os.environ.get("LSF_ENVDIR", "/etc")) / "lsf.conf"
    if file.is_file():
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "LSF_UNIT_FOR_LIMITS" and value.strip().upper() in _LSF_PER_MIB:
                return value.strip().upper()
    return _LSF_UNIT


def _clock(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest:02d}"
