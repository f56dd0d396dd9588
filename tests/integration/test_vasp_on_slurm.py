"""VASP (its stand-in) on a real Slurm, both ways: what ``llo-dft run`` leaves, computed once.

Nothing of the package is replaced here: its own command line, jobs, drivers and runner, and VASP
as a step of a job. Folders have names that a shell would read as commands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import standin_study
from cluster_studies import NASTY, assert_nothing_twice, files_with, wait_until, write_cluster
from remote_study import SECRET, SECRET_VARIABLE, RemoteStudy, project_file
from typer.testing import CliRunner

from llo_dft.cli.main import app
from llo_dft.submit.remote.project import load_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result
    from slurm import LocalSlurm
    from standin_study import VaspHome
    from store_server import StoreServer

pytestmark = pytest.mark.slurm


def llo_dft(*arguments: object) -> Result:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done


@dataclass(frozen=True)
class Local:
    """A machine with VASP, and the study as it was run on it."""

    vasp: VaspHome
    results: bytes
    n_starts: int


@pytest.fixture(scope="module", autouse=True)
def password() -> Iterator[None]:
    """In the environment of all that is started here, and to be found in no file."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(SECRET_VARIABLE, SECRET)
        yield


@pytest.fixture(scope="module")
def vasp(tmp_path_factory: pytest.TempPathFactory) -> VaspHome:
    place = tmp_path_factory.mktemp("vasp")
    return standin_study.install(place, place / NASTY)


@pytest.fixture(scope="module")
def driven(
    slurm: LocalSlurm, vasp: VaspHome, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """The folder of a study whose driver is in the queue, and what was said of it."""
    assert slurm.jobs() == []
    place = tmp_path_factory.mktemp("driven") / NASTY
    place.mkdir()
    study = place / "study $HOME"
    recipe = standin_study.write_recipe(place, "rec'ipe $(touch planted).toml")
    cluster = write_cluster(place, workers={"ranks": 1, "max_jobs": 1}, prologue=vasp.prologue)
    return study, llo_dft("submit", recipe, "-o", study, "--on", cluster).output


@pytest.fixture(scope="module")
def local(
    vasp: VaspHome,
    driven: object,  # which goes on meanwhile
    tmp_path_factory: pytest.TempPathFactory,
) -> Local:
    """Run the study here, with one worker. Read only."""
    del driven
    place = tmp_path_factory.mktemp("local")
    study = place / "study"
    with pytest.MonkeyPatch.context() as patched:
        for name, value in vasp.variables.items():
            patched.setenv(name, value)
        patched.setenv("ATOMATE2_VASP_CMD", "vasp_std")
        patched.setenv("ATOMATE2_VASP_GAMMA_CMD", "vasp_gam")
        patched.setenv("PMG_VASP_PSP_DIR", str(vasp.potcars))
        llo_dft("run", standin_study.write_recipe(place), "-o", study, "--workers", 1)
    assert files_with(SECRET, place) == []
    return Local(vasp, (study / "results.json").read_bytes(), vasp.n_starts_below(study))


def assert_as_here(study: Path, local: Local, slurm: LocalSlurm) -> None:
    assert (study / "results.json").read_bytes() == local.results
    assert_nothing_twice(study, n_interrupted=0)
    assert local.vasp.n_starts_below(study) == local.n_starts > 0
    assert not list(study.parent.parent.rglob("planted"))
    assert files_with(SECRET, study.parent.parent, local.vasp.program.folder, slurm.folder) == []


def test_a_driver_in_the_queue_leaves_what_a_run_here_leaves(
    slurm: LocalSlurm, local: Local, driven: tuple[Path, str]
) -> None:
    study, said = driven
    wait_until("the results", (study / "results.json").exists)
    wait_until("an empty queue", lambda: not slurm.jobs())
    assert_as_here(study, local, slurm)
    shown = llo_dft("status", study).output
    assert "driver: completed; round 1" in shown
    assert SECRET not in said + shown


def test_jobs_of_jobflow_remote_leave_what_a_run_here_leaves(
    slurm: LocalSlurm,
    local: Local,
    server: StoreServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import jobflow_remote

    file = project_file(tmp_path, server, local.vasp)
    monkeypatch.setattr(jobflow_remote.SETTINGS, "projects_folder", str(file.parent))
    place = tmp_path / NASTY
    place.mkdir()
    study = place / "study $HOME"
    recipe = standin_study.write_recipe(place, "rec'ipe $(touch planted).toml")
    said = llo_dft("submit", recipe, "-o", study, "--project", "lab").output
    RemoteStudy(None, load_project("lab")).drive()
    assert_as_here(study, local, slurm)
    shown = llo_dft("status", study).output
    assert re.search(r"^queue: (\d+) COMPLETED of \1 jobs$", shown, flags=re.MULTILINE)
    assert SECRET not in said + shown
    assert not [document for document in server.documents() if SECRET in repr(document)]
    script = next(path for path in tmp_path.rglob("submit.sh") if "--ntasks" in path.read_text())
    assert "#SBATCH --export=NONE" in script.read_text()
