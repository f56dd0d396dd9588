"""Every template and every project made of one is what jobflow-remote takes."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llo_dft.errors import InputError
from llo_dft.resources import resource_path
from llo_dft.submit.remote.mongo_store import EnvironmentMongoStore
from llo_dft.submit.remote.project import load_project
from llo_dft.submit.remote.template import check_answers, project_text, write_project

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.submit.remote.project import RemoteProject

LEAST: dict[str, Any] = {
    "name": "lab",
    "queue": "main",
    "work_dir": "/scratch/me",
    "python": "/opt/my env/{3.11}/bin/python",
    "mongo_database": "llo",
}
ALL = LEAST | {
    "gpu_queue": "a100",
    "account": "p-17",
    "cores": 48,
    "memory": "180 GB",
    "modules": ["intel/2023", "vasp/6.4.2"],
    "vasp_command": "srun --kill-on-bad-exit=1 vasp_std",
    "potcars": "/home/me/my potcars",
    "mongo_host": "db.example.org",
    "mongo_user": "me",
    "mongo_auth_source": "admin",
}


def template(scheduler: str) -> str:
    return resource_path("hpc_configs", f"jobflow_remote_{scheduler}.yaml").read_text("utf-8")


def made(folder: Path, scheduler: str, **fields: Any) -> RemoteProject:
    answers = check_answers(fields)
    return load_project(
        str(write_project(folder, answers.name, project_text(template(scheduler), answers)))
    )


@pytest.mark.parametrize("scheduler", ["slurm", "pbs"])
def test_a_template_is_a_project_as_it_stands(scheduler: str) -> None:
    path = resource_path("hpc_configs", f"jobflow_remote_{scheduler}.yaml")
    project = load_project(str(path))
    kinds = project.table.job_types
    assert set(kinds) == {"light", "potential", "cell_relaxation", "slab_relaxation", "static"}
    for kind in kinds.values():
        for size in kind.sizes:
            resources, program = project.request(kind.worker, kind, size)
            worker = project.worker(kind.worker)
            header = worker.get_scheduler_io().generate_header(resources)
            assert all(line.startswith(("#SBATCH ", "#PBS ")) for line in header.splitlines())
            assert program.export["OMP_NUM_THREADS"] == size.threads
            assert program.export.get("LLO_DFT_RANKS", 0) == size.ranks
    assert project.worker(kinds["light"].worker).scheduler_type == "shell"
    store = project.settings.get_queue_store()
    assert isinstance(store, EnvironmentMongoStore)
    assert store.password_variable == "LLO_DFT_MONGO_PASSWORD"  # noqa: S105 (its name)
    assert store.mongoclient_kwargs["tls"] is True


@pytest.mark.parametrize(("scheduler", "key"), [("slurm", "partition"), ("pbs", "queue")])
def test_every_answer_is_where_it_belongs(tmp_path: Path, scheduler: str, key: str) -> None:
    project = made(tmp_path, scheduler, **ALL)
    workers = project.settings.workers
    assert set(workers) == {"login", "cpu", "mpi", "gpu"}
    for worker in workers.values():
        assert str(worker.work_dir) == "/scratch/me"
        command = worker.execution_cmd.format("FOLDER")
        assert (
            command == "'/opt/my env/{3.11}/bin/python' -P -m llo_dft.submit.remote.run_job FOLDER"
        )
    assert workers["login"].pre_run == "unset LLO_DFT_MONGO_PASSWORD"
    assert (workers["mpi"].resources[key], workers["gpu"].resources[key]) == ("main", "a100")
    assert workers["cpu"].resources["account"] == workers["gpu"].resources["account"] == "p-17"
    vasp = project.settings.exec_config["vasp"]
    assert vasp.modules == ["intel/2023", "vasp/6.4.2"]
    assert vasp.export == {
        "ATOMATE2_VASP_CMD": "'srun --kill-on-bad-exit=1 vasp_std'",
        "ATOMATE2_VASP_GAMMA_CMD": "'srun --kill-on-bad-exit=1 vasp_gam'",
        "PMG_VASP_PSP_DIR": "'/home/me/my potcars'",
    }
    size = project.table.job_types["slab_relaxation"].sizes[1]
    assert (size.cores, size.ranks, size.memory) == (48, 48 * size.nodes, "180 GB")
    potential = project.table.job_types["potential"]
    gpu, _ = project.request("gpu", potential, potential.sizes[0])
    assert "gpu:1" in str(gpu) or "ngpus=1" in str(gpu)
    for store in (project.settings.get_queue_store(), project.settings.get_jobstore().docs_store):
        assert (store.host, store.username, store.auth_source) == ("db.example.org", "me", "admin")
        assert store.mongoclient_kwargs["tls"] is True


def test_what_a_cluster_does_not_have_is_left_out(tmp_path: Path) -> None:
    project = made(tmp_path, "slurm", **LEAST)
    assert set(project.settings.workers) == {"login", "cpu"}
    assert set(project.table.job_types) == {"light", "potential"}
    assert "account" not in project.settings.workers["cpu"].resources
    store = project.settings.get_queue_store()
    assert (store.username, store.password_variable) == ("", "")
    assert "tls" not in store.mongoclient_kwargs  # the server is on this machine
    with pytest.raises(InputError, match=r"no 'static' in .* it has light, potential"):
        project.job_type("static")


def test_a_project_is_not_overwritten_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = write_project(tmp_path / "new", "lab", "name: lab\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(InputError, match=r"lab\.yaml already exists"):
        write_project(tmp_path / "new", "lab", "name: other\n")
    assert path.read_text() == "name: lab\n"
    (tmp_path / "lab.toml").touch()
    with pytest.raises(InputError, match=r"lab\.toml already exists"):
        write_project(tmp_path, "lab", "name: lab\n")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="can't be written"):
        write_project(tmp_path / "file" / "folder", "lab", "name: lab\n")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("name", "my lab", "--name = 'my lab'"),
        ("queue", "main\nrm -rf ~", r"--queue = "),
        ("account", "$(id)", r"--account = '\$\(id\)'"),
        ("work_dir", "/scratch/my work", "--work-dir = '/scratch/my work'"),
        ("work_dir", "scratch", "--work-dir = 'scratch'"),
        ("python", "/bin/python\nrm", "expected one line"),
        ("modules", ["vasp; rm -rf ~"], "--modules = 'vasp; rm -rf ~'"),
        ("memory", "much", "--memory = 'much'"),
        ("mongo_port", 70000, "--mongo-port = 70000"),
    ],
)
def test_what_can_not_stand_in_a_script_is_refused(key: str, value: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_answers(ALL | {key: value})


def test_a_password_in_the_place_of_its_variable_is_not_told() -> None:
    with pytest.raises(InputError, match="name of an environment variable") as failure:
        check_answers(ALL | {"password_variable": "hunter2!"})
    assert "hunter2" not in str(failure.value)


#: Of the spaces only the common one can be printed, and a line is more than spaces.
LINES = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S"], include_characters=" "),
    min_size=1,
).filter(str.strip)


@settings(max_examples=10)
@given(LINES)
def test_a_command_is_one_word_of_shell(text: str) -> None:
    import shlex

    from ruamel.yaml import YAML

    answers = check_answers(ALL | {"vasp_command": text, "potcars": text, "python": text})
    project = YAML(typ="safe", pure=True).load(project_text(template("slurm"), answers))
    export = project["exec_config"]["vasp"]["export"]
    assert shlex.split(export["ATOMATE2_VASP_CMD"]) == [text]
    assert shlex.split(export["PMG_VASP_PSP_DIR"]) == [text]
    command = project["workers"]["mpi"]["execution_cmd"].format("FOLDER")
    assert shlex.split(command)[0] == text
