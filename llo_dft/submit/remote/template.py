"""Write a project of jobflow-remote: a template with the user's values."""

import io
import re
import shlex
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from llo_dft.errors import InputError
from llo_dft.recipe import Count
from llo_dft.submit.node_request import Line, Memory, Word
from llo_dft.submit.records import write_private
from llo_dft.submit.remote.project import PLAIN_NAME, PLAIN_PATH
from llo_dft.typing import matching

#: A server with none of these names is on a network, where links are encrypted.
_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")

_EXTENSIONS: Final = ("yaml", "json", "toml")

PlainName = Annotated[str, matching(PLAIN_NAME, "letters, digits and _.-, such as my-project")]
PlainPath = Annotated[
    str,
    matching(
        PLAIN_PATH,
        "an absolute path of letters, digits and _./+@=,:- alone, since jobflow-remote writes it "
        "into its scripts as it is",
    ),
]
Variable = Annotated[
    str,
    matching(re.compile(r"[A-Z][A-Z0-9_]*"), "the name of an environment variable, in capitals"),
]


class ProjectAnswers(BaseModel):
    """A user's description of a cluster: the flags of ``llo-dft hpc init``, explained there.

    Without ``vasp_command`` there is no VASP, without ``mongo_user`` the server has no accounts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: PlainName
    queue: Word
    gpu_queue: Word | None = None
    account: Word | None = None
    work_dir: PlainPath
    python: Line
    cores: Count = 32
    memory: Memory = "120 GB"
    modules: list[Word] = Field(default_factory=list)
    vasp_command: Line | None = None
    potcars: Line | None = None
    mongo_host: Word = "localhost"
    mongo_port: int = Field(27017, ge=1, le=65535)
    mongo_database: PlainName
    mongo_user: Word | None = None
    mongo_auth_source: PlainName | None = None
    password_variable: Variable = "LLO_DFT_MONGO_PASSWORD"  # noqa: S105 (a variable's name)


def check_answers(fields: dict[str, Any]) -> ProjectAnswers:
    """Return the checked answers.

    Raises ``InputError`` with a line for each fault, never with what could be a password.
    """
    try:
        return ProjectAnswers.model_validate(fields)
    except ValidationError as error:
        faults = []
        for item in error.errors():
            name, message = str(item["loc"][0]), item["msg"].removeprefix("Value error, ")
            # it may have been mistaken for the password
            value = "" if name == "password_variable" else f" = {item['input']!r}"
            faults.append(f"--{name.replace('_', '-')}{value}: {message}")
        raise InputError("\n".join(faults)) from error


def project_text(template: str, answers: ProjectAnswers) -> str:
    """Return a template, one of ``hpc_configs/jobflow_remote_*.yaml``, with the user's values.

    Its comments stay.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 (comes with jobflow-remote)

    yaml = YAML()  # round trip: plain data and its comments, no objects
    yaml.width = 200
    yaml.preserve_quotes = True
    project = yaml.load(template.replace("my-project", answers.name))
    project["name"] = answers.name
    _fill_workers(project, answers)
    _fill_programs(project, answers)
    for store in (project["queue"]["store"], project["jobstore"]["docs_store"]):
        _fill_store(store, answers)
    out = io.StringIO()
    yaml.dump(project, out)
    return out.getvalue()


def write_project(folder: Path, name: str, text: str) -> Path:
    """Write a project's file, which must not exist yet.

    Raises ``InputError`` if there is a project of that name, or the folder can't be
    written.
    """
    for extension in _EXTENSIONS:
        there = folder / f"{name}.{extension}"
        if there.exists():
            raise InputError(
                f"{there} already exists; edit it, or choose another name for the project"
            )
    path = folder / f"{name}.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_private(path, text)
    except OSError as error:
        raise InputError(f"{path} can't be written: {error}") from error
    return path


def _fill_workers(project: dict[str, Any], answers: ProjectAnswers) -> None:
    workers = project["workers"]
    if answers.gpu_queue is None:
        del workers["gpu"]
        del project["metadata"]["llo_dft"]["gpus"]
    # braces stand for the job's folder there
    python = shlex.quote(answers.python).replace("{", "{{").replace("}", "}}")
    for name, worker in workers.items():
        worker["work_dir"] = answers.work_dir
        worker["execution_cmd"] = f"{python} -P -m llo_dft.submit.remote.run_job {{}}"
        where = worker.get("resources")
        if where is None:
            worker["pre_run"] = f"unset {answers.password_variable}"
            continue
        key = "partition" if "partition" in where else "queue"
        where[key] = answers.gpu_queue if name == "gpu" else answers.queue
        where["account"] = answers.account
        if answers.account is None:
            del where["account"]


def _fill_programs(project: dict[str, Any], answers: ProjectAnswers) -> None:
    types = project["metadata"]["llo_dft"]["job_types"]
    if answers.vasp_command is None:
        del project["exec_config"]["vasp"]
        for name in [name for name, kind in types.items() if kind.get("program") == "vasp"]:
            del types[name]
        del project["workers"]["mpi"]
    else:
        vasp = project["exec_config"]["vasp"]
        vasp["modules"] = list(answers.modules)
        export = vasp["export"]
        export["ATOMATE2_VASP_CMD"] = shlex.quote(answers.vasp_command)
        gamma = answers.vasp_command.replace("vasp_std", "vasp_gam")
        export["ATOMATE2_VASP_GAMMA_CMD"] = shlex.quote(gamma)
        export["PMG_VASP_PSP_DIR"] = shlex.quote(answers.potcars or "")
        if answers.potcars is None:
            del export["PMG_VASP_PSP_DIR"]
    for kind in types.values():
        for size in kind.get("sizes", []):
            if "ranks" in size:
                size["cores"] = answers.cores
                size["ranks"] = answers.cores * size.get("nodes", 1)
                size["memory"] = answers.memory
            else:
                size["cores"] = min(size["cores"], answers.cores)


def _fill_store(store: dict[str, Any], answers: ProjectAnswers) -> None:
    store.update(
        {
            "host": answers.mongo_host,
            "port": answers.mongo_port,
            "database": answers.mongo_database,
            "username": answers.mongo_user,
            "password_variable": answers.password_variable,
            "auth_source": answers.mongo_auth_source or answers.mongo_database,
        }
    )
    if answers.mongo_user is None:
        for key in ("username", "password_variable", "auth_source"):
            del store[key]
    if answers.mongo_host in _THIS_MACHINE:
        del store["mongoclient_kwargs"]["tls"]
