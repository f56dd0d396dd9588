"""Headers: every scheduler's own words for one request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from qtoolkit.io import PBSIO, SlurmIO

from llo_dft.submit.dask.cluster_config import JobRequest
from llo_dft.submit.node_request import NodeRequest
from llo_dft.submit.script_header import header_options, script_header

if TYPE_CHECKING:
    from pathlib import Path

MPI = NodeRequest.model_validate(
    {"nodes": 2, "ranks": 16, "cores": 16, "memory": "8 GiB", "walltime": "36:00:05"}
)
SERIAL = NodeRequest.model_validate({"cores": 4, "memory": "1 GB", "walltime": "00:30:00"})


def test_a_header_for_slurm() -> None:
    lines = SlurmIO().generate_header(header_options("slurm", MPI, gpus=2)).splitlines()
    assert lines == [
        "#SBATCH --nodes=2",
        "#SBATCH --ntasks=16",
        "#SBATCH --cpus-per-task=2",
        "#SBATCH --mem=8192M",
        "#SBATCH --time=36:00:05",
        "#SBATCH --gres=gpu:2",
    ]


def test_a_header_for_pbs() -> None:
    lines = PBSIO().generate_header(header_options("pbs", MPI, gpus=2)).splitlines()
    assert lines == [
        "#PBS -l select=2:ncpus=16:mpiprocs=8:ngpus=2:ompthreads=2:mem=8192mb",
        "#PBS -l walltime=36:00:05",
    ]


def test_one_process_asks_for_no_ranks() -> None:
    assert header_options("slurm", SERIAL) == {
        "nodes": 1,
        "ntasks": 1,
        "cpus_per_task": 4,
        "mem": "954M",
        "time": "00:30:00",
    }
    assert header_options("pbs", SERIAL)["select"] == "select=1:ncpus=4:ompthreads=4:mem=954mb"
    assert header_options("sge", SERIAL) == {"walltime": "00:30:00"}
    assert header_options("shell", SERIAL) == {}


def request(**fields: object) -> JobRequest:
    least = {"cores": 4, "memory": "1 GB", "walltime": "00:30:00"}
    return JobRequest.model_validate(least | fields)


@pytest.mark.parametrize("scheduler", ["slurm", "pbs", "sge", "lsf"])
def test_a_header_is_directives_alone_with_nothing_left_open(scheduler: str) -> None:
    prefix = {"slurm": "#SBATCH ", "pbs": "#PBS ", "sge": "#$ ", "lsf": "#BSUB "}[scheduler]
    for fields in ({}, {"queue": "fast", "account": "mine"}):
        lines = script_header(scheduler, request(**fields), SERIAL)
        assert all(line.startswith(prefix) for line in lines)
        assert not [line for line in lines if "None" in line or "$$" in line]
        named = [line for line in lines if "fast" in line or "mine" in line]
        assert len(named) == len(fields)


@pytest.mark.parametrize(
    ("text", "memory"),
    [
        ("", "-M 976896"),  # KB: 954 MiB
        ("LSF_UNIT_FOR_LIMITS = MB\n", "-M 954"),
        ("# a comment\nLSF_UNIT_FOR_LIMITS=GB\n", "-M 1"),
        ("LSF_UNIT_FOR_LIMITS=pages\n", "-M 976896"),
    ],
)
def test_lsf_counts_memory_as_its_site_does(
    text: str, memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSF_ENVDIR", str(tmp_path))
    (tmp_path / "lsf.conf").write_text(text)
    assert f"#BSUB {memory}" in script_header("lsf", request(), SERIAL)


def test_lsf_gives_a_job_time_for_a_part_of_a_minute() -> None:
    size = NodeRequest.model_validate({"cores": 1, "memory": "1 GB", "walltime": 3601})
    assert "#BSUB -W 01:01" in script_header("lsf", request(), size)
