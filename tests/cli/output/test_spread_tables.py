from __future__ import annotations

from typing import TYPE_CHECKING

from made_spread import SPREAD

from llo_dft.cli.output.spread_tables import print_spread, turning_spread_text

if TYPE_CHECKING:
    import pytest


def test_every_cell_has_a_column(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    print_spread(SPREAD)
    out = capsys.readouterr().out
    assert out.startswith("MOCK")
    assert "wide: lowest, wider" in out
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines()]
    assert ["bare", "1.000", "1.000", "2.000", "0.500", "1.500", "0.700", "0.500"] in rows


def test_where_it_turns_and_where_it_does_not() -> None:
    (point,) = SPREAD.turning_points
    assert turning_spread_text(point) == (
        "crosses zero in 2 of 3 cells, from 0.500 to 0.750 holes per metal "
        "(width of the cell 0.250)"
    )
    never = point.model_copy(update={"holes_per_tm": {"a": None}, "shares": {}})
    assert turning_spread_text(never) == "crosses zero in none of 1 cells"
