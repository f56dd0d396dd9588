"""llo-dft hpc init: write a project of jobflow-remote."""

import sys
from pathlib import Path
from typing import Any, Final

import typer

from llo_dft.errors import InputError
from llo_dft.resources import resource_path
from llo_dft.submit.remote.project import projects_folder
from llo_dft.submit.remote.template import check_answers, project_text, write_project

#: What is asked at a terminal if no option gives it: the question and its default; None: an answer
#: is required.
QUESTIONS: Final[dict[str, tuple[str, str | None]]] = {
    "scheduler": ("Scheduler, slurm or pbs", "slurm"),
    "name": ("Name of the project", None),
    "queue": ("Partition or queue of the jobs", None),
    "account": ("Account to charge the time to, if there is one", ""),
    "work_dir": ("Folder where jobs run, visible to the compute nodes", None),
    "vasp_command": ("Command that starts VASP, such as 'srun vasp_std'; empty: no VASP", ""),
    "mongo_host": ("Host of MongoDB", "localhost"),
    "mongo_database": ("Database of MongoDB", None),
    "mongo_user": ("User of MongoDB, if it has accounts", ""),
}

_SCHEDULERS: Final = ("slurm", "pbs")


def init(  # noqa: PLR0913, PLR0917 (a flag each)
    name: str | None = typer.Option(None, help="Name of the project."),
    scheduler: str | None = typer.Option(None, help="slurm or pbs."),
    queue: str | None = typer.Option(
        None, "--queue", "--partition", help="Queue or partition of the jobs."
    ),
    gpu_queue: str | None = typer.Option(
        None,
        "--gpu-queue",
        "--gpu-partition",
        help="Queue of the nodes with GPUs, if there is one.",
    ),
    account: str | None = typer.Option(None, help="Account to charge the time to."),
    work_dir: str | None = typer.Option(
        None, help="Absolute path of the folder where jobs run; the compute nodes must see it."
    ),
    cores: int = typer.Option(32, help="Processor cores of a node."),
    memory: str = typer.Option("120 GB", help="Memory of a node that a job may use."),
    module: list[str] = typer.Option(
        [], help="Module that VASP needs, as in 'module load'; may be given several times."
    ),
    vasp_command: str | None = typer.Option(
        None, help="Command that starts VASP, such as 'srun vasp_std'."
    ),
    potcars: str | None = typer.Option(None, help="Folder of VASP's pseudopotentials."),
    python: str = typer.Option(
        sys.executable, help="Python of the compute nodes.", show_default="this one"
    ),
    mongo_host: str | None = typer.Option(None, help="Host of MongoDB."),
    mongo_port: int = typer.Option(27017, help="Port of MongoDB."),
    mongo_database: str | None = typer.Option(None, help="Database of MongoDB."),
    mongo_user: str | None = typer.Option(None, help="User of MongoDB, if it has accounts."),
    mongo_auth_source: str | None = typer.Option(
        None, help="Database that holds the user's account, if it is another one."
    ),
    password_variable: str = typer.Option(
        "LLO_DFT_MONGO_PASSWORD",
        help="Name of the environment variable that holds the password, not the password itself.",
    ),
    folder: Path | None = typer.Option(
        None, help="Where to write it (default: where jobflow-remote looks for projects)."
    ),
) -> None:
    """Write a jobflow-remote project; what no option gives is asked for."""
    given: dict[str, Any] = {
        key: value
        for key, value in locals().items()
        if key not in {"folder", "scheduler", "module"} and value is not None
    }
    chosen = scheduler or _asked("scheduler")
    if chosen not in _SCHEDULERS:
        raise InputError(f"--scheduler = {chosen!r}; expected one of {', '.join(_SCHEDULERS)}")
    asked = {
        key: answer
        for key in QUESTIONS
        if key not in {*given, "scheduler"} and (answer := _asked(key))
    }
    answers = check_answers({**given, **asked, "modules": module})
    template = resource_path("hpc_configs", f"jobflow_remote_{chosen}.yaml")
    text = project_text(template.read_text(encoding="utf-8"), answers)
    path = write_project(folder or projects_folder(), answers.name, text)
    typer.echo(f"wrote {path}; check it, then run")
    if answers.mongo_user is not None:
        typer.echo(f"  read -rs {answers.password_variable} && export {answers.password_variable}")
    typer.echo(f"  llo-dft doctor --project {answers.name}")
    typer.echo(f"  jf -p {answers.name} runner start")


def _asked(key: str) -> str | None:
    """Ask at a terminal; elsewhere take the default, if there is one."""
    question, default = QUESTIONS[key]
    if sys.stdin.isatty():
        answer = typer.prompt(question, default=default, show_default=bool(default), err=True)
        return str(answer) or None
    if default is None:
        raise InputError(
            f"--{key.replace('_', '-')} is missing: {question[0].lower()}{question[1:]}"
        )
    return default or None
