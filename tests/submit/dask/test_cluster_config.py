"""Cluster files: what is taken, and what is refused in one line that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from llo_dft.errors import InputError
from llo_dft.resources import resource_path
from llo_dft.submit.dask.cluster_config import (
    ClusterConfig,
    SchedulerName,
    WorkerJobs,
    load_cluster,
)

if TYPE_CHECKING:
    from pathlib import Path

LEAST = """\
scheduler: slurm
workers: {cores: 4, memory: 8 GB, walltime: "01:30:00", max_jobs: 2}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "cluster.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def with_workers(**fields: object) -> dict[str, object]:
    return {"cores": 8, "memory": "8 GB", "walltime": 3600, "max_jobs": 2} | fields


def test_the_least_file_and_its_defaults(tmp_path: Path) -> None:
    config = load_cluster(write(tmp_path, LEAST))
    assert config.workers.walltime == 90 * 60
    assert (config.workers.processes, config.workers.min_jobs, config.driver) == (1, 0, None)
    assert config.network.interface is None


@pytest.mark.parametrize("name", get_args(SchedulerName))
def test_the_examples_that_come_along_can_be_read(name: str) -> None:
    config = load_cluster(resource_path("hpc_configs", f"dask_{name}.yaml"))
    assert config.scheduler == name
    assert config.driver is not None
    assert "module load" in config.prologue


@pytest.mark.parametrize(
    ("walltime", "seconds"),
    [('"00:01:00"', 60), ("24:00:00", 86400), ('"1-12:00:00"', 129600), ("01:30:00", 5400)],
)
def test_walltimes_with_and_without_quotes(tmp_path: Path, walltime: str, seconds: int) -> None:
    # YAML 1.1 takes 24:00:00 for a number to the base of 60
    config = load_cluster(write(tmp_path, LEAST.replace('"01:30:00"', walltime)))
    assert config.workers.walltime == seconds


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("slurm", "condor", r"scheduler = 'condor': Input should be 'slurm', 'pbs', 'sge' or"),
        ("cores: 4", "cores: '4'", r"workers\.cores = '4': Input should be a valid integer"),
        ("cores: 4", "cores: 0", r"workers\.cores = 0: .* greater than or equal to 1"),
        ("cores: 4, ", "", r"workers\.cores is missing"),
        ("cores: 4", "core: 4", r"unknown key workers\.core; expected account, cores, direct"),
        ("8 GB", "٨ GB", r"workers\.memory = '٨ GB': expected a number with MB, GB"),
        ("8 GB", "8 Gigs", r"workers\.memory = '8 Gigs': expected a number with MB, GB"),
        ('"01:30:00"', "90 min", r'workers\.walltime = \'90 min\': expected "HH:MM:SS"'),
        ('"01:30:00"', '"00:00:30"', r"workers\.walltime = '00:00:30': .* equal to 60"),
        ("max_jobs: 2", "max_jobs: 2, min_jobs: 3", r"workers: min_jobs = 3 is more than max_j"),
        ("max_jobs: 2", "max_jobs: 2, processes: 3", r"cores = 4 can't be shared by 3 processes"),
        ("max_jobs: 2", "max_jobs: 2, nodes: 2", r"nodes above 1 need ranks"),
        ("max_jobs: 2", "max_jobs: 2, ranks: 3", r"1 nodes of 4 cores can't be shared by 3 ranks"),
        ("max_jobs: 2", "max_jobs: 2, ranks: 4, processes: 2", r"one calculation at a time"),
        ("max_jobs: 2", 'max_jobs: 2, queue: "a b"', r"workers\.queue = 'a b': expected one word"),
        (
            "max_jobs: 2",
            'max_jobs: 2, account: "$(id)"',
            r"account = '\$\(id\)': expected one word",
        ),
        (
            "max_jobs: 2",
            'max_jobs: 2, directives: ["--x\\ntouch y"]',
            r"workers\.directives\.0 = '--x\\ntouch y': expected one line",
        ),
        ("scheduler", "shceduler", r"unknown key shceduler; expected driver, driver_timeout"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write(tmp_path, LEAST.replace(old, new, 1))
    with pytest.raises(InputError, match=message) as caught:
        load_cluster(path)
    assert all(line.startswith(f"{path}: ") for line in str(caught.value).splitlines())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", r"can't be read as YAML: while parsing"),
        ("a: " + 2000 * "[" + 2000 * "]", r"is nested too deeply"),
        ("just words", r"expected the keys driver, "),
        ("", r"expected the keys driver, "),
        ("!!python/object/apply:os.system ['touch planted']", r"can't be read as YAML: could not"),
        ("scheduler: slurm\nworkers: many", r"workers = 'many': "),
    ],
)
def test_what_is_no_cluster_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_cluster(write(tmp_path, text))
    assert [path.name for path in tmp_path.iterdir()] == ["cluster.yaml"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no cluster file .*copy one of hpc_configs"):
        load_cluster(tmp_path / "none.yaml")


@given(
    cores=st.integers(1, 64),
    nodes=st.integers(1, 4),
    ranks=st.integers(0, 128),
    processes=st.integers(1, 8),
)
def test_a_job_that_is_taken_gives_every_part_whole_cores(
    cores: int, nodes: int, ranks: int, processes: int
) -> None:
    fields = with_workers(cores=cores, nodes=nodes, ranks=ranks, processes=processes)
    try:
        found = WorkerJobs.model_validate(fields)
    except ValidationError:
        return
    parts = found.ranks or found.processes
    assert found.nodes * found.cores % parts == 0
    assert found.nodes == 1 or found.ranks % found.nodes == 0


def test_what_was_read_can_be_kept_and_read_again(tmp_path: Path) -> None:
    config = load_cluster(write(tmp_path, LEAST + "prologue: |\n  module load a\n"))
    assert ClusterConfig.model_validate_json(config.model_dump_json()) == config
