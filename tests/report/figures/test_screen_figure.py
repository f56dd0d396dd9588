from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from made_screen import SCREEN

from llo_dft.report.figures.figure_parts import new_figure
from llo_dft.report.figures.screen_figure import plot_gains, save_screen

if TYPE_CHECKING:
    from pathlib import Path


def test_each_oxygen_the_means_and_what_has_none_are_drawn() -> None:
    axes = plot_gains(SCREEN, 0.5, new_figure(6, 4).add_subplot())
    points = {
        float(line.get_ydata()[0]): line for line in axes.get_lines() if len(line.get_ydata()) == 1
    }
    assert {0.1, 0.3, 0.5, 5.0, -9.0} <= set(points)
    assert points[-9.0].get_markerfacecolor() == "white"
    assert points[0.5].get_marker() == "*"
    means = [float(bars.lines[0].get_ydata()[0]) for bars in axes.containers]
    assert means == pytest.approx([0.3, 0.2])
    *lacking, above = (text.get_text() for text in axes.texts)
    assert (lacking, above[:10]) == (["all rebuilt", "failed", "failed"], "above zero")
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == [one.name for one in SCREEN.coatings]
    assert axes.get_title() == "0.50 holes per metal\n(ranked here)"


def test_the_same_figure_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        save_screen(SCREEN, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_screen_without_a_gain_is_drawn(tmp_path: Path) -> None:
    none = SCREEN.model_copy(
        update={"coatings": SCREEN.coatings[3:], "ranked_at_holes_per_tm": None}
    )
    save_screen(none, tmp_path / "none.png")
    assert (tmp_path / "none.png").stat().st_size > 0
