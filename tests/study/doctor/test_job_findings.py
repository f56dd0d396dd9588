"""What both doctors make of what a job's shell and a scheduler say."""

from __future__ import annotations

import json
import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cluster_studies import write_cluster
from remote_study import change_project

from llo_dft.engines.base import Program
from llo_dft.study.doctor import job_findings
from llo_dft.study.doctor.job_findings import (
    JobShell,
    ProbeError,
    check_slurm_script,
    program_findings,
    scheduler_finding,
    script_finding,
    walltime_finding,
)
from llo_dft.submit.batch import BATCH_SYSTEMS, BatchError
from llo_dft.submit.dask.cluster_config import load_cluster
from llo_dft.submit.remote.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

    from slurm import LocalSlurm
    from study_fixtures import MakeRemote


PROGRAM = Program("VASP", "ATOMATE2_VASP_CMD")
WELL = [
    {"what": "llo_dft", "state": "ok", "found": "1.0", "remedy": ""},
    {"what": "engine chgnet", "state": "ok", "found": "0.4.2", "remedy": ""},
    {"what": "engine sevenn", "state": "optional", "found": "not installed", "remedy": "x"},
    {"what": "VASP's command", "state": "optional", "found": "not found", "remedy": "set it"},
]


class Shell:
    """A job's shell that prints what it is given, or fails."""

    def __init__(self, printed: str | ProbeError, program: str | ProbeError = "/bin/vasp") -> None:
        self.printed, self.program = printed, program

    def run_package(self, *arguments: str) -> str:
        assert arguments == ("doctor", "--json")
        return self._give(self.printed)

    def find_program(self, variable: str) -> str:
        assert variable == PROGRAM.variable
        return self._give(self.program)

    def _give(self, what: str | ProbeError) -> str:
        if isinstance(what, ProbeError):
            raise what
        return what


def findings(shell: Shell, *programs: Program) -> dict[str, tuple[str, str, str]]:
    found = program_findings(shell, "a node", programs, package="install it", settings="the file")
    return {one.what: (one.state, one.found, one.remedy) for one in found}


def test_without_a_program_the_potentials_that_are_there_count() -> None:
    printed = f"Welcome\n{json.dumps(WELL, indent=1)}\n"
    assert findings(Shell(printed)) == {
        "Python on a node": ("ok", "1.0", ""),
        "engine chgnet on a node": ("ok", "0.4.2", ""),
    }


def test_what_is_optional_to_a_person_is_missing_to_a_job_that_does_nothing_else() -> None:
    found = findings(Shell(json.dumps(WELL, indent=1)), PROGRAM)
    assert found["VASP's command on a node"] == ("missing", "not found", "set it\nsee the file")
    assert found["VASP itself on a node"] == ("ok", "/bin/vasp", "")
    assert "engine chgnet on a node" not in found


def test_a_program_that_is_not_found_names_where_it_is_set() -> None:
    shell = Shell(json.dumps(WELL, indent=1), ProbeError("ATOMATE2_VASP_CMD is not set"))
    state, text, remedy = findings(shell, PROGRAM)["VASP itself on a node"]
    assert (state, text) == ("missing", "ATOMATE2_VASP_CMD is not set")
    assert remedy.startswith("see modules and ATOMATE2_VASP_CMD of the file; ")


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (ProbeError("no such file"), "no such file"),
        ("Welcome\nbash: python: command not found\n", "it says 'bash: python: command not found'"),
        ("[\n {", "it says ' {'"),
    ],
)
def test_a_package_that_does_not_start_is_all_that_is_said(printed: Any, text: str) -> None:
    assert findings(Shell(printed), PROGRAM) == {
        "Python on a node": ("missing", text, "install it")
    }


def test_a_scheduler_answers_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise BatchError("squeue is not on the PATH; run this elsewhere, and see 'scheduler'")

    for jobs, expected in ((lambda: {"1": 0, "2": 0}, "it answers; 2 jobs of yours"), (refuse, "")):
        monkeypatch.setitem(BATCH_SYSTEMS, "slurm", SimpleNamespace(jobs=jobs))
        found = scheduler_finding("slurm", "remedy")
        assert found.found == (expected or "squeue is not on the PATH")
        assert (found.state, found.remedy) == (("ok", "") if expected else ("missing", "remedy"))


def test_slurms_word_on_a_script(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(script: str) -> None:
        raise ProbeError(f"no partition in {script}")

    monkeypatch.setattr(job_findings, "check_slurm_script", refuse)
    found = script_finding("a job", "the script", " on worker x", "remedy")
    assert (found.state, found.found) == ("missing", "refused: no partition in the script")
    monkeypatch.setattr(job_findings, "check_slurm_script", lambda _: None)
    assert (
        script_finding("a job", "", " on worker x", "").found == "Slurm would accept it on worker x"
    )


@pytest.mark.parametrize(
    ("part", "state"), [(0.79, "ok"), (0.8, "ok"), (0.81, "missing"), (5.0, "missing")]
)
def test_an_estimate_may_take_four_fifths_of_a_walltime(part: float, state: str) -> None:
    study: Any = SimpleNamespace(engine=SimpleNamespace(name="e"))
    found = walltime_finding(study, lambda _: ("bulk", part, "raise it"), "unknown")
    assert (found.state, found.remedy) == (state, "" if state == "ok" else "raise it")
    assert found.found == f"bulk takes longest, about {100 * part:.0f} % of its walltime"


def test_no_study_and_an_engine_that_can_not_tell_are_no_faults() -> None:
    study: Any = SimpleNamespace(engine=SimpleNamespace(name="e"))
    assert walltime_finding(None, lambda _: None, "unknown").state == "optional"
    found = walltime_finding(study, lambda _: None, "unknown")
    assert (found.state, found.remedy) == ("optional", "unknown")
    assert "the engine e can't estimate" in found.found


def project_shell() -> JobShell:
    project = load_project("lab")
    return JobShell.of_project(project, project.job_type("static"))


def shell(*lines: str) -> JobShell:
    return JobShell(lines, sys.executable, login=False)


def test_what_a_line_prints_and_the_last_of_its_errors() -> None:
    assert shell("a=7").run("echo $a") == "7\n"
    with pytest.raises(ProbeError, match=r"of_nowhere"):
        shell().run("of_nowhere")
    with pytest.raises(ProbeError, match="exit status 3"):
        shell().run("exit 3")
    assert shell("echo one >&2", "echo; echo two >&2").complaints() == ["one", "two"]


def test_a_job_starts_with_nothing_of_this_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THIS_SHELL_ALONE", "secret")
    printed = shell().run("env")
    assert "secret" not in printed
    assert f"HOME={os.environ['HOME']}" in printed.splitlines()


def test_a_job_of_a_cluster_file_is_a_login_shell_with_its_prologue(tmp_path: Path) -> None:
    config = load_cluster(write_cluster(tmp_path, prologue="export FROM_PROLOGUE=1\n"))
    made = JobShell.of_cluster(config)
    assert made.run("shopt login_shell; echo $FROM_PROLOGUE").split() == ["login_shell", "on", "1"]


def test_one_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_findings, "_PATIENCE_S", 0.2)
    with pytest.raises(ProbeError, match="bash did not end within 0 s"):
        shell().run("sleep 60")


def test_a_machine_without_slurm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProbeError, match="sbatch is not on the PATH"):
        check_slurm_script("#!/bin/bash\n")


@pytest.mark.slurm
def test_slurm_itself_says_whether_it_would_take_a_job(slurm: LocalSlurm) -> None:
    head = "#!/bin/bash\n#SBATCH --partition=main\n"
    check_slurm_script(f"{head}true\n")
    with pytest.raises(ProbeError, match="node configuration is not available"):
        check_slurm_script(f"{head}#SBATCH --nodes=2\ntrue\n")
    with pytest.raises(ProbeError, match="invalid partition"):
        check_slurm_script("#!/bin/bash\n#SBATCH --partition=of_nobody\ntrue\n")
    assert not slurm.jobs()


def test_vasp_is_looked_for_behind_what_starts_it(make_remote: MakeRemote, tmp_path: Path) -> None:
    study = make_remote()
    vasp = tmp_path / "vasp_std"
    vasp.write_text("#!/bin/bash\n", encoding="utf-8")
    vasp.chmod(0o700)

    def change(project: dict[str, Any], command: str) -> None:
        project["exec_config"]["vasp"]["export"]["ATOMATE2_VASP_CMD"] = f"'{command}'"

    for command in ("srun vasp_of_nowhere", ""):
        change_project(study.project.file, lambda project, c=command: change(project, c))
        with pytest.raises(ProbeError, match=r"vasp_of_nowhere was not found|is not set"):
            project_shell().find_program("ATOMATE2_VASP_CMD")
    change_project(study.project.file, lambda project: change(project, f"srun -n 4 {vasp}"))
    assert project_shell().find_program("ATOMATE2_VASP_CMD") == str(vasp)


def test_a_job_sees_the_projects_variables_and_no_others(
    make_remote: MakeRemote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_remote()
    shown = tmp_path / "python"
    shown.write_text("#!/bin/bash\nenv\n", encoding="utf-8")
    shown.chmod(0o700)

    def change(project: dict[str, Any]) -> None:
        project["workers"]["mpi"]["execution_cmd"] = (
            f"{shown} -P -m llo_dft.submit.remote.run_job {{}}"
        )
        project["exec_config"]["vasp"]["export"]["ATOMATE2_VASP_CMD"] = "'srun vasp_std'"

    change_project(study.project.file, change)
    monkeypatch.setenv("OF_THIS_SHELL_ALONE", "1")
    seen = project_shell().run_package("doctor").splitlines()
    assert "ATOMATE2_VASP_CMD=srun vasp_std" in seen
    assert "OMP_NUM_THREADS=1" in seen
    assert f"HOME={os.environ['HOME']}" in seen
    assert not [line for line in seen if "OF_THIS_SHELL_ALONE" in line or "PASSWORD" in line]

    def broken(project: dict[str, Any]) -> None:
        project["exec_config"]["vasp"]["modules"] = ["no-such-module"]

    change_project(study.project.file, broken)
    with pytest.raises(ProbeError, match="module"):
        project_shell().run_package("doctor")
