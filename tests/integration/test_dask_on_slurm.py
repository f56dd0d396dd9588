"""Studies on a real Slurm: workers and drivers that are killed, cancelled and looked at."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cluster_studies import (
    NASTY,
    assert_nothing_twice,
    files_with,
    finish,
    keys,
    processes_with,
    start,
    under_way,
    wait_until,
    write_cluster,
    write_recipe,
)
from fake_llo_dft import driver_command
from slow_engine import SlowEngine
from typer.testing import CliRunner

from llo_dft.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result
    from slurm import LocalSlurm

    from llo_dft.calculations.cache import JournalEntry

pytestmark = pytest.mark.slurm

PLANTED = "planted-4f1d9c60-and-never-told"


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The results of the same study, run on this machine."""
    folder = tmp_path_factory.mktemp("local")
    finish(start("run", write_recipe(folder), "-o", folder / "study", "--workers", "1"))
    return (folder / "study" / "results.json").read_bytes()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a name that a shell would read as commands."""
    made = tmp_path / NASTY
    made.mkdir()
    return made


def running(slurm: LocalSlurm, name: str) -> list[str]:
    return [job.id for job in slurm.jobs(name) if job.state == "RUNNING"]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run llo-dft with the fake engine in this process, which is faster."""
    monkeypatch.setattr("llo_dft.study.run_study.engine_from", SlowEngine)
    monkeypatch.setattr("llo_dft.study.result.engine_from", SlowEngine)
    monkeypatch.setattr("llo_dft.cli.submit.driver_command", driver_command)
    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))


def slow(seconds: float) -> dict[str, dict[str, dict[str, float]]]:
    return {"engine": {"overrides": {"seconds": seconds}}}


def held(gate: Path) -> dict[str, dict[str, dict[str, str]]]:
    """Slabs are computed as soon as the file is gone."""
    gate.touch()
    return {"engine": {"overrides": {"gate": str(gate)}}}


def held_slab(study: Path, n_starts: int) -> JournalEntry:
    """The slab whose calculation was begun that often, and is held now."""

    def found() -> list[JournalEntry]:
        started = keys(study, "started")
        return [one for one in under_way(study) if started.count(one.key) == n_starts]

    wait_until(f"start {n_starts} of a slab", lambda: [e for e in found() if is_slab(e)])
    (slab,) = [entry for entry in found() if is_slab(entry)]
    return slab


def is_slab(entry: JournalEntry) -> bool:
    return entry.label.startswith("bare_")


def job_of(process: int) -> str:
    """The job that a process belongs to."""
    variables = Path(f"/proc/{process}/environ").read_text().split("\0")
    (job,) = [one.partition("=")[2] for one in variables if one.startswith("SLURM_JOB_ID=")]
    return job


def test_a_run_outlives_its_workers_and_its_driver(
    slurm: LocalSlurm, local: bytes, place: Path
) -> None:
    study = place / "study $HOME"
    gate = place / "gate"
    recipe = write_recipe(place, "rec'ipe $(touch planted).toml", **held(gate))
    arguments = ("run", recipe, "-o", study, "--on", write_cluster(place))
    first = start(*arguments, LLO_DFT_PASSWORD=PLANTED)
    # the first slab, which all others wait for
    os.kill(held_slab(study, n_starts=1).process, signal.SIGKILL)
    slurm.cancel(job_of(held_slab(study, n_starts=2).process))
    slab = held_slab(study, n_starts=3)
    first.kill()
    _, told = first.communicate()
    assert job_of(slab.process) in running(slurm, "llo-dft tiny worker")
    assert list((study / "cluster").glob("tls-*"))
    # at once, while the workers of the first run are still there
    second = start(*arguments, LLO_DFT_PASSWORD=PLANTED)
    assert held_slab(study, n_starts=4).key == slab.key
    assert not Path(f"/proc/{slab.process}").exists()
    gate.unlink()
    printed, said = finish(second)

    assert (study / "results.json").read_bytes() == local
    # the killed worker's, the cancelled one's, and that of the killed driver's worker
    assert_nothing_twice(study, n_interrupted=3)
    assert slurm.jobs() == []
    assert not list((study / "cluster").glob("tls-*"))
    assert not list(place.rglob("planted"))
    assert files_with(PLANTED, place, slurm.folder) == []
    assert PLANTED not in printed + said + told


def test_a_submitted_driver_is_gone_on_with_after_a_kill(
    slurm: LocalSlurm,
    local: bytes,
    place: Path,
    here: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LLO_DFT_PASSWORD", PLANTED)
    study = place / "study"
    gate = place / "gate"
    recipe = write_recipe(place, **held(gate))
    submit = ("submit", recipe, "-o", study, "--on", write_cluster(place, workers={"max_jobs": 1}))
    done = here(*submit)
    assert done.exit_code == 0
    assert "9 calculations; the driver is job " in done.output
    for command in (submit, ("run", recipe, "-o", study)):
        refused = here(*command)
        assert refused.exit_code == 2
        assert "is already in the queue" in refused.stderr

    slab = held_slab(study, n_starts=1)
    assert "driver: running; job " in here("status", study).stdout
    (driver,) = processes_with("fake_llo_dft", str(study))
    os.kill(driver, signal.SIGKILL)
    assert held_slab(study, n_starts=2).key == slab.key
    gate.unlink()
    wait_until("the results", (study / "results.json").exists)
    wait_until("an empty queue", lambda: not slurm.jobs())

    assert (study / "results.json").read_bytes() == local
    assert_nothing_twice(study, n_interrupted=1)
    shown = here("status", study)
    assert shown.exit_code == 0
    assert "driver: completed; round 2" in shown.stdout
    assert files_with(PLANTED, place, slurm.folder) == []
    assert PLANTED not in done.output + shown.output
    assert not list(place.rglob("planted"))


def test_workers_that_can_not_start_end_the_run_with_their_log(
    slurm: LocalSlurm, tmp_path: Path, here: Callable[..., Result]
) -> None:
    cluster = write_cluster(tmp_path, prologue="echo no module named vasp; exit 1\n")
    done = here("run", write_recipe(tmp_path), "-o", tmp_path / "study", "--on", cluster)
    assert done.exit_code == 2
    lines = [line for line in done.stderr.splitlines() if line.startswith("llo-dft: ")]
    assert "3 worker jobs in a row ended before a worker started; the end of " in lines[0]
    assert lines[-1] == "llo-dft: no module named vasp"
    assert slurm.jobs() == []


@pytest.mark.usefixtures("slurm")
@pytest.mark.parametrize("command", ["run", "submit"])
def test_a_queue_that_there_is_not_is_said_at_once(
    command: str, tmp_path: Path, here: Callable[..., Result]
) -> None:
    nowhere = {"queue": "nowhere"}
    cluster = write_cluster(tmp_path, workers=nowhere, driver=nowhere)
    done = here(command, write_recipe(tmp_path), "-o", tmp_path / "study", "--on", cluster)
    assert done.exit_code == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("llo-dft: ")]
    assert line.startswith("llo-dft: sbatch refused: ")
    assert "invalid partition specified: nowhere" in line
    assert not (tmp_path / "study" / "submit.json").exists()


def test_a_network_interface_that_there_is_not_is_said_at_once(
    slurm: LocalSlurm, tmp_path: Path, here: Callable[..., Result]
) -> None:
    cluster = write_cluster(tmp_path, network={"interface": "lo", "driver_interface": "ib7"})
    done = here("run", write_recipe(tmp_path), "-o", tmp_path / "study", "--on", cluster)
    assert done.exit_code == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("llo-dft: ")]
    assert line.startswith("llo-dft: the driver can't listen on network interface ib7: ")
    assert "'lo'" in line  # the ones that there are
    assert slurm.jobs() == []


def test_what_is_submitted_can_be_cancelled(
    slurm: LocalSlurm, tmp_path: Path, here: Callable[..., Result]
) -> None:
    study = tmp_path / "study"
    recipe = write_recipe(tmp_path, **slow(60.0))
    assert here("submit", recipe, "-o", study, "--on", write_cluster(tmp_path)).exit_code == 0
    # driver, the next round, workers
    wait_until("a worker", lambda: running(slurm, "llo-dft tiny worker"))
    done = here("cancel", study)
    (jobs,) = re.findall(r"^cancelled ([\d, ]+);", done.stdout)
    assert len(jobs.split(", ")) >= 3
    wait_until("an empty queue", lambda: not slurm.jobs())
    assert "driver: failed; round 1; cancelled" in here("status", study).stdout.splitlines()


@pytest.mark.slow
def test_a_cancelled_driver_and_walltimes_cost_only_what_was_under_way(
    slurm: LocalSlurm, local: bytes, tmp_path: Path
) -> None:
    study = tmp_path / "study"
    recipe = write_recipe(tmp_path, **slow(15.0))
    short = {"walltime": "00:02:00"}
    cluster = write_cluster(tmp_path, workers=short | {"max_jobs": 1}, driver=short)
    finish(start("submit", recipe, "-o", study, "--on", cluster))
    wait_until("a calculation", lambda: keys(study, "completed"))
    slurm.cancel(*running(slurm, "llo-dft tiny"))
    wait_until("the results", (study / "results.json").exists)
    wait_until("an empty queue", lambda: not slurm.jobs())
    assert (study / "results.json").read_bytes() == local
    logs = "\n".join(log.read_text() for log in sorted((study / "cluster").glob("*.log")))
    n_ended = logs.count("was ended at the end of its walltime")
    assert n_ended >= 1
    assert logs.count("was ended by a signal") == 1
    # one worker: each end of a driver interrupts one calculation
    assert_nothing_twice(study, n_interrupted=n_ended + 1)
    assert "driver: completed" in finish(start("status", study))[0]


@pytest.mark.slow
def test_a_walltime_that_no_calculation_fits_into_ends_the_rounds(
    slurm: LocalSlurm, tmp_path: Path
) -> None:
    study = tmp_path / "study"
    recipe = write_recipe(tmp_path, **slow(500.0))
    cluster = write_cluster(tmp_path, driver={"walltime": "00:01:00"})
    finish(start("submit", recipe, "-o", study, "--on", cluster))
    wait_until("an empty queue", lambda: not slurm.jobs())
    shown, _ = finish(start("status", study), 1)
    assert "driver: failed; round 1; round 1 finished no calculation: see its log" in shown


@pytest.mark.slow
def test_workers_at_their_walltime_are_replaced(
    slurm: LocalSlurm, local: bytes, tmp_path: Path
) -> None:
    study = tmp_path / "study"
    gate = tmp_path / "gate"
    recipe = write_recipe(tmp_path, **held(gate))
    cluster = write_cluster(tmp_path, workers={"walltime": "00:01:00", "max_jobs": 1})
    run = start("run", recipe, "-o", study, "--on", cluster)
    held_slab(study, n_starts=2)  # the first worker's job ended while it held the slab
    gate.unlink()
    finish(run)
    assert (study / "results.json").read_bytes() == local
    n_jobs = len(list((study / "cluster").glob("*.log")))
    assert n_jobs >= 2
    assert_nothing_twice(study, n_interrupted=n_jobs - 1)
    assert slurm.jobs() == []
