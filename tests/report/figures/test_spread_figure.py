from __future__ import annotations

from typing import TYPE_CHECKING

from made_spread import SPREAD

from llo_dft.report.figures.figure_parts import new_figure
from llo_dft.report.figures.spread_figure import plot_spread, save_spread

if TYPE_CHECKING:
    from pathlib import Path


def test_each_cell_the_mean_and_the_extrapolation_are_drawn() -> None:
    axes = plot_spread(SPREAD, new_figure(6, 4).add_subplot())
    drawn = [list(line.get_ydata()) for line in axes.get_lines()]
    for values in ([2.0, 1.0], [3.0, 2.0], [1.5, 0.5], [2.5, 1.5]):
        assert values in drawn
    dotted = [line for line in axes.get_lines() if line.get_linestyle() == ":"]
    assert [list(line.get_ydata()) for line in dotted] == [[1.5, 0.5]]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["bare, extrapolated in width", "bare, mean"]
    assert "MOCK" in axes.get_title(loc="left")


def test_the_same_figure_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        save_spread(SPREAD, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
