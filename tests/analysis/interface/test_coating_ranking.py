from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import pytest
from made_screen import FAILURE, RESULTS, SCREEN, made_coating, made_pair

from llo_dft.analysis.interface.coating_ranking import rank_coatings

if TYPE_CHECKING:
    from llo_dft.documents.study_result import StudyResult


def test_they_are_ranked_where_most_have_an_oxygen_that_stayed() -> None:
    """At 0 and at 0.5 two coatings have one: the more charged counts, where high wins."""
    assert SCREEN.ranked_at_holes_per_tm == 0.5
    assert [(one.coating, one.rank) for one in SCREEN.coatings] == [
        ("high", 1),
        ("low", 2),
        ("rebuilt", None),
        ("failed", None),
        ("none", None),
    ]
    third = made_coating(made_pair(1, 0.0, 0.5))
    more = rank_coatings("s", {**RESULTS, "third": third}, {})
    assert more.ranked_at_holes_per_tm == 0.0
    assert [one.coating for one in more.coatings[:3]] == ["low", "third", "high"]


def test_what_rebuilt_is_in_no_mean_and_no_worst() -> None:
    high, low, rebuilt = SCREEN.coatings[:3]
    gain = high.gain_at(0.5)
    assert gain is not None
    assert (gain.n_oxygens, gain.n_rebuilt, gain.worst_ev) == (2, 1, 0.1)
    assert gain.mean_ev == pytest.approx(0.3)
    assert gain.deviation_ev == pytest.approx(0.4 / sqrt(2))
    alone = high.gain_at(0.0)
    assert alone is not None
    assert alone.deviation_ev is None
    none = rebuilt.gain_at(0.5)
    assert none is not None
    assert (none.mean_ev, none.n_rebuilt) == (None, 1)
    assert low.gain_at(0.25) is None


def test_a_difference_within_the_spread_tells_nothing_apart() -> None:
    """0.3 and 0.2 eV on average, spread by 0.28 eV; of the two O they share one says so."""
    (difference,) = SCREEN.differences
    assert (difference.better, difference.next) == ("high, face", "low, face")
    assert difference.difference_ev == pytest.approx(0.1)
    assert difference.spread_ev == pytest.approx(0.4 / sqrt(2))
    assert not difference.told_apart
    assert (difference.n_same_oxygens, difference.n_same_order) == (2, 1)


def test_a_difference_beyond_the_spread_is_one() -> None:
    far = made_coating(made_pair(1, 0.5, 3.0), made_pair(2, 0.5, 3.1))
    (first, *_) = rank_coatings("s", {**RESULTS, "far": far}, {}).differences
    assert (first.better, first.told_apart, first.n_same_order) == ("far, face", True, 2)


def test_oxygens_of_another_bare_slab_are_not_the_same() -> None:
    other = made_coating(made_pair(1, 0.5, 3.0, bare_ev=2.1))
    (first, *_) = rank_coatings("s", {**RESULTS, "other": other}, {}).differences
    assert first.n_same_oxygens == 0


def test_what_failed_says_why_and_not_what_followed_from_it() -> None:
    failed, none = SCREEN.coatings[3:]
    assert (failed.status, failed.reasons) == ("failed", [f"coated_face_x1.0000: {FAILURE}"])
    assert (none.status, none.reasons, none.termination) == ("failed", ["no such face"], None)
    assert not SCREEN.is_complete


def test_what_the_ranking_rests_on_is_said() -> None:
    text = "\n".join(SCREEN.notes)
    assert "ranked by the mean gain at 0.500 holes per metal, of 0 to 2 O" in text
    assert "so unranked: rebuilt, face; failed, face; none" in text
    assert "the lattice was rebuilt in 2 of 9 pairs" in text


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({}, "no ranking: no O kept its lattice"),
        ({"no_crossings": "forces of 0.1"}, "no ranking: gains are not stated (forces of 0.1)"),
    ],
)
def test_without_a_gain_there_is_no_ranking(fields: dict[str, str], note: str) -> None:
    screen = rank_coatings("s", {"a": made_coating(**fields)}, {})
    assert screen.ranked_at_holes_per_tm is None
    assert [one.rank for one in screen.coatings] == [None]
    assert screen.notes[0].startswith(note)


def test_a_note_names_the_coatings_that_it_is_of() -> None:
    results: dict[str, StudyResult] = {
        name: made_coating(notes=notes)
        for name, notes in {"a": ["thin"], "b": ["thin", "cold"]}.items()
    }
    assert rank_coatings("s", results, {}).notes[1:] == ["a, b: thin", "b: cold"]
