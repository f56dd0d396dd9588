"""A real Slurm of one node on loopback, for tests and benchmarks; it needs no systemd.

``with LocalSlurm() as slurm:`` starts munged, slurmctld and slurmd with files of their own in a
temporary folder and on free ports, so that several may run side by side, and ends them by their
ids. From a shell, ``python tests/helpers/slurm.py COMMAND...`` runs a command with one.
"""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

#: Where Debian puts the daemons; sbin is not on everybody's PATH.
SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel")

#: Processors that the node claims to have, whatever the machine has.
PROCESSORS = 8

#: Which code OpenBLAS runs, where a machine's environment says so: jobs have it too, since
#: energies by another kernel differ in their last bit, and results are compared byte by byte.
BLAS_KERNEL = "OPENBLAS_CORETYPE"

#: Seconds that a daemon may take to start or to end on a busy machine.
PATIENCE_S = 60.0

# Names and values as in the slurm.conf manual. The account database, cgroups and mail, which a
# machine for tests does not have, are switched off; times to wait are as short as they can be.
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
MailProg=/bin/true
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=2
TaskProlog={folder}/task_prolog.sh
NodeName={host} NodeAddr=127.0.0.1 CPUs={processors} RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@dataclass(frozen=True)
class QueuedJob:
    """One line of squeue: a job that is not over."""

    id: str
    name: str
    state: str


def missing_programs() -> list[str]:
    """Name the programs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name, path=SEARCH) is None]


class LocalSlurm:
    """A cluster of one node with the partition ``main``; up inside ``with``."""

    def __init__(self) -> None:
        # A short path, since that of a socket may have a hundred characters only.
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        self._daemons: list[subprocess.Popen[bytes]] = []
        self._outer = os.environ.get("SLURM_CONF")

    def __enter__(self) -> Self:
        configuration = self._write_configuration()
        os.environ["SLURM_CONF"] = str(configuration)
        try:
            munge = [f"--{name}={self.folder}/munge.{name}" for name in ("socket", "pid-file")]
            self._start(
                "munged",
                "--foreground",
                "--force",
                f"--key-file={self.folder}/munge.key",
                f"--log-file={self.folder}/munged.log",
                f"--seed-file={self.folder}/munged.seed",
                *munge,
            )
            self._wait("munge's socket", (self.folder / "munge.socket").exists)
            self._start("slurmctld", "-D", "-f", str(configuration))
            self._start("slurmd", "-D", "-f", str(configuration))
            self._wait("an idle node", self._node_is_idle)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def jobs(self, name: str | None = None) -> list[QueuedJob]:
        """Return the jobs that wait, run or come to their end; of one name but its tag."""
        done = _command("squeue", "--noheader", "--format=%i\t%T\t%j")
        if done.returncode:
            raise RuntimeError(f"squeue: {done.stderr}")
        rows = [line.split("\t", 2) for line in done.stdout.splitlines()]
        return [QueuedJob(i, n, s) for i, s, n in rows if name in (None, n, n.rpartition(" ")[0])]

    def submit(self, script: str, folder: Path, *options: str) -> str:
        """Submit a script from a folder; return the job's id."""
        done = subprocess.run(
            [_path("sbatch"), "--parsable", *options],
            input=script,
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def cancel(self, *jobs: str) -> None:
        """Cancel jobs, as a person or an administrator would."""
        _command("scancel", *jobs)

    def wait_until(self, what: str, holds: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        """Wait until something holds; fail with what the daemons said if it never does."""
        self._wait(what, holds, seconds)

    def stop(self) -> None:
        """Cancel all jobs, wait for their processes, end the daemons and remove their files."""
        if len(self._daemons) == len(("munged", "slurmctld", "slurmd")):
            self._end_jobs()
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self._daemons.clear()
        if self._outer is None:
            os.environ.pop("SLURM_CONF", None)
        else:
            os.environ["SLURM_CONF"] = self._outer
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end_jobs(self) -> None:
        # A job that ignores SIGTERM is killed KillWait seconds later.
        _command("scancel", f"--user={getpass.getuser()}")
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and all(d.poll() is None for d in self._daemons):
            done = _command("squeue", "--noheader")
            if done.returncode == 0 and not done.stdout.strip():
                return
            time.sleep(0.1)

    def _write_configuration(self) -> Path:
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(128))
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        prolog = self.folder / "task_prolog.sh"
        kernel = os.environ.get(BLAS_KERNEL, "")
        prolog.write_text(f"#!/bin/sh\n[ -z '{kernel}' ] || echo 'export {BLAS_KERNEL}={kernel}'\n")
        prolog.chmod(0o755)
        controller_port, node_port = _free_ports(2)
        path = self.folder / "slurm.conf"
        path.write_text(
            CONFIGURATION.format(
                host=socket.gethostname().partition(".")[0],
                user=getpass.getuser(),
                folder=self.folder,
                processors=PROCESSORS,
                controller_port=controller_port,
                node_port=node_port,
            ),
            encoding="ascii",
        )
        return path

    def _start(self, program: str, *options: str) -> None:
        command = [_path(program), *options]
        # A test session that is killed takes its daemons along.
        guard = shutil.which("setpriv")
        if guard is not None:
            command = [guard, "--pdeathsig", "KILL", "--", *command]
        with (self.folder / f"{program}.out").open("wb") as out:
            self._daemons.append(
                subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            )

    def _node_is_idle(self) -> bool:
        done = _command("sinfo", "--noheader", "--format=%T")
        return done.returncode == 0 and done.stdout.strip() == "idle"

    def _wait(self, what: str, holds: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end or any(d.poll() is not None for d in self._daemons):
                raise RuntimeError(f"Slurm: waited in vain for {what}\n{self._said()}")
            time.sleep(0.05)

    def _said(self) -> str:
        files = sorted(self.folder.glob("*.out"))
        return "\n".join(f"{f.name}:\n{f.read_text(errors='replace')[-2000:]}" for f in files)


def _path(program: str) -> str:
    found = shutil.which(program, path=SEARCH)
    if found is None:
        raise FileNotFoundError(f"{program} is not installed")
    return found


def _command(program: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([_path(program), *options], check=False, capture_output=True, text=True)


def _free_ports(number: int) -> list[int]:
    held = [socket.socket() for _ in range(number)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


if __name__ == "__main__":
    if missing_programs():
        sys.exit(f"not installed: {', '.join(missing_programs())}; run .ci/install-slurm")
    with LocalSlurm():
        sys.exit(subprocess.run(sys.argv[1:], check=False).returncode)
