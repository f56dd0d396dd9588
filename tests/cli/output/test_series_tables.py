from __future__ import annotations

from typing import TYPE_CHECKING

from made_screen import FAILURE, SCREEN
from made_spread import SPREAD

from llo_dft.cli.output.series_tables import (
    difference_text,
    gain_text,
    print_screen,
    print_spread,
    turning_spread_text,
)
from llo_dft.documents.stability.phase_stability import MixingReaction, PairReactivity

if TYPE_CHECKING:
    import pytest


def test_every_coating_has_a_row_and_what_failed_a_reason(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    print_screen(SCREEN.model_copy(update={"mock": True}))
    out = capsys.readouterr().out
    assert out.startswith("MOCK")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines()]
    charged = ["1", "high, face", "+1.0/-7.0", "-", "0", "6"]
    assert [*charged, "+0.10 (+0.10) 1 of 1", "+0.30 (+0.10) 2 of 3"] in rows
    assert ["-", "none (failed)", "-", "-", "-", "-", "-", "-"] in rows
    assert f"problem: failed, face: coated_face_x1.0000: {FAILURE}" in out


def test_whether_two_can_be_told_apart_is_said() -> None:
    (one,) = SCREEN.differences
    assert difference_text(one) == (
        "high, face over low, face: 0.10 eV, not told apart, less than the spread of 0.28 eV over "
        "the O; of 2 O that both have, it is larger at 1"
    )
    apart = one.model_copy(update={"told_apart": True, "spread_ev": 0.05, "n_same_oxygens": 0})
    assert difference_text(apart).endswith("0.10 eV, more than the spread of 0.05 eV over the O")
    alone = apart.model_copy(update={"spread_ev": None})
    assert difference_text(alone).endswith("no spread is known")


def test_a_gain_that_is_not_known_is_no_number() -> None:
    rebuilt = SCREEN.coatings[2].gain_at(0.5)
    assert (gain_text(rebuilt), gain_text(None)) == ("rebuilt, 1 O", "-")


def test_reactions_stand_below_where_there_are_any(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    worst = MixingReaction(
        fraction_of_first=0.4, energy_ev_per_atom=-0.25, reaction="", products=["Li2O", "MnO"]
    )
    pair = PairReactivity(
        first="crystal at x = 0.50",
        second="coating",
        voltage_v=None,
        worst=worst,
        reactions=[worst],
        own_decomposition_ev_per_atom=-0.1,
        mutual_ev_per_atom=-0.2,
        missing=["LiMnO2"],
    )
    coatings = [SCREEN.coatings[0].model_copy(update={"reactions": {0.5: pair}})]
    print_screen(SCREEN.model_copy(update={"coatings": coatings}))
    out = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines()]
    numbers = ["-0.250", "-0.100", "-0.200", "0.40"]
    assert ["high", "0.50", *numbers, "Li2O + MnO", "LiMnO2"] in rows


def test_every_cell_has_a_line_under_the_charges(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_spread(SPREAD)
    out = capsys.readouterr().out
    assert out.startswith("MOCK")
    assert "wide: lowest, wider" in out
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines()]
    assert "Lowest E_f, bare, eV per O" in out
    assert ["wide", "1.500", "0.500"] in rows
    assert ["mean over orderings", "2.500", "1.500"] in rows
    assert ["standard deviation", "0.700", "0.700"] in rows
    assert ["extrapolated in width", "1.500", "0.500"] in rows


def test_where_it_turns_and_where_it_does_not() -> None:
    (point,) = SPREAD.turning_points
    assert turning_spread_text(point) == (
        "crosses zero in 2 of 3 cells, from 0.500 to 0.750 holes per metal "
        "(width of the cell 0.250)"
    )
    never = point.model_copy(update={"holes_per_tm": {"a": None}, "shares": {}})
    assert turning_spread_text(never) == "crosses zero in none of 1 cells"
