from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llo_dft.analysis.vacancy.turning_point import lowest_line, turning_point

#: The first CHGNet trial on a symmetric Li2MnO3 slab: lowest E_f at each lithium fraction.
PUBLISHED_SHAPE = [(1.0, [2.44]), (0.5, [-0.18]), (0.25, [-0.73]), (0.0, [-1.20])]

below_zero, above_zero = st.floats(-3, -1e-3), st.floats(1e-3, 3)
energies = below_zero | above_zero
#: From the least lithium to the most: below zero at the one end, above it at the other.
crossing_lines = st.tuples(below_zero, st.lists(energies, max_size=6), above_zero).map(
    lambda line: [line[0], *line[1], line[2]]
)


def on_a_grid(line: list[float]) -> list[tuple[float, list[float]]]:
    return [(i / (len(line) - 1), [energy]) for i, energy in enumerate(line)]


def test_two_points_by_hand() -> None:
    found = turning_point("bare", [(1.0, [1.5]), (0.5, [-0.5])])
    assert found.system == "bare"
    assert found.lithium_fraction == pytest.approx(0.5 + 0.5 * 0.5 / 2.0)
    assert found.low == found.high == found.lithium_fraction
    assert found.reason is None


def test_the_turn_near_half_of_the_lithium() -> None:
    found = turning_point("bare", PUBLISHED_SHAPE)
    assert found.lithium_fraction is not None
    assert 0.5 < found.lithium_fraction < 0.6


def test_a_zero_at_a_point_is_that_point() -> None:
    assert turning_point("bare", [(0, [-1]), (0.5, [0.0]), (1, [1])]).lithium_fraction == 0.5
    assert turning_point("bare", [(0, [-1]), (1, [0.0])]).lithium_fraction == 1


def test_interval_of_sites_and_schemes_by_hand() -> None:
    points = [(0.0, [-1.0, -0.5]), (1.0, [1.0, 1.5])]  # lowest 2x - 1, highest 2x - 0.5
    found = turning_point("bare", points)
    assert (found.low, found.lithium_fraction, found.high) == pytest.approx((0.25, 0.5, 0.5))
    found = turning_point("bare", points, {"none": -0.4, "mp2020": 0.1})
    # The lowest line falls at 0.5, 0.7 and 0.45, the highest at 0.25, 0.45 and 0.2.
    assert (found.low, found.lithium_fraction, found.high) == pytest.approx((0.2, 0.5, 0.7))
    assert found.reason is None


def test_ends_beyond_the_range_are_cut_off_and_said_so() -> None:
    points = [(0.25, [-0.5, 0.3]), (1.0, [0.5, 2.0])]
    found = turning_point("coated", points, {"none": -0.7})
    assert (found.low, found.high) == (0.25, 1.0)
    assert found.lithium_fraction == pytest.approx(0.625)
    assert found.reason is not None
    assert "low end cut off" in found.reason
    assert "high end cut off" in found.reason


def test_none_in_range_says_on_which_side() -> None:
    above = turning_point("coated", [(0.0, [0.3]), (1.0, [2.0])], {"none": -0.6})
    assert above.lithium_fraction is above.low is above.high is None
    assert above.reason is not None
    assert above.reason.startswith("none in range: lowest E_f is above zero throughout (at least")
    assert "none would cross at x = 0.176" in above.reason  # 0.3 / 1.7
    below = turning_point("bare", [(0.0, [-2.0]), (1.0, [-0.1])])
    assert below.lithium_fraction is None
    assert below.reason is not None
    assert "below zero throughout (at most -0.100 eV" in below.reason


def test_below_zero_at_the_start_has_no_turn_even_if_it_rises_later() -> None:
    found = turning_point("bare", [(0.0, [-1.0]), (0.5, [0.5]), (1.0, [-0.1])])
    assert found.lithium_fraction is None
    assert found.reason is not None
    assert "below zero already at the largest x" in found.reason


def test_of_several_crossings_the_first_on_delithiation() -> None:
    points = [(0.0, [-1.0]), (0.3, [0.2]), (0.6, [-0.2]), (1.0, [1.0])]
    found = turning_point("bare", points)
    assert found.lithium_fraction is not None
    assert 0.6 < found.lithium_fraction < 1.0
    assert found.reason == "first met on delithiation of 3 crossings"


def test_too_few_points() -> None:
    for points in ([], [(1.0, [2.0])], [(1.0, [2.0]), (0.5, [])], [(1.0, [2.0]), (1.0, [-1.0])]):
        found = turning_point("bare", points)
        assert found.lithium_fraction is None
        assert found.reason is not None
        assert found.reason.startswith("needs E_f at 2 lithium fractions or more")


def test_missing_points_and_order_do_not_matter() -> None:
    shuffled = [PUBLISHED_SHAPE[i] for i in (2, 0, 3, 1)]
    expected = turning_point("bare", PUBLISHED_SHAPE)
    assert turning_point("bare", [*shuffled, (0.75, [])]) == expected


def test_equal_fractions_are_pooled() -> None:
    split = [(0.0, [-1.0]), (0.0, [-0.5]), (1.0, [1.5]), (1.0 + 1e-9, [1.0])]
    joint = [(0.0, [-1.0, -0.5]), (1.0, [1.0, 1.5])]
    assert turning_point("bare", split) == turning_point("bare", joint)


@given(crossing_lines.map(sorted))
def test_the_turn_lies_between_the_fractions_that_bracket_it(line: list[float]) -> None:
    points = on_a_grid(line)
    found = turning_point("bare", points).lithium_fraction
    assert found is not None
    below = max(x for x, (e,) in points if e < 0)
    above = min(x for x, (e,) in points if e > 0)
    assert below <= found <= above


@given(crossing_lines, st.floats(0, 1))
def test_higher_energies_turn_later(line: list[float], part: float) -> None:
    rise = -part * line[0]  # what leaves the one end below zero, or brings it there
    before = turning_point("bare", on_a_grid(line)).lithium_fraction
    after = turning_point("bare", on_a_grid([e + rise for e in line])).lithium_fraction
    assert before is not None
    assert after is not None
    assert after <= before + 1e-9  # less lithium must be left


@given(
    st.lists(st.lists(energies, min_size=1, max_size=3), min_size=2, max_size=5),
    st.dictionaries(st.sampled_from(["none", "mp2020"]), st.floats(-1, 1)),
)
def test_the_interval_holds_the_value(sites: list[list[float]], shifts: dict[str, float]) -> None:
    points = [(i / (len(sites) - 1), each) for i, each in enumerate(sites)]
    found = turning_point("bare", points, shifts)
    if found.lithium_fraction is None:
        assert found.reason
    else:
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.lithium_fraction <= found.high <= 1


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match=r"between 0 and 1, got 1\.2"):
        turning_point("bare", [(1.2, [1.0]), (0.5, [-1.0])])
    with pytest.raises(ValueError, match="between 0 and 1, got nan"):
        turning_point("bare", [(math.nan, [1.0])])
    with pytest.raises(ValueError, match=r"must be finite, got .nan. at x = 0\.5"):
        turning_point("bare", [(1.0, [1.0]), (0.5, [math.nan])])
    with pytest.raises(ValueError, match="Shifts of the O2 schemes must be finite"):
        turning_point("bare", PUBLISHED_SHAPE, {"none": math.inf})


@given(crossing_lines.map(sorted))
def test_the_line_to_draw_goes_through_every_lowest_and_falls_throughout(line: list[float]) -> None:
    points = [(x, [*energies, energies[0] + 1.0]) for x, energies in on_a_grid(line)]
    x, y = lowest_line(points)
    drawn = dict(zip(x, y, strict=True))
    for fraction, energies in points:
        assert drawn[fraction] == pytest.approx(energies[0], abs=1e-12)
    assert all(b >= a - 1e-12 for a, b in pairwise(y))


def test_a_line_of_one_fraction_is_a_point_and_of_none_nothing() -> None:
    assert lowest_line([(0.5, [2.0, 1.0]), (0.2, [])]) == ([0.5], [1.0])
    assert lowest_line([(0.5, [])]) == ([], [])
