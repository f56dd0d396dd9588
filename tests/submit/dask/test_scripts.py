"""The scripts of jobs: directives that mean what the cluster file says, and plain text in them."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest

from llo_dft.errors import InputError
from llo_dft.submit.dask import scripts
from llo_dft.submit.dask.cluster_config import ClusterConfig, SchedulerName
from llo_dft.submit.dask.scripts import driver_script, require_dask, worker_script

PREFIX = {"slurm": "#SBATCH ", "pbs": "#PBS ", "sge": "#$ ", "lsf": "#BSUB "}
NASTY = Path('/data/it\'s "a" $(touch planted); `x` %s folder')


def cluster(scheduler: str, prologue: str = "", **workers: Any) -> ClusterConfig:
    least = {"cores": 8, "memory": "4 GiB", "walltime": 5400, "max_jobs": 2}
    fields = {"scheduler": scheduler, "prologue": prologue, "workers": least | workers}
    driver = {"cores": 2, "memory": "1 GiB", "walltime": 90000, "queue": "long"}
    return ClusterConfig.model_validate(fields | {"driver": driver})


def directives(script: str, scheduler: str) -> list[str]:
    lines = script.splitlines()
    return [line.removeprefix(PREFIX[scheduler]) for line in lines if line.startswith("#")][1:]


def worker(config: ClusterConfig) -> str:
    return worker_script(config, "tls://10.0.0.1:8786", "worker-3", None)


@dataclass(frozen=True)
class Files:
    """Stands for certificates; the script only names their files."""

    files: tuple[Path, Path, Path]


@pytest.mark.parametrize(
    ("scheduler", "expected"),
    [
        ("slurm", {"--partition=fast", "--account=mine", "--time=01:30:00"}),
        ("slurm", {"--nodes=1", "--ntasks=1", "--cpus-per-task=8", "--mem=4096M"}),
        ("slurm", {"--export=NONE", "--no-requeue", "--output=%j.log"}),
        ("pbs", {"-q fast", "-A mine", "-l walltime=01:30:00"}),
        ("pbs", {"-l select=1:ncpus=8:ompthreads=8:mem=4096mb"}),
        ("pbs", {"-r n", "-j oe", "-S /bin/bash"}),
        ("sge", {"-q fast", "-P mine", "-l h_rt=01:30:00", "-cwd", "-j y", "-r n"}),
        ("lsf", {"-q fast", "-P mine", "-n 8", '-R "span[hosts=1]"', "-W 01:30", "-rn"}),
        ("lsf", {"-env none", "-M 4194304"}),
    ],
)
def test_a_job_of_workers_asks_for_what_the_file_says(scheduler: str, expected: set[str]) -> None:
    config = cluster(scheduler, queue="fast", account="mine")
    assert expected <= set(directives(worker(config), scheduler))


@pytest.mark.parametrize(
    ("scheduler", "expected", "absent"),
    [
        ("slurm", {"--nodes=2", "--ntasks=8", "--cpus-per-task=2"}, {"--ntasks=1"}),
        ("pbs", {"-l select=2:ncpus=8:mpiprocs=4:ompthreads=2:mem=4096mb"}, set()),
        ("lsf", {"-n 16", '-R "span[ptile=8]"'}, {'-R "span[hosts=1]"'}),
    ],
)
def test_mpi_ranks_on_several_nodes(scheduler: str, expected: set[str], absent: set[str]) -> None:
    script = worker(cluster(scheduler, ranks=8, nodes=2))
    found = set(directives(script, scheduler))
    assert expected <= found
    assert not absent & found
    assert "export OMP_NUM_THREADS=2 MKL_NUM_THREADS=2\nexport LLO_DFT_RANKS=8\n" in script
    assert "LLO_DFT_RANKS" not in worker(cluster(scheduler))


@pytest.mark.parametrize("scheduler", get_args(SchedulerName))
def test_each_process_does_one_calculation_at_a_time(scheduler: str) -> None:
    script = worker(cluster(scheduler, processes=4))
    words = shlex.split(script.splitlines()[-1])
    assert words[words.index("--nthreads") + 1] == "1"
    assert words[words.index("--nworkers") + 1] == "4"
    assert words[words.index("--death-timeout") + 1] == "60"
    assert "export OMP_NUM_THREADS=2 MKL_NUM_THREADS=2" in script


@pytest.mark.parametrize("scheduler", get_args(SchedulerName))
def test_what_is_added_comes_last_and_what_is_skipped_is_gone(scheduler: SchedulerName) -> None:
    own = {"slurm": "--export", "pbs": "-r n", "sge": "-r n", "lsf": "-env"}[scheduler]
    changes = {"directives": ["--mine=1 2"], "skip_directives": [own]}
    found = directives(worker(cluster(scheduler, **changes)), scheduler)
    assert found[-1] == "--mine=1 2"
    assert not [line for line in found if own in line]


@pytest.mark.parametrize("scheduler", ["pbs", "sge"])
def test_a_list_of_resources_replaces_ours(scheduler: str) -> None:
    for changes in ({}, {"ranks": 8}):
        config = cluster(scheduler, resources="nodes=1:ppn=8,mem=4gb", **changes)
        lists = [d for d in directives(worker(config), scheduler) if d.startswith("-l")]
        assert lists[0] == "-l nodes=1:ppn=8,mem=4gb"
        assert not [line for line in lists if "select" in line]


def test_the_paths_of_certificates_and_of_python_are_one_word_each() -> None:
    config = cluster("slurm").model_copy(update={"python": str(NASTY / "python")})
    files = Files((NASTY / "ca", NASTY / "certificate", NASTY / "key"))
    script = worker_script(config, "tls://10.0.0.1:8786", "worker-3", files)
    words = shlex.split(script.splitlines()[-1])
    # -P: Python imports nothing from the folder that it is started in
    assert words[:3] == [str(NASTY / "python"), "-P", "-m"]
    for option, path in zip(("--tls-ca-file", "--tls-cert", "--tls-key"), files.files, strict=True):
        assert words[words.index(option) + 1] == str(path)
    assert words[words.index("--protocol") + 1] == "tls://"
    assert words[words.index("--dashboard-address") + 1] == "127.0.0.1:0"


def test_the_driver_runs_its_command_with_the_walltime_in_its_environment(tmp_path: Path) -> None:
    config = cluster("slurm", prologue="export FROM_PROLOGUE='a b'\n")
    assert config.driver is not None
    shown = ["/usr/bin/env", "printf", "%s|%s|", str(NASTY)]
    script = driver_script(config, config.driver, ["/bin/sh", "-c", 'echo "$0"; env', *shown[3:]])
    assert {"--partition=long", "--cpus-per-task=2", "--time=25:00:00"} <= set(
        directives(script, "slurm")
    )
    done = subprocess.run(
        ["/bin/bash"], input=script, cwd=tmp_path, check=True, capture_output=True, text=True
    )
    lines = done.stdout.splitlines()
    assert lines[0] == str(NASTY)
    assert "FROM_PROLOGUE=a b" in lines
    (end,) = [line for line in lines if line.startswith("LLO_DFT_JOB_END_TIME=")]
    assert int(end.partition("=")[2]) == pytest.approx(time.time() + 90000, abs=60)
    assert list(tmp_path.iterdir()) == []


def test_a_worker_starts_in_a_folder_of_its_own_that_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Python imports from where it is started: a file planted in /tmp must not be found
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "distributed.py").write_text("raise SystemExit('planted')")
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\npwd; ls -A; stat -c %a .\n")
    python.chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    config = cluster("slurm").model_copy(update={"python": str(python)})
    done = subprocess.run(
        ["/bin/bash"], input=worker(config), check=True, capture_output=True, text=True
    )
    place, mode = done.stdout.splitlines()
    assert Path(place).parent == tmp_path / "tmp"
    assert mode == "700"
    assert [path.name for path in (tmp_path / "tmp").iterdir()] == ["distributed.py"]


def test_without_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'llo-dft\[dask\]'"):
        require_dask()
    assert scripts.python_of(cluster("slurm")) == sys.executable
