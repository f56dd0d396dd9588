"""Who can reach the driver and its workers: only those who hold the run's certificate."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import pytest
from cluster_studies import NASTY, write_cluster
from distributed import Client
from distributed.comm import connect
from distributed.security import Security

from llo_dft.submit.batch import BatchSystem
from llo_dft.submit.dask.cluster_config import load_cluster
from llo_dft.submit.dask.dask_cluster import certificates, dask_workers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slurm import LocalSlurm

pytestmark = pytest.mark.slurm

#: How long who is refused may try, and who is let in may take on a busy machine.
TIMEOUT_S = 5.0
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Run:
    """A run with one worker, and how it is reached."""

    folder: Path
    title: str
    worker_process: int
    scheduler: str
    worker: str

    @property
    def own(self) -> Security:
        (tls,) = self.folder.glob("tls-*")
        return Security(
            require_encryption=True,
            tls_ca_file=str(tls / "ca.pem"),
            tls_client_cert=str(tls / "certificate.pem"),
            tls_client_key=str(tls / "key.pem"),
        )


@pytest.fixture(scope="module")
def run(slurm: LocalSlurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """It is in a folder, and has a name, that a shell would read as commands."""
    place = tmp_path_factory.mktemp("links") / NASTY
    place.mkdir()
    config = load_cluster(write_cluster(place, workers={"max_jobs": 1}))
    folder = place / "cluster"
    with dask_workers(config, folder, NASTY, lambda _: None) as executor:
        process = executor().submit(os.getpid).result(120)
        (log,) = folder.glob("*.log")
        told = log.read_text()
        (job,) = slurm.jobs()
        worker = re.search(r"Start worker at: +(tls://\S+)", told)
        scheduler = re.search(r"Waiting to connect to: +(tls://\S+)", told)
        assert worker is not None
        assert scheduler is not None
        yield Run(folder, job.name, process, scheduler[1], worker[1])
    assert slurm.jobs() == []
    assert not list(place.rglob("planted"))
    assert not list(folder.glob("tls-*"))


async def answer(address: str, security: Security | None, patience: float = TIMEOUT_S) -> object:
    """Connect as a client would, and ask who is there."""
    options = {} if security is None else security.get_connection_args("client")
    comm = await connect(address, timeout=patience, **options)
    try:
        await comm.write({"op": "identity", "reply": True})
        return await asyncio.wait_for(comm.read(), patience)
    finally:
        comm.abort()


def test_the_runs_own_certificate_opens_both(run: Run) -> None:
    # else the refusals below would show nothing
    for address, kind in ((run.scheduler, "Scheduler"), (run.worker, "Worker")):
        found = asyncio.run(answer(address, run.own, PATIENCE_S))
        assert isinstance(found, dict)
        assert found["type"] == kind
    with Client(
        run.scheduler, security=run.own, timeout=PATIENCE_S, set_as_default=False
    ) as client:
        assert client.submit(os.getpid, pure=False).result(60) == run.worker_process


@pytest.mark.parametrize("target", ["scheduler", "worker"])
def test_another_certificate_opens_neither(run: Run, target: str) -> None:
    with pytest.raises(OSError, match="TLS certificate does not match"):
        asyncio.run(answer(getattr(run, target), Security.temporary()))


@pytest.mark.parametrize("target", ["scheduler", "worker"])
def test_plain_tcp_opens_neither(run: Run, target: str) -> None:
    address = getattr(run, target).replace("tls://", "tcp://")
    with pytest.raises(OSError, match=r"(?i)closed|timed out"):
        asyncio.run(answer(address, None))


@pytest.mark.parametrize("shown", ["no certificate", "another certificate"])
@pytest.mark.parametrize("target", ["scheduler", "worker"])
def test_tls_opens_neither_to_who_passes_over_what_they_show(
    run: Run, target: str, shown: str, tmp_path: Path
) -> None:
    host, port = getattr(run, target).removeprefix("tls://").split(":")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if shown == "another certificate":
        with certificates(tmp_path) as other:
            context.load_cert_chain(*other.files[1:])

    def talk() -> bytes:
        with (
            socket.create_connection((host, int(port)), TIMEOUT_S) as plain,
            context.wrap_socket(plain) as link,
        ):
            return link.recv(100)  # TLS 1.3 tells a client that is refused only here

    with pytest.raises(ssl.SSLError, match=r"(?i)certificate.required|unknown.ca"):
        talk()


def test_a_whole_client_without_the_certificate_gets_nowhere(run: Run) -> None:
    for security in (None, Security.temporary()):
        address = run.scheduler if security else run.scheduler.replace("tls", "tcp")
        with pytest.raises(OSError, match=r"(?i)timed out|does not match|closed"):
            Client(address, security=security, timeout=TIMEOUT_S, set_as_default=False)


def listening(process: psutil.Process) -> list[tuple[str, int]]:
    found = process.net_connections(kind="tcp")
    return [(c.laddr.ip, c.laddr.port) for c in found if c.status == psutil.CONN_LISTEN]


def test_all_that_listens_is_on_loopback(run: Run) -> None:
    # the links are where the cluster file says; the pages are where Dask puts them, which would
    # be every interface
    worker = psutil.Process(run.worker_process)
    nanny = worker.parent()
    assert nanny is not None
    for process, least in ((psutil.Process(), 2), (worker, 2), (nanny, 1)):
        sockets = listening(process)
        assert len(sockets) >= least
        assert {host for host, _ in sockets} == {"127.0.0.1"}


def test_a_name_reaches_the_scheduler_as_plain_text(run: Run) -> None:
    assert run.title.rpartition(" ")[0] == NASTY


def test_workers_end_by_themselves_without_their_driver(
    slurm: LocalSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_cluster(write_cluster(tmp_path, workers={"max_jobs": 1}))
    folder = tmp_path / "cluster"
    with dask_workers(config, folder, "left alone", lambda _: None) as executor:
        process = executor().submit(os.getpid).result(120)
        # the driver ends none of its jobs, as one that is killed
        monkeypatch.setattr(BatchSystem, "end_workers", lambda *_: None)
    slurm.wait_until("the workers to end", lambda: not slurm.jobs("left alone"))
    assert not psutil.pid_exists(process)
