"""Dask's scheduler in this process and its pool of jobs, put together and taken apart again."""

from __future__ import annotations

import os
import stat
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING

import pytest
from cluster_studies import write_cluster

from llo_dft.errors import InputError
from llo_dft.submit.batch import BatchError
from llo_dft.submit.dask import worker_jobs
from llo_dft.submit.dask.cluster_config import load_cluster
from llo_dft.submit.dask.dask_cluster import certificates, dask_workers

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import PlayedQueue


def test_jobs_are_submitted_with_the_runs_certificates_and_all_goes_with_the_run(
    tmp_path: Path, played: PlayedQueue
) -> None:
    config = load_cluster(write_cluster(tmp_path, workers={"max_jobs": 1}))
    folder = tmp_path / "cluster"
    played.add("5", "running", folder, "worker")  # of a run that was killed
    with dask_workers(config, folder, "llo-dft x worker", lambda _: None):
        assert played.cancelled == ["5"]
        assert played.submitted == [("10", "llo-dft x worker", None)]
        (tls,) = folder.glob("tls-*")
        assert f"--tls-key {tls / 'key.pem'}" in played.scripts[0]
        assert "tls://127.0.0.1:" in played.scripts[0]
    assert played.cancelled == ["5", "10"]
    assert list(folder.iterdir()) == []


def test_workers_that_can_not_be_had_break_what_is_held_and_what_comes(
    tmp_path: Path, played: PlayedQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_FIRST_LOOK_S", "_LAST_LOOK_S", "_AFTER_REFUSAL_S", "_STEP_S"):
        monkeypatch.setattr(worker_jobs, name, 0.01)
    config = load_cluster(write_cluster(tmp_path, workers={"max_jobs": 1}))
    with dask_workers(config, tmp_path / "cluster", "title", lambda _: None) as executor:
        future = executor().submit(pow, 2, 2)
        played.queue.clear()
        monkeypatch.setattr(played, "submit_script", refuse)
        with pytest.raises(BrokenExecutor, match="no worker could be started: sbatch refused"):
            future.result(30)
        with pytest.raises(BatchError, match="no worker could be started"):
            executor()


def refuse(*_: object) -> str:
    raise BatchError("sbatch refused: no more")


def test_an_interface_that_is_not_here_is_named(tmp_path: Path, played: PlayedQueue) -> None:
    file = write_cluster(tmp_path, network={"interface": "lo", "driver_interface": "ib7"})
    with (
        pytest.raises(
            InputError, match=r"network interface ib7: .*'lo'.*; set network\.driver_int"
        ),
        dask_workers(load_cluster(file), tmp_path / "cluster", "title", lambda _: None),
    ):
        pytest.fail("it could not listen")
    assert played.submitted == []
    assert not list((tmp_path / "cluster").glob("tls-*"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_can_read_them_and_they_go_with_the_run(tmp_path: Path) -> None:
    before = os.umask(0)  # the most generous one
    try:
        with certificates(tmp_path) as made:
            folder = made.files[0].parent
            assert mode(folder) == 0o700
            assert [mode(file) for file in made.files] == [0o600] * 3
            assert "PRIVATE KEY" in made.files[2].read_text()
            # the driver's own ones stay in memory
            assert made.security.tls_scheduler_key == made.files[2].read_text()
            assert made.security.require_encryption
    finally:
        os.umask(before)
    assert list(tmp_path.iterdir()) == []


def fail_with_certificates(folder: Path) -> None:
    with certificates(folder):
        assert not (folder / "tls-left").exists()
        raise RuntimeError("the run failed")


def test_they_go_after_an_error_too_and_those_of_a_killed_run(tmp_path: Path) -> None:
    (tmp_path / "tls-left").mkdir()
    (tmp_path / "tls-left" / "key.pem").write_text("secret")
    (tmp_path / "12.log").write_text("stays")
    with pytest.raises(RuntimeError, match="the run failed"):
        fail_with_certificates(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["12.log"]


def test_every_run_has_its_own(tmp_path: Path) -> None:
    with certificates(tmp_path) as one:
        first = one.files[2].read_text()
    with certificates(tmp_path) as two:
        assert two.files[2].read_text() != first
