"""llo-dft hpc init, and what the commands of projects and clusters refuse in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from remote_study import SECRET, SECRET_VARIABLE

from llo_dft.submit.remote.project import load_project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command

INIT = (
    *("hpc", "init", "--scheduler", "slurm", "--name", "lab", "--partition", "main"),
    *("--work-dir", "/scratch/me", "--mongo-database", "llo"),
)


@pytest.fixture(autouse=True)
def projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where jobflow-remote looks for projects."""
    import jobflow_remote

    folder = tmp_path / "projects"
    monkeypatch.setattr(jobflow_remote.SETTINGS, "projects_folder", str(folder))
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    return folder


def test_init_writes_a_project_that_can_be_used_and_writes_it_once(
    command: Command, projects: Path
) -> None:
    done = command(*INIT, "--mongo-user", "me", "--mongo-host", "db.example.org")
    assert done.exit_code == 0, done.output
    project = load_project("lab")
    assert project.file == projects / "lab.yaml"
    assert f"wrote {project.file}" in done.stdout
    assert f"read -rs {SECRET_VARIABLE} && export {SECRET_VARIABLE}" in done.stdout
    assert SECRET not in project.file.read_text() + done.output
    again = command(*INIT)
    assert again.exit_code == 2
    assert again.stderr.startswith(f"llo-dft: {project.file} already exists")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("hpc", "init", "--name", "lab"), "--queue is missing: partition or queue of the jobs"),
        ((*INIT, "--scheduler", "sge"), "--scheduler = 'sge'; expected one of slurm, pbs"),
        ((*INIT, "--partition", "a;b"), "--queue = 'a;b'"),
        (("submit", "quickstart", "-o", "out"), "expected either --on CLUSTER.yaml or --project"),
        (
            ("submit", "quickstart", "-o", "out", "--on", "x.yaml", "--worker", "gpu"),
            "--worker goes with --project",
        ),
        (("submit", "quickstart", "-o", "out", "--project", "nowhere"), "no project 'nowhere'"),
        (("retry", "nowhere"), "was not submitted to a project"),
        (("collect", "nowhere"), "was not submitted to a project"),
    ],
)
def test_bad_input_is_one_line(command: Command, arguments: tuple[str, ...], said: str) -> None:
    done = command(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
