"""Every script for PBS is one that qsub can read: there is no PBS to ask where the tests run.

What qsub takes is in the PBS Professional Reference Guide, "qsub" and "Requesting resources".
"""

from __future__ import annotations

import re
import shlex
import subprocess
from getopt import getopt
from typing import TYPE_CHECKING

import pytest

from llo_dft.resources import resource_path
from llo_dft.submit.dask.cluster_config import load_cluster
from llo_dft.submit.dask.scripts import driver_script, worker_script
from llo_dft.submit.remote.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

#: The options of qsub; those with a colon take a value.
OPTIONS = "a:A:c:C:e:fh:I:j:J:k:l:m:M:N:o:p:P:q:r:R:S:u:v:VW:XzG"

CHUNK = re.compile(
    r"select=[1-9]\d*:ncpus=[1-9]\d*"
    r"(:mpiprocs=[1-9]\d*)?(:ngpus=[1-9]\d*)?(:ompthreads=[1-9]\d*)?"
    r":mem=[1-9]\d*(mb|MB)"
)
WALLTIME = re.compile(r"walltime=\d{2,}:[0-5]\d:[0-5]\d")


def options(script: str) -> list[tuple[str, str]]:
    """Return the options that qsub reads from a script, which end at its first command."""
    lines = script.splitlines()
    assert lines[0] == "#!/bin/bash" or lines[0].startswith("#!/bin/bash ")
    found: list[tuple[str, str]] = []
    last = max(i for i, line in enumerate(lines) if line.startswith("#PBS"))
    for line in lines[1 : last + 1]:
        assert line.startswith("#") or not line.strip(), "qsub stops at the first command"
        if line.startswith("#PBS"):
            given, left = getopt(shlex.split(line.removeprefix("#PBS ")), OPTIONS)
            assert not left
            found += given
    return found


def check(script: str, cores: int) -> None:
    """Check the options, and that a shell can read the rest."""
    given = options(script)
    names = [name for name, _ in given]
    assert "-V" not in names, "the environment may hold secrets"
    assert ("-S", "/bin/bash") in given
    asked = [value for name, value in given if name == "-l"]
    assert sorted(value.partition("=")[0] for value in asked) == ["select", "walltime"]
    select, walltime = sorted(asked)
    assert CHUNK.fullmatch(select)
    assert f":ncpus={cores}" in select
    assert WALLTIME.fullmatch(walltime)
    for name in ("-N", "-q", "-A", "-P", "-o", "-e"):
        assert names.count(name) <= 1
    for name, value in given:
        if name == "-N":
            assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_.+-]{0,14}", value)
    subprocess.run(["/bin/bash", "-n"], input=script.encode(), check=True)


@pytest.mark.parametrize("changes", [{}, {"processes": 1, "ranks": 16, "nodes": 2}])
def test_jobs_of_workers_and_of_the_driver(changes: dict[str, int]) -> None:
    config = load_cluster(resource_path("hpc_configs", "dask_pbs.yaml"))
    workers = type(config.workers).model_validate(config.workers.model_dump() | changes)
    config = config.model_copy(update={"workers": workers})
    check(worker_script(config, "tls://10.0.0.1:8786", "worker-0", None), workers.cores)
    assert config.driver is not None
    check(driver_script(config, config.driver, ["python", "a b"]), config.driver.cores)


def test_jobs_of_every_type_and_size(tmp_path: Path) -> None:
    project = load_project(str(resource_path("hpc_configs", "jobflow_remote_pbs.yaml")))
    checked = 0
    for name, kind in project.table.job_types.items():
        for worker in (kind.worker, "gpu"):
            for size in kind.sizes:
                settings = project.worker(worker)
                # as jobflow-remote's runner adds them
                given = project.request(worker, kind, size)[0] | {
                    "job_name": project.job_name(worker, f"calculate {name}"),
                    "qout_path": str(tmp_path / "queue.out"),
                    "qerr_path": str(tmp_path / "queue.err"),
                }
                script = settings.get_scheduler_io().get_submission_script(["true"], given)
                check(script, size.cores)
                checked += 1
                gpus = [value for option, value in options(script) if "ngpus=1" in value]
                assert len(gpus) == (worker == "gpu")
    assert checked == 2 * sum(len(kind.sizes) for kind in project.table.job_types.values()) > 10
