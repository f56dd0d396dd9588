"""Dask workers in jobs of a batch system, as an executor for the runner.

Dask executes whatever it is sent, and the nodes of a cluster are shared: so every link always uses
TLS with certificates made for the run, which only the run's owner can read, and web pages listen
on loopback.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llo_dft.errors import InputError
from llo_dft.submit.batch import BATCH_SYSTEMS, BatchError
from llo_dft.submit.dask.scripts import require_dask, worker_script
from llo_dft.submit.dask.worker_jobs import WorkerJobPool, Workforce
from llo_dft.submit.records import write_private

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from distributed.deploy.spec import SpecCluster
    from distributed.security import Security

    from llo_dft.submit.dask.cluster_config import ClusterConfig
    from llo_dft.submit.dask.executor import DaskExecutor


@contextmanager
def dask_workers(
    config: ClusterConfig, folder: Path, title: str, say: Callable[[str], None]
) -> Iterator[Callable[[], Executor]]:
    """Keep workers in the queue of a cluster while the context lasts.

    Worker jobs left by a killed run are ended first, and those of this run at the end, even after
    an error.

    Raises ``InputError`` if Dask is not installed, or the scheduler refuses the jobs.

    ``title`` is the name of the jobs, ``say`` is called with their number, in words. ``folder`` is
    that of the logs and, while the run lasts, the certificates; it is created if needed, and the
    compute nodes must see it. Yields a function that makes an executor, or raises the reason if the
    workers do not start.
    """
    require_dask()
    import dask  # noqa: PLC0415  (takes a second)
    from distributed import Client  # noqa: PLC0415

    from llo_dft.submit.dask.executor import DaskExecutor  # noqa: PLC0415

    settings = {
        "distributed.scheduler.allowed-failures": config.retries,
        # workers get no tasks in advance: if one dies, only one task is tried again
        "distributed.scheduler.worker-saturation": 1.0,
        # a task carries the documents that it needs
        "distributed.admin.large-graph-warning-threshold": "1GB",
    }
    batch = BATCH_SYSTEMS[config.scheduler]
    folder.mkdir(parents=True, exist_ok=True)
    batch.end_workers(folder)
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(settings))
        made = stack.enter_context(certificates(folder))
        cluster = stack.enter_context(_scheduler(config, made))
        client = stack.enter_context(Client(cluster, set_as_default=False))
        executors: list[DaskExecutor] = []
        failures: list[BatchError] = []

        def fail(error: BatchError) -> None:
            failures.append(error)
            for executor in executors:
                executor.break_off(str(error))

        def new_executor() -> Executor:
            if failures:
                raise failures[0]
            executors.append(DaskExecutor(client))
            return executors[-1]

        def submit(name: str) -> str:
            script = worker_script(config, cluster.scheduler_address, name, made)
            return batch.submit_script(script, folder, title, "worker")

        pool = WorkerJobPool(
            batch=batch,
            limits=config.workers,
            workforce=Workforce(cluster.scheduler, client, executors),
            submit=submit,
            folder=folder,
            say=say,
            on_failure=fail,
        )
        stack.callback(pool.end)
        pool.submit_first()
        pool.start()
        yield new_executor


def _scheduler(config: ClusterConfig, made: Certificates) -> SpecCluster:
    """Return Dask's scheduler, in this process; it does not manage the jobs of its workers."""
    from distributed import Scheduler  # noqa: PLC0415
    from distributed.deploy.spec import SpecCluster  # noqa: PLC0415

    interface = config.network.driver_interface or config.network.interface
    options = {
        "protocol": "tls://",
        "security": made.security,
        "interface": interface,
        "dashboard_address": "127.0.0.1:0",
    }
    try:
        return SpecCluster(
            scheduler={"cls": Scheduler, "options": options},
            security=made.security,
            silence_logs=logging.ERROR,
        )
    except RuntimeError as error:
        raise InputError(
            f"the driver can't listen on network interface {interface or 'of the default route'}: "
            f"{error}; set network.driver_interface in the cluster file to one that exists here"
        ) from error


_PREFIX = "tls-"


@dataclass(frozen=True)
class Certificates:
    """Credentials of the driver (``security``, in memory) and of its workers (``files``).

    The files are certificate authority, certificate and key.
    """

    security: Security
    files: tuple[Path, Path, Path]


@contextmanager
def certificates(folder: Path) -> Iterator[Certificates]:
    """Put new certificates into a new folder below ``folder``, readable only by its owner.

    Whoever has the key can send code to the workers, which is what Dask does. So the key exists
    only during the run, and one left by a killed run is removed here.
    """
    from distributed.security import Security  # noqa: PLC0415  (takes a second)

    for left in folder.glob(f"{_PREFIX}*"):
        shutil.rmtree(left)
    security = Security.temporary()
    texts = (security.tls_ca_file, security.tls_worker_cert, security.tls_worker_key)
    with tempfile.TemporaryDirectory(None, _PREFIX, folder, ignore_cleanup_errors=True) as name:
        private = Path(name).resolve()  # mode 0700
        files = (private / "ca.pem", private / "certificate.pem", private / "key.pem")
        for file, text in zip(files, texts, strict=True):
            write_private(file, text)
        yield Certificates(security, files)
