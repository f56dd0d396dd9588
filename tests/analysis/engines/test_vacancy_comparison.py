from __future__ import annotations

import pytest
from compared_studies import host, pair, study, vacancy
from hypothesis import given
from hypothesis import strategies as st

from llo_dft.analysis.engines.vacancy_comparison import (
    NO_SUCH_O,
    NOT_THERE,
    compared_hosts,
    compared_pairs,
    matched,
    missing_numbers,
    same_sign,
    spread,
    spread_summary,
)

#: A vacancy that each engine places at the O that P is bonded to in its own interface.
BONDED = "step-OP1"


def only(studies):
    """Return the one vacancy of the one host."""
    (compared,) = compared_hosts(studies)
    (found,) = compared.vacancies
    return found


def test_vacancies_are_matched_by_host_and_name_whatever_their_order():
    studies = {
        "a": study("a", host(1.0, vacancy("O1", 2.0), vacancy("O2", 3.0)), host(0.5)),
        "b": study("b", host(0.5), host(1.0, vacancy("O2", 3.5), vacancy("O1", 1.8))),
    }
    first, second = compared_hosts(studies)
    assert [first.label, second.label] == ["bare_x1.0000", "bare_x0.5000"]
    assert [(v.pair, v.site) for v in first.vacancies] == [("O1", 1), ("O2", 2)]
    values = [[one.formation_energy_ev for one in v.energies] for v in first.vacancies]
    assert values == [[2.0, 1.8], [3.0, 3.5]]
    assert [v.spread_ev for v in first.vacancies] == pytest.approx([0.2, 0.5])
    assert [one.engine for one in first.vacancies[0].energies] == ["a", "b"]
    assert (first.vacancies[0].layer, first.vacancies[0].site_class) == ("surface", "3TM")


def test_a_bare_and_a_coated_host_of_one_fraction_are_two():
    hosts = (host(1.0, vacancy("O1", 1.0)), host(1.0, vacancy("O1", 3.0), coated=True))
    compared = compared_hosts({"a": study("a", *hosts), "b": study("b", *hosts)})
    assert [h.label for h in compared] == ["bare_x1.0000", "coated_step_x1.0000"]
    assert [h.vacancies[0].spread_ev for h in compared] == [0.0, 0.0]


def test_a_lattice_that_rebuilt_itself_in_any_engine_is_flagged_and_moments_are_not():
    quiet = vacancy("O1", 1.0, flags=["moment: Mn8 3.1 -> 3.7 mu_B"])
    moved = vacancy("O1", 1.5, flags=["moved: Li3 1.9 A"])
    found = only({"a": study("a", host(1.0, quiet)), "b": study("b", host(1.0, moved))})
    assert found.rebuilt
    assert [one.rebuilt for one in found.energies] == [False, True]
    again = only({"a": study("a", host(1.0, quiet)), "b": study("b", host(1.0, quiet))})
    assert not again.rebuilt


def test_a_number_that_one_engine_lacks_is_named_with_its_reason():
    studies = {
        "a": study("a", host(1.0, vacancy("O1", 1.0))),
        "b": study("b", host(1.0, vacancy("O1", None)), failed=["bare_x1.0000_vac_O1", "Li"]),
        "c": study("c", host(1.0, vacancy("O1", 1.4))),
    }
    found = only(studies)
    assert found.spread_ev == pytest.approx(0.4)  # of the two that have it
    missing = missing_numbers(studies, compared_hosts(studies))
    assert [(one.engine, one.label, one.status, one.reason) for one in missing] == [
        ("b", "bare_x1.0000_vac_O1", "failed", "no power"),
        ("b", "Li", "failed", "no power"),
    ]


def test_a_host_or_a_vacancy_that_a_study_does_not_hold_is_missing():
    studies = {
        "a": study("a", host(1.0, vacancy("O1", 1.0)), host(0.5, vacancy("O2", 0.0))),
        "b": study("b", host(1.0)),
    }
    compared = compared_hosts(studies)
    assert [h.vacancies[0].energies[1].reason for h in compared] == [NOT_THERE] * 2
    assert [h.vacancies[0].spread_ev for h in compared] == [None, None]
    labels = [(one.engine, one.label) for one in missing_numbers(studies, compared)]
    assert labels == [("b", "bare_x1.0000_vac_O1"), ("b", "bare_x0.5000_vac_O2")]


def test_an_energy_without_a_formation_energy_is_missing_though_it_was_computed():
    no_oxygen = vacancy("O1", None, status="skipped", reason="no formation energy: no O2")
    studies = {
        "a": study("a", host(1.0, vacancy("O1", 1.0))),
        "b": study("b", host(1.0, no_oxygen)),
    }
    (missing,) = missing_numbers(studies, compared_hosts(studies))
    assert (missing.engine, missing.reason) == ("b", "no formation energy: no O2")


def test_an_o_without_a_bond_in_one_engine_is_no_gap():
    label = f"coated_step_x1.0000_vac_{BONDED}"
    studies = {
        "a": study("a", host(1.0, vacancy(BONDED, 1.0, site=7), coated=True)),
        "b": study("b", host(1.0, coated=True), not_applicable=[label]),
    }
    found = only(studies)
    other = found.energies[1]
    assert (other.applicable, other.status, other.reason) == (False, "skipped", NO_SUCH_O)
    assert found.spread_ev is None
    assert missing_numbers(studies, compared_hosts(studies)) == []


def test_another_o_in_each_engine_has_no_spread_and_says_so():
    studies = {
        "a": study("a", host(1.0, vacancy(BONDED, 1.0, site=7), coated=True)),
        "b": study(
            "b", host(1.0, vacancy(BONDED, -2.0, site=9, site_class="2TM+1Li"), coated=True)
        ),
    }
    found = only(studies)
    assert (found.site, found.spread_ev, found.same_sign) == (None, None, None)
    assert found.site_class == "3TM or 2TM+1Li"
    assert found.remark == "not the same O: O7 in a, O9 in b"
    same = {
        "a": study("a", host(1.0, vacancy(BONDED, 1.0, site=7), coated=True)),
        "b": study("b", host(1.0, vacancy(BONDED, -2.0, site=7), coated=True)),
    }
    found = only(same)
    assert (found.site, found.spread_ev, found.same_sign, found.remark) == (7, 3.0, False, None)


def test_the_lowest_of_each_engine_may_be_another_o():
    studies = {
        "a": study("a", host(1.0, vacancy("O1", 2.0), vacancy("O2", 1.0))),
        "b": study("b", host(1.0, vacancy("O1", 0.5, flags=["o2: 1.2 A"]), vacancy("O2", 0.9))),
        "c": study("c", host(1.0, vacancy("O1", None), vacancy("O2", None))),
    }
    (compared,) = compared_hosts(studies)
    first, second = compared.lowest("a"), compared.lowest("b")
    assert (first.site, first.formation_energy_ev, first.rebuilt) == (2, 1.0, False)
    assert (second.site, second.formation_energy_ev, second.rebuilt) == (1, 0.5, True)
    assert compared.lowest("c") is None


def test_pairs_say_whether_the_engines_agree_on_what_the_coating_does():
    studies = {
        "a": study("a", pairs=[pair("O1", 1, 0.4), pair("O2", 2, -0.3)]),
        "b": study("b", pairs=[pair("O1", 1, 0.1, rebuilt=True), pair("O2", 2, 0.3)]),
    }
    agreed, split = compared_pairs(studies)
    assert agreed.same_sign is True
    assert [one.rebuilt for one in agreed.by_engine.values()] == [False, True]
    assert agreed.spread_ev == pytest.approx(0.3)
    assert split.same_sign is False
    assert split.spread_ev == pytest.approx(0.6)
    assert [one.difference_ev for one in split.by_engine.values()] == [-0.3, 0.3]


def test_a_pair_is_matched_within_its_charge_and_coating():
    studies = {
        "a": study("a", pairs=[pair("O1", 1, 0.4)]),
        "b": study(
            "b",
            pairs=[
                pair("O1", 1, 0.1, n_holes=4),
                pair("O1", 1, 0.2, termination="flat"),
            ],
        ),
    }
    found = compared_pairs(studies)
    assert [one.spread_ev for one in found] == [None, None, None]
    assert [one.same_sign for one in found] == [None, None, None]
    values = [[d and d.difference_ev for d in one.by_engine.values()] for one in found]
    assert values == [
        [0.4, None],
        [None, 0.1],
        [None, 0.2],
    ]


def test_a_pair_at_another_o_in_each_engine_has_no_spread():
    studies = {
        "a": study("a", pairs=[pair(BONDED, 7, 0.4)]),
        "b": study("b", pairs=[pair(BONDED, 9, 0.1)]),
    }
    (found,) = compared_pairs(studies)
    assert (found.site, found.spread_ev, found.same_sign) == (None, None, None)
    assert found.remark == "not the same O: O7 in a, O9 in b"


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
