from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llo_dft.analysis.engines.engine_spread import matched, same_sign, spread, spread_summary

ENERGIES = st.lists(st.floats(-10, 10), min_size=2, max_size=5)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, -0.5, 0.2], 1.5),
        ([2.0, None, 1.5], 0.5),
        ([2.0, 2.0], 0.0),
        ([2.0, None], None),
        ([None], None),
        ([], None),
    ],
)
def test_the_spread_is_largest_less_smallest_of_those_there(values, expected):
    assert spread(values) == expected


@given(ENERGIES, st.floats(-5, 5))
def test_a_shift_of_all_leaves_the_spread(values, shift):
    moved = spread([value + shift for value in values])
    assert moved == pytest.approx(spread(values), abs=1e-12)


@given(ENERGIES)
def test_the_order_and_the_sign_leave_the_spread(values):
    assert spread(reversed(values)) == spread(values) == spread([-value for value in values])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.1, 2.0], True),
        ([-0.1, -2.0], True),
        ([-0.1, 2.0], False),
        ([0.0, 0.1], False),
        ([0.0, -0.1], False),
        ([None, 0.1, 0.2], True),
        ([None, 0.1], None),
        ([], None),
    ],
)
def test_signs_agree_or_not(values, expected):
    assert same_sign(values) is expected


def test_the_summary_counts_what_is_there():
    summary = spread_summary([0.1, None, 0.5, 0.2])
    assert (summary.n, summary.median_ev, summary.largest_ev) == (3, 0.2, 0.5)
    nothing = spread_summary([None])
    assert (nothing.n, nothing.median_ev, nothing.largest_ev) == (0, None, None)


def test_what_engines_say_is_matched_by_its_key_in_their_order():
    found = matched({"a": ["x1", "y1"], "b": ["z2", "x2"], "c": []}, lambda item: item[0])
    assert found == {
        "x": {"a": "x1", "b": "x2", "c": None},
        "y": {"a": "y1", "b": None, "c": None},
        "z": {"a": None, "b": "z2", "c": None},
    }
    assert [list(by_engine) for by_engine in found.values()] == [["a", "b", "c"]] * 3
