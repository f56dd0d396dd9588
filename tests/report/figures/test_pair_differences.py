from __future__ import annotations

from typing import Any

import pytest
from compared_studies import TERMINATION, host, pair, study, vacancy
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from llo_dft.report.figures.pair_differences import plot_pair_differences
from llo_dft.report.figures.palette import system_colors

WHITE = "#ffffff"


def at(site: int, q: float, difference_ev: float, **fields: Any) -> Any:
    return pair(f"O{site}", site, difference_ev, n_holes=round(4 * q), holes_per_tm=q, **fields)


def test_each_pair_is_a_point_and_those_of_one_o_are_joined() -> None:
    axes = Figure().add_subplot()
    pairs = [
        at(1, 0.5, 0.8),
        at(1, 0.0, 0.4, bonded_to_former=True),
        at(2, 0.5, -0.2, rebuilt=True),
        at(2, 0.0, -0.1),
    ]
    hosts = [host(1.0, vacancy("O1", 1.0)), host(1.0, vacancy("O1", 1.0), coated=True)]
    plot_pair_differences(study("chgnet", *hosts, pairs=pairs), axes)
    drawn = {
        (float(line.get_xdata()[0]), float(line.get_ydata()[0])): line
        for line in axes.lines
        if len(line.get_xdata()) == 1 and line.get_marker() != "None"
    }
    assert set(drawn) == {(0.5, 0.8), (0.0, 0.4), (0.5, -0.2), (0.0, -0.1)}
    assert drawn[0.0, 0.4].get_marker() == "*"
    assert to_hex(drawn[0.5, -0.2].get_markerfacecolor()) == WHITE
    coated = f"coated, {TERMINATION}"
    assert drawn[0.5, 0.8].get_color() == system_colors(["bare", coated])[coated]
    (line,) = (
        one
        for one in axes.lines
        if list(one.get_xdata()) == [0.0, 0.5] and one.get_marker() == "None"
    )
    assert list(line.get_ydata()) == pytest.approx([0.4, 0.8])
    assert {text.get_text(): text.xy for text in axes.texts} == {
        "O1": (0.5, 0.8),
        "O2": (0.5, -0.2),
    }
    assert axes.get_ylabel() == "Coated - bare (eV)"


def test_the_numbers_stand_beside_their_points_and_inside_the_axes() -> None:
    figure = Figure(figsize=(6, 3))
    axes = figure.add_subplot()
    pairs = [at(1, 0.0, 0.1), at(2, 1.0, 0.4), at(12345, 1.0, 0.39), at(3, 1.0, -0.4)]
    hosts = [host(1.0, vacancy("O1", 1.0)), host(1.0, vacancy("O1", 1.0), coated=True)]
    plot_pair_differences(study("chgnet", *hosts, pairs=pairs), axes)
    figure.canvas.draw()
    frame = axes.get_window_extent()
    points = axes.transData.transform([(p.holes_per_tm, p.difference_ev) for p in pairs])
    assert [text.get_text() for text in axes.texts] == ["O1", "O3", "O12345, O2"]
    for text in axes.texts:
        written = text.get_window_extent()
        assert frame.x0 < written.x0 < written.x1 < frame.x1
        assert not any(written.contains(*point) for point in points)
