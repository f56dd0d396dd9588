"""What figures share: files, the axis of charging, hollow points, legends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from llo_dft.documents.state_of_charge import StateOfCharge
from llo_dft.report.figures import figure_parts
from llo_dft.report.figures.palette import element_color

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes


@pytest.fixture
def axes() -> Axes:
    return Figure().add_subplot()


def margin(path: Path) -> np.ndarray:
    """The outermost pixels of a picture."""
    pixels = mpl.image.imread(path)[:, :, :3]
    return np.concatenate([pixels[:4].ravel(), pixels[-4:].ravel()])


def test_the_margins_of_a_stand_in_are_hatched(tmp_path: Path) -> None:
    for mock in (False, True):
        figure = figure_parts.new_figure(3.0, 2.0)
        figure.add_subplot().plot([0, 1], [0, 1])
        path = tmp_path / "figure.png"
        figure_parts.save_figure(figure, path, mock=mock)
        assert (margin(path) < 0.99).any() == mock


def test_a_figure_is_the_same_bytes_whenever_drawn(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        figure = figure_parts.new_figure(3.0, 2.0)
        figure.add_subplot()
        figure_parts.save_figure(figure, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert b"matplotlib" not in (tmp_path / "a.png").read_bytes()


@pytest.mark.parametrize(("ending", "start"), [("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_the_ending_says_which_kind(tmp_path: Path, ending: str, start: bytes) -> None:
    path = tmp_path / f"figure.{ending}"
    figure_parts.save_figure(figure_parts.new_figure(3.0, 2.0), path)
    assert path.read_bytes().startswith(start)


def test_charging_goes_to_the_right_and_every_fraction_is_within(axes: Axes) -> None:
    figure_parts.charging_axes(axes, {1.0: 0, 0.25: 3}, holes=False)
    axes.plot([1.0, 0.5], [2.0, -1.0])
    left, right = axes.get_xlim()
    assert left > 1.0
    assert right < 0.25
    assert [text.get_text() for text in axes.texts] == ["3 without a result"]
    assert axes.texts[0].xy[0] == 0.25


def test_holes_per_tm_rise_to_the_right_with_x_and_capacity_above(axes: Axes) -> None:
    charges = [
        StateOfCharge(holes_per_tm=q, lithium_fraction=1 - q / 2, capacity_mah_per_g=229.4 * q)
        for q in (0.0, 0.5, 1.5)
    ]
    places = {figure_parts.charge_place(charge): 0 for charge in charges}
    figure_parts.charging_axes(axes, places, holes=True)
    figure_parts.further_charge_axes(axes, charges)
    axes.set_xlim(0.0, 2.0)
    axes.figure.draw_without_rendering()
    assert "Holes" in axes.get_xlabel()
    x, capacity = axes.child_axes
    for q in (0.0, 0.5, 1.5):
        below = axes.transData.transform((q, 0.0))[0]
        assert x.transData.transform((1 - q / 2, 0.0))[0] == pytest.approx(below)
        assert capacity.transData.transform((229.4 * q, 0.0))[0] == pytest.approx(below)


def test_of_one_state_of_charge_alone_there_are_no_further_axes(axes: Axes) -> None:
    charge = StateOfCharge(holes_per_tm=0.0, lithium_fraction=1.0, capacity_mah_per_g=0.0)
    figure_parts.further_charge_axes(axes, [charge])
    figure_parts.further_charge_axes(axes, [StateOfCharge(lithium_fraction=x) for x in (1.0, 0.5)])
    assert axes.child_axes == []


def test_hollow_is_white_within_and_explained(axes: Axes) -> None:
    figure_parts.draw_points(axes, 1.0, 2.0, "s", "#123456")
    figure_parts.draw_points(axes, 1.0, 3.0, "s", "#123456", hollow=True, zorder=7)
    figure_parts.explain_rebuilt(axes)
    full, hollow, entry = axes.lines
    assert to_hex(full.get_markerfacecolor()) == "#123456"
    assert to_hex(hollow.get_markerfacecolor()) == to_hex(entry.get_markerfacecolor()) == "#ffffff"
    assert hollow.get_color() == "#123456"
    assert hollow.get_zorder() == 7
    assert entry.get_label() == "lattice rebuilt"


def test_atoms_are_strokes_in_the_colour_of_their_element(axes: Axes) -> None:
    figure_parts.mark_atoms(axes, [1.0, 4.0], -2.0, "Mn", label="Mn")
    (drawn,) = axes.lines
    assert drawn.get_xydata().tolist() == [[1.0, -2.0], [4.0, -2.0]]
    assert drawn.get_color() == element_color("Mn")


def test_a_legend_is_below_or_beside_what_is_drawn(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], label="a")
    figure = axes.get_figure()
    for place in (figure_parts.legend_below, figure_parts.legend_beside):
        place(axes, **({"columns": 1} if place is figure_parts.legend_below else {}))
        figure.canvas.draw()
        box, inside = axes.get_legend().get_window_extent(), axes.get_window_extent()
        assert box.y1 < inside.y0 or box.x0 >= inside.x1


def test_a_figure_of_a_study_is_the_same_in_every_format_whenever_drawn(tmp_path) -> None:
    for name in ("one", "two"):
        figure = figure_parts.new_figure(2.0, 2.0)
        figure.add_subplot().plot([0, 1], label="a")
        figure_parts.save_figure(
            figure, tmp_path / f"{name}_x1.000.png", also=figure_parts.VECTOR_SUFFIXES
        )
    for end in (".png", ".svg", ".pdf"):
        first, second = (tmp_path / f"{name}_x1.000{end}" for name in ("one", "two"))
        assert first.read_bytes() == second.read_bytes()
