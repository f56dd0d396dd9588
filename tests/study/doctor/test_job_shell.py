"""A job's shell, tried here: what it sees, what it does not, and what it says when it fails."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from cluster_studies import write_cluster
from remote_study import change_project

from llo_dft.study.doctor import job_shell
from llo_dft.study.doctor.job_shell import JobShell, ProbeError, check_slurm_script
from llo_dft.submit.dask.cluster_config import load_cluster
from llo_dft.submit.remote.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

    from slurm import LocalSlurm
    from study_fixtures import MakeRemote


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
    monkeypatch.setattr(job_shell, "_PATIENCE_S", 0.2)
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
        with pytest.raises(ProbeError, match=r"vasp_of_nowhere is not found|is not set"):
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
