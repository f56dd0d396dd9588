"""What a job requests from a cluster's nodes, as stated in the files of both ways to submit."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from llo_dft.recipe import Count, Section
from llo_dft.typing import matching

_WALLTIME: Final = re.compile(r"(?:(\d+)-)?(\d{1,4}):([0-5]\d):([0-5]\d)", re.ASCII)


def _seconds(value: object) -> object:
    """Read HH:MM:SS or D-HH:MM:SS; YAML already converts an unquoted 24:00:00 to seconds."""
    if isinstance(value, str):
        match = _WALLTIME.fullmatch(value)
        if match is None:
            raise ValueError('expected "HH:MM:SS" or "D-HH:MM:SS"')
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return value


def _one_line(text: str) -> str:
    # a line break in a directive would begin a line of shell in the job's script
    if not text.isprintable() or not text.strip():
        raise ValueError("expected one line of printable characters")
    return text


Line = Annotated[str, AfterValidator(_one_line)]
Memory = Annotated[
    str,
    matching(
        re.compile(r"[0-9]+(\.[0-9]+)? ?(MB|GB|TB|MiB|GiB|TiB)"),
        'a number with MB, GB, TB, MiB, GiB or TiB, such as "32 GB"',
    ),
]
WallTime = Annotated[int, BeforeValidator(_seconds), Field(ge=60)]
Word = Annotated[
    str,
    matching(
        re.compile(r"[A-Za-z0-9_.,:@/+=-]+"),
        "one word of letters, digits and _.,:@/+=-, since it goes into the scheduler's directives",
    ),
]


def fault_lines(
    error: ValidationError, within: str = "", tables: Mapping[str, type[BaseModel]] | None = None
) -> list[str]:
    """Return a line for each fault of a file: its key, what came and what was expected.

    ``within`` is put before each key; ``tables`` are, by name and "" for the whole, those whose
    keys are listed if one is unknown.
    """
    lines = []
    for item in error.errors():
        where = within + ".".join(map(str, item["loc"]))
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "missing":
            line = f"{where} is missing"
        elif item["type"] == "extra_forbidden":
            table = (tables or {}).get(".".join(map(str, item["loc"][:-1])))
            known = f"; expected {', '.join(sorted(table.model_fields))}" if table else ""
            line = f"unknown key {where}{known}"
        elif isinstance(item["input"], dict):
            line = f"{where}: {message}"
        else:
            line = f"{where} = {item['input']!r}: {message}"
        lines.append(line)
    return lines


class CoreRequest(Section):
    """Processor cores and memory of one node, and walltime, s; in files as "HH:MM:SS"."""

    cores: Count
    memory: Memory
    walltime: WallTime

    @property
    def memory_mib(self) -> int:
        """Memory of a node, MiB, rounded up."""
        return -(-TypeAdapter(ByteSize).validate_python(self.memory) // 1024**2)


class NodeRequest(CoreRequest):
    """The same with nodes, and the total MPI ranks of the job's program; 0: no MPI."""

    nodes: Count = 1
    ranks: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _ranks_fit(self) -> Self:
        if self.nodes > 1 and not self.ranks:
            raise ValueError("nodes above 1 need ranks, the MPI ranks of a calculation")
        if self.ranks and (self.all_cores % self.ranks or self.ranks % self.nodes):
            raise ValueError(
                f"{self.nodes} nodes of {self.cores} cores can't be shared by {self.ranks} ranks"
            )
        return self

    @property
    def all_cores(self) -> int:
        """Cores of all nodes."""
        return self.nodes * self.cores

    @property
    def threads(self) -> int:
        """Cores of one rank, or of the one process without ranks."""
        return self.all_cores // (self.ranks or 1)
