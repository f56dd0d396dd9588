from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llo_dft.submit.remote.job_types import JobSize, JobType, JobTypesError, read_job_types

SIZES: list[dict[str, Any]] = [
    {"up_to_atoms": 50, "cores": 4, "memory": "8 GB", "walltime": "04:00:00"},
    {"nodes": 2, "ranks": 16, "cores": 16, "memory": "1.5 GiB", "walltime": "1-12:00:00"},
]


def table(**changes: Any) -> dict[str, Any]:
    kind = {"worker": "cpu", "program": "vasp", "sizes": SIZES} | changes
    return {"llo_dft": {"job_types": {"static": kind}}}


def test_the_size_of_the_cell_decides() -> None:
    kind = read_job_types(table()).job_types["static"]
    small, large = kind.sizes
    assert kind.size_for(1) == kind.size_for(50) == small
    assert kind.size_for(51) == kind.size_for(10**6) == large
    assert JobType(worker="login").size_for(5) is None


@given(st.integers(1, 10**5), st.integers(0, 10**5))
def test_a_larger_cell_never_gets_an_earlier_size(atoms: int, more: int) -> None:
    limits = [10, 11, 500, 70_000, None]
    sizes = [SIZES[0] | {"up_to_atoms": limit} for limit in limits]
    kind = read_job_types(table(sizes=sizes)).job_types["static"]
    places = [kind.sizes.index(kind.size_for(n)) for n in (atoms, atoms + more)]
    assert places == sorted(places)


def test_what_a_size_comes_to() -> None:
    small, large = read_job_types(table()).job_types["static"].sizes
    assert (small.all_cores, small.threads, small.core_hours) == (4, 4, 16)
    # 2 nodes of 16 cores, 16 ranks: 2 cores each; 36 h
    assert (large.all_cores, large.threads, large.core_hours) == (32, 2, 32 * 36)
    assert small.memory_mib == 7630  # 8e9 / 2**20 = 7629.4, and a job must not get less
    assert large.memory_mib == 1536


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (None, r"metadata\.llo_dft is missing"),
        ({"llo_dft": 3}, r"metadata\.llo_dft is missing"),
        (table(sizes=SIZES[:1]), "the last one alone has no up_to_atoms"),
        (table(sizes=SIZES[::-1]), "the last one alone has no up_to_atoms"),
        (
            table(sizes=[SIZES[0], SIZES[0] | {"up_to_atoms": 20}, SIZES[1]]),
            "must be sorted by up_to_atoms",
        ),
        (table(sizes=[SIZES[1] | {"ranks": 0}]), "several nodes need ranks"),
        (table(sizes=[SIZES[1] | {"ranks": 7}]), "can't be shared by 7 ranks"),
        (table(sizes=[SIZES[1] | {"walltime": "a while"}]), r"walltime = 'a while': expected"),
        (table(sizes=[SIZES[1] | {"wall_time": 3}]), r"unknown key .*sizes\.0\.wall_time"),
        (table(worker="a b; c"), r"job_types\.static\.worker = 'a b; c'"),
        ({"llo_dft": {"job_types": {"statics": {}}}}, "job_types.statics"),
    ],
)
def test_a_table_that_does_not_fit_says_where(fields: dict[str, Any] | None, said: str) -> None:
    with pytest.raises(JobTypesError, match=said):
        read_job_types(fields)


@given(st.integers(1, 64), st.integers(1, 64), st.integers(1, 600))
def test_every_core_belongs_to_a_rank(nodes: int, per_node: int, minutes: int) -> None:
    size = JobSize.model_validate(
        {
            "nodes": nodes,
            "cores": per_node,
            "ranks": nodes * per_node,
            "memory": "1 GB",
            "walltime": 60 * minutes,
        }
    )
    assert size.threads == 1
    assert size.core_hours == pytest.approx(nodes * per_node * minutes / 60)
