"""Sizes of jobs: what fits together, and how memory and time are counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from llo_dft.submit.node_request import CoreRequest, NodeRequest, fault_lines

LEAST = {"cores": 4, "memory": "1 GB", "walltime": "01:00:00"}


@pytest.mark.parametrize(
    ("memory", "mib"),
    # 8e9 / 2**20 = 7629.4, and a job must not get less
    [("1 GiB", 1024), ("8 GB", 7630), ("1.5GiB", 1536), ("500 MB", 477), ("1 TiB", 1024**2)],
)
def test_memory_is_never_less_than_asked_for(memory: str, mib: int) -> None:
    assert CoreRequest.model_validate(LEAST | {"memory": memory}).memory_mib == mib


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:01:00", 60), ("1-12:00:01", 129601), ("1000:00:00", 3_600_000)]
)
def test_walltimes(text: str, seconds: int) -> None:
    assert CoreRequest.model_validate(LEAST | {"walltime": text}).walltime == seconds


@given(st.integers(1, 64), st.integers(1, 8), st.integers(0, 256))
def test_every_core_belongs_to_a_rank_and_every_node_has_as_many(
    cores: int, nodes: int, ranks: int
) -> None:
    fields = LEAST | {"cores": cores, "nodes": nodes, "ranks": ranks}
    fits = nodes == 1 if not ranks else cores * nodes % ranks == 0 and ranks % nodes == 0
    if not fits:
        with pytest.raises(ValidationError, match=r"need ranks|can't be shared"):
            NodeRequest.model_validate(fields)
        return
    made = NodeRequest.model_validate(fields)
    assert made.threads * (ranks or 1) == made.all_cores == cores * nodes


def test_every_fault_has_its_line() -> None:
    fields = {"cores": 0, "memory": "1 GB", "wall": 3}
    with pytest.raises(ValidationError, match="3 validation errors") as caught:
        NodeRequest.model_validate(fields)
    assert sorted(fault_lines(caught.value, "here.")) == [
        "here.cores = 0: Input should be greater than or equal to 1",
        "here.walltime is missing",
        "unknown key here.wall",
    ]
    (unknown,) = (x for x in fault_lines(caught.value, tables={"": CoreRequest}) if "known" in x)
    assert unknown == "unknown key wall; expected cores, memory, walltime"
