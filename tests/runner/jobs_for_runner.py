"""Jobs and flows for the tests of the runner, in a module that worker processes can import."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import zlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jobflow import (
    CURRENT_JOB,
    Flow,
    Job,
    JobConfig,
    JobOrder,
    Maker,
    OnMissing,
    OutputReference,
    Response,
    flow,
    job,
)
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable


@job
def add(a: float, b: float) -> float:
    return a + b


@job
def give(value: Any) -> Any:
    return value


@job
def type_names(values: list[Any]) -> list[str]:
    return [type(value).__name__ for value in values]


@job
def fail(message: str = "on purpose") -> None:
    raise ValueError(message)


@job
def leave() -> None:
    raise SystemExit(3)


@job(config=JobConfig(on_missing_references=OnMissing.NONE))
def give_or_none(value: Any) -> Any:
    return value


@job(config=JobConfig(resolve_references="both"))
def name_and_value(value: Any) -> list[Any]:
    return [value.uuid, value.value]


@job(config=JobConfig(expose_store=True))
def ask_store(uuid: str, value: Any) -> list[Any]:
    return [CURRENT_JOB.store.get_output(uuid), value]


@job(data="big")
def split(value: int) -> dict[str, Any]:
    return {"big": list(range(value)), "small": value}


@job(data=True)
def split_all(value: int) -> dict[str, Any]:
    return {"big": list(range(value)), "small": value}


@job
def arrays(scale: float) -> dict[str, Any]:
    return {"values": np.arange(3) * scale}


class Answer(BaseModel):
    number: int
    parts: list[int]


@job(output_schema=Answer)
def answer(number: int) -> Answer:
    return Answer(number=number, parts=[number, number + 1])


@dataclass
class AddMaker(Maker):
    name: str = "adder"
    amount: int = 5

    @job
    def make(self, value: int) -> int:
        return value + self.amount


@flow
def two_adds(value: int) -> Any:
    first = add(value, 1)
    return add(first.output, 2).output


@job
def bring_up(kind: str, value: Any) -> Any:
    """Give a response of the kind named."""
    one = give(value)
    two = add(one.output, 10)
    failing = fail()
    makes: dict[str, Callable[[], Any]] = {
        "job": lambda: Response(replace=add(value, 100)),
        "flow": lambda: Response(output=-1, replace=Flow([one, two], output={"a": [two.output]})),
        "flow without output": lambda: Response(output=-1, replace=Flow([one, two])),
        "decorated flow": lambda: Response(replace=two_adds(value)),
        "list": lambda: [one, two],
        "dict": lambda: {"x": one, "y": two},
        "detour": lambda: Response(output=value, detour=Flow([one, two])),
        "addition": lambda: Response(output=value, addition=Flow([one, two])),
        "all": lambda: Response(
            output=value, replace=add(value, 100), detour=Flow([one, two]), addition=give("last")
        ),
        "failing replace": lambda: Response(output=value, replace=failing),
        "failing flow": lambda: Response(
            output=value, replace=Flow([failing], output=failing.output)
        ),
        "failing detour": lambda: Response(output=value, detour=[failing, one, two]),
        "stop children": lambda: Response(output=value, stop_children=True, addition=one),
        "stop in replace": lambda: Response(output=value, replace=bring_up("stop children", value)),
        "stop flow": lambda: Response(output=value, stop_jobflow=True, detour=one),
        "stored data": lambda: Response(output=value, stored_data={"k": 1}),
    }
    return makes[kind]()


@job
def refer_to(uuid: str, how: str) -> Response:
    """Bring up a job that refers to a job of another flow."""
    new = give([OutputReference(uuid)])
    if how == "bare replace":
        return Response(output="own", replace=Flow([new]))
    return Response(output="own", **{how: new})


@job
def circle() -> Response:
    one, two = give(0), give(0)
    one.function_args, two.function_args = (two.output,), (one.output,)
    return Response(detour=Flow([one, two]))


@job
def count_down(number: int) -> Any:
    return Response(output=number, replace=count_down(number - 1)) if number else "end"


@job
def nap(seconds: float, after: Any = None) -> list[float]:  # noqa: ARG001
    start = time.monotonic()
    time.sleep(seconds)
    return [start, time.monotonic()]


@job
def where(file_name: str) -> list[Any]:
    before = [str(path) for path in Path().iterdir()]
    Path(file_name).write_text("here")
    return [str(Path.cwd()), before, os.getpid()]


@job
def variable(name: str) -> str | None:
    return os.environ.get(name)


@job
def die(unless: str | None = None) -> str:
    """Kill this process, unless there is a file; it is there the second time."""
    if unless is not None and Path(unless).exists():
        return "survived"
    if unless is not None:
        Path(unless).touch()
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    if not Path("/proc").is_dir():
        return True
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    # A process that nobody has waited for is dead all the same.
    return status.rpartition(")")[2].split()[0] != "Z"


@job
def die_beside_a_program(folder: str, script: str) -> bool:
    """Start a program and kill this process; the second time, return whether it still runs."""
    written = Path(folder, "program.pid")
    if not written.exists():
        program = subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE)
        assert program.stdout is not None
        program.stdout.readline()
        written.write_text(str(program.pid))
        os.kill(os.getpid(), signal.SIGKILL)
    pid = int(written.read_text())
    left = alive(pid)
    if left:
        os.kill(pid, signal.SIGKILL)
    return left


@job
def hang(folder: str, name: str) -> None:
    """Write the process ids of this process and of a program that it runs, and wait."""
    with subprocess.Popen(["/bin/sleep", "600"]) as program:
        written = Path(folder, f"{name}.part")
        written.write_text(f"{os.getpid()} {program.pid}")
        written.rename(Path(folder, f"{name}.pids"))
        time.sleep(600)


class Phase(Enum):
    BETA = 1


Spec = dict[str, Any]


def flow_of(specs: list[Spec], prefix: str = "", order: JobOrder = JobOrder.AUTO) -> Flow:
    """Build a flow from plain data; see test_runner_random for what they may be."""
    jobs: list[Job] = []
    for number, spec in enumerate(specs):
        inputs = {"needs": [jobs[parent].output for parent in spec["parents"]]}
        new = act(f"{prefix}{number}", inputs, spec["kind"], spec["inner"])
        new.name = f"{prefix}{number}"
        if spec["none_ok"]:
            new.config.on_missing_references = OnMissing.NONE
        jobs.append(new)
    if len(jobs) > 3:
        nested = Flow(jobs[:2])
        return Flow([nested, *jobs[2:]], order=order)
    return Flow(jobs, order=order)


@job
def act(label: str, inputs: dict[str, Any], kind: str, inner: list[Spec]) -> Any:
    """Do what a spec says; the value depends on the label and on all inputs."""
    value = zlib.crc32(f"{label}{inputs}".encode())
    if kind == "fail":
        raise ValueError(label)
    if kind == "stop":
        return Response(output=value, stop_children=True)
    if kind == "plain" or not inner:
        return value
    new = flow_of(inner, f"{label}.")
    if kind == "replace with output":
        new.output = {"all": [OutputReference(uuid) for uuid in new.job_uuids]}
    if kind == "replace with job":
        replacement = act(f"{label}.r", {}, inner[0]["kind"], inner[0]["inner"])
        replacement.name = f"{label}.r"
        return Response(output=value, replace=replacement)
    return Response(output=value, **{kind.split(maxsplit=1)[0]: new})
