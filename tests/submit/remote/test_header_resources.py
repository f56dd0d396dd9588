from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qtoolkit.io import PBSIO, SlurmIO

from llo_dft.submit.remote.header_resources import header_options, job_name
from llo_dft.submit.remote.job_types import JobSize

MPI = JobSize.model_validate(
    {"nodes": 2, "ranks": 16, "cores": 16, "memory": "8 GiB", "walltime": "36:00:05"}
)
SERIAL = JobSize.model_validate({"cores": 4, "memory": "1 GB", "walltime": "00:30:00"})


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
    assert header_options("shell", SERIAL) == {}


@pytest.mark.parametrize(
    ("name", "slurm"),
    [
        ("bare_x1.0000_vac_O19", "bare_x1.0000_vac_O19"),
        ("calculate bulk", "calculate_bulk"),
        ("a\nrm -rf ~ #", "a_rm_-rf"),
        ("$(touch x); 'y' \"z\" `w`", "touch_x_y_z_w"),
        ("0.5", "j0.5"),
        ("ü$", "job"),
    ],
)
def test_a_name_is_one_word(name: str, slurm: str) -> None:
    assert job_name("slurm", name) == slurm


@given(st.text(), st.sampled_from(["slurm", "pbs", "shell"]))
def test_no_name_leaves_its_line(name: str, scheduler: str) -> None:
    made = job_name(scheduler, name)
    assert made.isascii()
    assert made[0].isalpha()
    assert len(made) <= {"slurm": 60, "pbs": 15, "shell": 60}[scheduler]
    assert not set(made) & set(" \t\n'\"`$;&|()<>\\#*?[]{}~!%/:")
