"""Flows made at random, run by run_flow and by run_locally."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jobflow import JobOrder
from jobs_for_runner import Spec, flow_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from llo_dft.runner import FlowResult

    Compare = Callable[..., FlowResult]

KINDS = [
    "plain",
    "plain",
    "fail",
    "stop",
    "replace",
    "replace with output",
    "replace with job",
    "detour",
    "addition",
]


@st.composite
def specs(draw: st.DrawFn, depth: int = 2, most: int = 6) -> list[Spec]:
    """Jobs of a flow: which of the earlier ones each needs, and what it does."""
    found = []
    for number in range(draw(st.integers(1, most))):
        earlier = st.integers(0, number - 1) if number else st.nothing()
        kind = draw(st.sampled_from(KINDS if depth else KINDS[:4]))
        inner = kind not in KINDS[:4]
        found.append(
            {
                "parents": draw(st.lists(earlier, unique=True, max_size=3)) if number else [],
                "none_ok": draw(st.booleans()),
                "kind": kind,
                "inner": draw(specs(depth=depth - 1, most=3)) if inner else [],
            }
        )
    return found


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(specs(), st.sampled_from(list(JobOrder)))
def test_random_flows(compare: Compare, found: list[Spec], order: JobOrder) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compare(flow_of(found, order=order))
