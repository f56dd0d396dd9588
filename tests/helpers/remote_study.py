"""The tiny study in the queue of jobflow-remote: a project as ``llo-dft hpc init`` writes it.

The project's only differences from a person's: its database is a ``StoreServer``, it looks for
news every second, and its calculations find the fake engine.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from slow_engine import ProgramEngine, SlowCalculation
from standin_study import COMMAND

from llo_dft.calculations.cache import CalculationCache
from llo_dft.documents.decoding.named_objects import TRUST
from llo_dft.resources import resource_path
from llo_dft.study.folder import StudyFolder
from llo_dft.study.planning.oxygen_settings import oxygen_settings
from llo_dft.study.remote.queue_status import with_queue
from llo_dft.study.remote.submit_project import prepare_submission, submit_study
from llo_dft.study.run_study import PreparedRun
from llo_dft.study.study_status import study_status
from llo_dft.submit.remote.run_job import run_job
from llo_dft.submit.remote.template import check_answers, project_text, write_project
from llo_dft.testing.fake_engine import fault_name

if TYPE_CHECKING:
    from pymatgen.core import Structure
    from standin_study import VaspHome
    from store_server import StoreServer

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.engines.base import Outcome
    from llo_dft.recipe import Recipe
    from llo_dft.study.study_status import StudyStatus
    from llo_dft.submit.remote.project import RemoteProject
    from llo_dft.typing import CalculationKind

HELPERS = Path(__file__).parent

#: Whose makers the workers may decode, beside those of the package.
ENGINE_MODULES = "llo_dft.testing.fake_engine slow_engine remote_study two_engines"

#: Set in the environment of everything that a test starts; to be found nowhere else.
SECRET = "correct-horse-battery-staple"  # noqa: S105 (planted)
SECRET_VARIABLE = "LLO_DFT_MONGO_PASSWORD"  # noqa: S105


def project_file(folder: Path, server: StoreServer, vasp: VaspHome | None = None) -> Path:
    """Write a project into the folder where jobflow-remote looks for projects.

    Its calculations find the fake engine, or else VASP.
    """
    answers = check_answers(
        {
            "name": "lab",
            "queue": "main",
            "work_dir": str(folder / "work"),
            "python": sys.executable,
            "cores": 1,
            "memory": "500 MB",
            "vasp_command": COMMAND,
            "potcars": None if vasp is None else str(vasp.potcars),
            "mongo_database": "llo",
            "mongo_user": "me",
        }
    )
    template = resource_path("hpc_configs", "jobflow_remote_slurm.yaml")
    text = project_text(template.read_text(encoding="utf-8"), answers)
    path = write_project(folder / "projects", answers.name, text)
    change_project(path, lambda project: _for_tests(project, server, vasp))
    return path


def change_project(path: Path, change: Any) -> None:
    """Change a project in place."""
    yaml = YAML()
    project = yaml.load(path)
    change(project)
    yaml.dump(project, path)


def _for_tests(project: dict[str, Any], server: StoreServer, vasp: VaspHome | None) -> None:
    project["queue"]["store"] = server.store("jobs")
    project["jobstore"]["docs_store"] = server.store("outputs")
    for delay in ("delay_checkout", "delay_check_run_status", "delay_advance_status"):
        project["runner"][delay] = 1
    program = project["exec_config"]["vasp"]
    if vasp is None:
        program["export"] = {"PYTHONPATH": str(HELPERS), TRUST: shlex.quote(ENGINE_MODULES)}
        project["exec_config"]["potential"] = {"export": program["export"]}
    else:
        program["export"] |= {name: shlex.quote(text) for name, text in vasp.variables.items()}


#: Longer than a walltime of a minute, and than Slurm takes to look for those that are over.
SLEEP_S = 240.0


@dataclass
class BlockedCalculation(SlowCalculation):
    """A calculation that has its faults only while a file is there."""

    blocker: str = ""

    def calculate(self, structure: Structure, folder: Path) -> Outcome:
        if not Path(self.blocker).exists():
            self.faults = {}
        if self.faults.get(fault_name(self.kind, structure)) == "sleep":
            time.sleep(SLEEP_S)
        return super().calculate(structure, folder)


class BlockedEngine(ProgramEngine):
    """The fake engine, whose faults are over when the file ``blocker`` is removed."""

    def __init__(self, recipe: Recipe, blocker: Path, seconds: float, faults: dict[str, str]):
        super().__init__(recipe.engine)
        self.blocker, self.seconds, self.faults = blocker, seconds, faults
        blocker.touch()

    def maker(self, kind: CalculationKind) -> BlockedCalculation:
        made = super().maker(kind)
        return BlockedCalculation(**vars(made), blocker=str(self.blocker))


def prepared_in(
    folder: Path, recipe: Recipe, plan: StudyPlan, *, seconds: float = 0.0, **faults: str
) -> PreparedRun:
    """Prepare a study with the fake engine; ``study.blocked`` beside it keeps its faults."""
    engine = BlockedEngine(recipe, folder.with_name(f"{folder.name}.blocked"), seconds, faults)
    return PreparedRun(
        recipe, engine, oxygen_settings(recipe, engine.oxygen), plan, StudyFolder(folder)
    )


@dataclass(frozen=True)
class RemoteStudy:
    """A prepared study, and the project that it goes to."""

    prepared: PreparedRun
    project: RemoteProject

    @property
    def folder(self) -> StudyFolder:
        return self.prepared.folder

    @property
    def status(self) -> StudyStatus:
        return with_queue(study_status(self.folder), self.folder)

    @property
    def journal(self) -> list[tuple[str, str]]:
        """Event and label of each line of the calculations' journal."""
        entries = CalculationCache(self.folder.calculations).journal()
        return [(entry.event, entry.label) for entry in entries]

    @property
    def n_started(self) -> dict[str, int]:
        """How often each calculation was started, by its label."""
        return dict(Counter(label for event, label in self.journal if event == "started"))

    def results(self) -> bytes:
        return self.folder.results.read_bytes()

    def mend(self) -> None:
        """Let the calculations that fail go well from now on."""
        self.folder.path.with_name(f"{self.folder.path.name}.blocked").unlink()

    def submit(self, worker: str | None = None) -> None:
        submit_study(prepare_submission(self.prepared, self.project, worker))

    def drive(self, seconds: int = 600) -> None:
        """Have jobflow-remote's runner do, in this process, all that can be done."""
        from jobflow_remote.jobs.runner import Runner

        runner = Runner(self.project.name)
        try:
            runner.run_all_jobs(max_seconds=seconds)
        finally:
            runner.cleanup()

    def drive_here(self, *broken: str) -> None:
        """Do the same without a scheduler: each job in this process, as soon as it is brought.

        All but the scheduler's part is jobflow-remote's own. Jobs of the names ``broken`` are
        killed before they say anything.
        """
        from jobflow_remote.jobs.runner import Runner

        runner = Runner(self.project.name)
        controller = runner.job_controller
        try:
            while True:
                runner.checkout()
                runner.advance_state(["CHECKED_OUT"])
                brought = list(controller.jobs.find({"state": "UPLOADED"}))
                if not brought:
                    return
                for job in brought:
                    if job["job"]["name"] not in broken:
                        run_job(Path(job["run_dir"]))
                    controller.jobs.update_one(
                        {"uuid": job["uuid"], "index": job["index"]},
                        {"$set": {"state": "DOWNLOADED"}},
                    )
                runner.advance_state(["DOWNLOADED"])
        finally:
            runner.cleanup()

    def start_runner(self) -> subprocess.Popen[bytes]:
        """Start jobflow-remote's runner as a person would, in a process of its own."""
        jf = Path(sys.executable).with_name("jf")
        log = self.project.file.with_name("runner.out").open("ab")
        return subprocess.Popen(
            [str(jf), "-p", self.project.name, "runner", "run"],
            stdout=log,
            stderr=log,
            env=dict(os.environ),
        )
