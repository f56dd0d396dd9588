from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llo_dft.analysis.vacancy.turning_point import ChargePoint, lowest_line, turning_point
from llo_dft.documents.state_of_charge import StateOfCharge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llo_dft.documents.state_of_charge import TurningPoint

#: The first CHGNet trial on a symmetric Li2MnO3 slab: lowest E_f at each lithium fraction.
PUBLISHED_SHAPE = [(1.0, [2.44]), (0.5, [-0.18]), (0.25, [-0.73]), (0.0, [-1.20])]

below_zero, above_zero = st.floats(-3, -1e-3), st.floats(1e-3, 3)
energies = below_zero | above_zero
#: From pristine to the highest charge: above zero at the one end, below it at the other.
crossing_lines = st.tuples(above_zero, st.lists(energies, max_size=6), below_zero).map(
    lambda line: [line[0], *line[1], line[2]]
)

#: mAh/g of one electron for each Mn of Li2MnO3: 26801 / 116.83.
CAPACITY = 229.4


def charged(
    points: Sequence[tuple[float, Sequence[float]]], *, lost: float = 0.0
) -> list[ChargePoint]:
    """Points at holes per TM; two Li for each TM when pristine, of which some left for charge."""
    return [
        ChargePoint(
            StateOfCharge(
                holes_per_tm=q,
                lithium_fraction=1.0 - lost - q / 2,
                capacity_mah_per_g=CAPACITY * q,
            ),
            energies,
        )
        for q, energies in points
    ]


def plain(points: Sequence[tuple[float, Sequence[float]]]) -> list[ChargePoint]:
    """Points at lithium fractions alone, as of plain runs."""
    return [ChargePoint(StateOfCharge(lithium_fraction=x), energies) for x, energies in points]


def on_a_grid(line: list[float]) -> list[tuple[float, list[float]]]:
    return [(i / (len(line) - 1), [energy]) for i, energy in enumerate(line)]


def q0(found: TurningPoint) -> float:
    assert found.at is not None
    assert found.at.holes_per_tm is not None
    return found.at.holes_per_tm


def share(found: TurningPoint, source: str) -> tuple[float | None, float | None]:
    (one,) = (one for one in found.shares if one.source == source)
    return one.earliest.holes_per_tm, one.latest.holes_per_tm


def test_two_points_by_hand_with_x_and_capacity_beside() -> None:
    found = turning_point("bare", charged([(0.0, [1.5]), (1.0, [-0.5])]))
    assert found.system == "bare"
    assert q0(found) == pytest.approx(0.75)
    assert found.at is not None
    assert found.at.lithium_fraction == pytest.approx(1 - 0.75 / 2)
    assert found.at.capacity_mah_per_g == pytest.approx(0.75 * CAPACITY)
    assert found.earliest == found.latest == found.at
    assert found.reason is None


def test_li_that_left_for_charge_moves_x_and_not_the_turn() -> None:
    points = [(0.0, [1.5]), (1.0, [-0.5])]
    bare, coated = (turning_point("bare", charged(points, lost=n)) for n in (0.0, 0.375))
    assert q0(bare) == q0(coated)
    assert bare.at is not None
    assert coated.at is not None
    assert coated.at.lithium_fraction == pytest.approx(bare.at.lithium_fraction - 0.375)


def test_without_a_known_charge_it_is_a_lithium_fraction() -> None:
    found = turning_point("bare", plain(PUBLISHED_SHAPE))
    assert found.at is not None
    assert (found.at.holes_per_tm, found.at.capacity_mah_per_g) == (None, None)
    assert found.at.lithium_fraction is not None
    assert 0.5 < found.at.lithium_fraction < 0.6


def test_a_zero_at_a_point_is_that_point() -> None:
    assert q0(turning_point("bare", charged([(0, [1]), (0.5, [0.0]), (1, [-1])]))) == 0.5
    assert q0(turning_point("bare", charged([(0, [0.0]), (1, [-1])]))) == 0


def test_each_source_has_its_own_share_by_hand() -> None:
    points = [(0.0, [1.0, 1.5]), (1.0, [-1.0, -0.5])]  # lowest 1 - 2q, highest 1.5 - 2q
    found = turning_point("bare", charged(points))
    assert q0(found) == pytest.approx(0.5)
    assert share(found, "sites") == pytest.approx((0.5, 0.75))
    assert [one.source for one in found.shares] == ["sites"]
    found = turning_point("bare", charged(points), {"none": -0.4, "mp2020": 0.1})
    assert share(found, "sites") == pytest.approx((0.5, 0.75))
    assert share(found, "O2 schemes") == pytest.approx((0.3, 0.55))
    assert found.earliest is not None
    assert found.latest is not None
    ends = found.earliest.holes_per_tm, found.latest.holes_per_tm
    assert ends == pytest.approx((0.3, 0.75))
    assert found.reason is None


def test_rebuilt_vacancies_decide_no_turn_and_stand_beside_it() -> None:
    points = charged([(0.0, [2.0]), (1.0, [-2.0, 0.5])])
    rebuilt = [
        points[0],
        ChargePoint(points[1].charge, points[1].kept_ev, rebuilt_ev=[-6.0]),
    ]
    found = turning_point("bare", rebuilt)
    assert q0(found) == pytest.approx(0.5)
    assert found.with_rebuilt is not None
    assert found.with_rebuilt.holes_per_tm == pytest.approx(0.25)
    assert share(found, "rebuilt") == pytest.approx((0.25, 0.5))
    assert found.earliest == found.with_rebuilt
    # without any the two are the same, and there is no such share
    alone = turning_point("bare", points)
    assert alone.with_rebuilt == alone.at
    assert [one.source for one in alone.shares] == ["sites"]


def test_where_every_vacancy_rebuilt_its_lattice_is_said() -> None:
    first, second = charged([(0.0, [2.0]), (1.0, [])])
    found = turning_point("bare", [first, ChargePoint(second.charge, [], rebuilt_ev=[-2.0])])
    assert found.at is None
    assert found.with_rebuilt is not None
    assert found.with_rebuilt.holes_per_tm == pytest.approx(0.5)
    assert found.reason == (
        "needs E_f at 2 states of charge or more, got 1; without 1.00 holes per TM (x = 0.50, "
        "229 mAh/g), where the lattice of every vacancy was rebuilt"
    )


def test_ends_beyond_the_range_are_cut_off_and_said_so() -> None:
    points = charged([(0.0, [0.5, 2.0]), (0.75, [-0.5, 0.3])])
    found = turning_point("coated", points, {"none": -0.7})
    assert found.earliest is not None
    assert found.latest is not None
    assert (found.earliest.holes_per_tm, found.latest.holes_per_tm) == (0.0, 0.75)
    assert q0(found) == pytest.approx(0.375)
    cut_off = {one.source: one.cut_off for one in found.shares}
    assert cut_off == {
        "sites": "latest: above zero to the end of the computed range",
        "O2 schemes": "earliest: below zero from the start of the computed range",
    }


def test_none_in_range_says_on_which_side() -> None:
    above = turning_point("coated", charged([(0.0, [2.0]), (1.0, [0.3])]), {"none": -0.6})
    assert above.at is above.earliest is above.latest is None
    assert above.reason is not None
    assert above.reason.startswith("none in range: lowest E_f is above zero throughout (at least")
    assert "none would cross at 0.82 holes per TM" in above.reason  # 1.4 / 1.7
    below = turning_point("bare", charged([(0.0, [-0.1]), (1.0, [-2.0])]))
    assert below.at is None
    assert below.reason is not None
    assert "below zero throughout (at most -0.100 eV" in below.reason


def test_below_zero_at_the_start_has_no_turn_even_if_it_rises_later() -> None:
    found = turning_point("bare", charged([(0.0, [-0.1]), (0.5, [0.5]), (1.0, [-1.0])]))
    assert found.at is None
    assert found.reason is not None
    assert "below zero already at the least charge" in found.reason


def test_of_several_crossings_the_first_on_charging() -> None:
    points = [(0.0, [1.0]), (0.4, [-0.2]), (0.7, [0.2]), (1.0, [-1.0])]
    found = turning_point("bare", charged(points))
    assert 0.0 < q0(found) < 0.4
    assert found.reason == "first met on charging of 3 crossings"
    twice = turning_point("bare", charged(points[:3]))
    assert twice.reason == "first met on charging of 2 crossings"


def test_too_few_points() -> None:
    for points in ([], [(1.0, [2.0])], [(0.0, [2.0]), (0.5, [])], [(1.0, [2.0]), (1.0, [-1.0])]):
        found = turning_point("bare", charged(points))
        assert found.at is None
        assert found.reason is not None
        assert found.reason.startswith("needs E_f at 2 states of charge or more")


def test_missing_points_and_order_do_not_matter() -> None:
    shuffled = [PUBLISHED_SHAPE[i] for i in (2, 0, 3, 1)]
    expected = turning_point("bare", plain(PUBLISHED_SHAPE))
    assert turning_point("bare", plain([*shuffled, (0.75, [])])) == expected


def test_equal_states_are_pooled() -> None:
    split = charged([(1.0, [-1.0]), (1.0, [-0.5]), (0.0, [1.5]), (1e-9, [1.0])])
    joint = charged([(1.0, [-1.0, -0.5]), (0.0, [1.0, 1.5])])
    assert q0(turning_point("bare", split)) == q0(turning_point("bare", joint))


def test_the_line_says_which_o_is_the_lowest_at_each_state() -> None:
    points = charged([(1.0, [-1.0]), (0.0, [1.0])])
    named = [
        ChargePoint(one.charge, one.kept_ev, lowest=[name])
        for one, name in zip(points, ("O7", "O4"), strict=True)
    ]
    found = turning_point("bare", named)
    assert found.oxygens == ["O4", "O7"]
    assert not found.is_of_one_oxygen
    assert turning_point("bare", points, site=4).is_of_one_oxygen


@given(crossing_lines.map(lambda line: sorted(line, reverse=True)))
def test_the_turn_lies_between_the_states_that_bracket_it(line: list[float]) -> None:
    points = on_a_grid(line)
    below = min(q for q, (e,) in points if e < 0)
    above = max(q for q, (e,) in points if e > 0)
    assert above <= q0(turning_point("bare", charged(points))) <= below


@given(crossing_lines, st.floats(0, 1))
def test_higher_energies_turn_later(line: list[float], part: float) -> None:
    rise = -part * line[-1]  # what leaves the other end below zero, or brings it there
    before = q0(turning_point("bare", charged(on_a_grid(line))))
    after = q0(turning_point("bare", charged(on_a_grid([e + rise for e in line]))))
    assert after >= before - 1e-9


@given(crossing_lines)
def test_over_the_lithium_that_left_the_turn_is_the_same(line: list[float]) -> None:
    """Where x falls by one for each hole, both axes are one."""
    points = on_a_grid(line)
    by_lithium = turning_point("bare", plain([(1.0 - q, e) for q, e in points])).at
    assert by_lithium is not None
    assert by_lithium.position == pytest.approx(
        q0(turning_point("bare", charged(points))), abs=1e-9
    )


@given(
    st.lists(st.lists(energies, min_size=1, max_size=3), min_size=2, max_size=5),
    st.dictionaries(st.sampled_from(["none", "mp2020"]), st.floats(-1, 1)),
)
def test_each_share_holds_the_value_and_the_interval_each_share(
    sites: list[list[float]], shifts: dict[str, float]
) -> None:
    points = [(i / (len(sites) - 1), each) for i, each in enumerate(sites)]
    found = turning_point("bare", charged(points), shifts)
    if found.at is None:
        assert found.reason
        return
    assert found.earliest is not None
    assert found.latest is not None
    for one in found.shares:
        assert found.earliest.position <= one.earliest.position <= q0(found)
        assert q0(found) <= one.latest.position <= found.latest.position


@given(crossing_lines.map(lambda line: sorted(line, reverse=True)))
def test_the_line_to_draw_goes_through_every_lowest_and_falls_throughout(line: list[float]) -> None:
    points = [(q, [*energies, energies[0] + 1.0]) for q, energies in on_a_grid(line)]
    q, y = lowest_line(charged(points))
    drawn = dict(zip(q, y, strict=True))
    for place, energies in points:
        assert drawn[place] == pytest.approx(energies[0], abs=1e-12)
    assert all(b <= a + 1e-12 for a, b in pairwise(y))


def test_a_line_of_one_state_is_a_point_and_of_none_nothing() -> None:
    assert lowest_line(charged([(0.5, [2.0, 1.0]), (0.2, [])])) == ([0.5], [1.0])
    assert lowest_line(charged([(0.5, [])])) == ([], [])
