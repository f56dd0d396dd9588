from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from compared_studies import TERMINATION, host, study, vacancy
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from llo_dft.analysis.engines.study_comparison import compare_studies
from llo_dft.report.figures.engines_side_by_side import plot_study_comparison, save_study_comparison
from llo_dft.report.figures.palette import system_colors

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from llo_dft.documents.comparison import StudyComparison

COATED = f"coated, {TERMINATION}"
WHITE = "#ffffff"


@pytest.fixture
def axes() -> Axes:
    return Figure().add_subplot()


def compared(*studies) -> StudyComparison:
    return compare_studies({f"folder-{i}": one for i, one in enumerate(studies)})


def line(engine: str, *energies: float | None, coated: bool = False, **fields):
    """A study with one vacancy at each of 0, 1 and 2 holes per TM (x = 1, 0.5, 0)."""
    hosts = [
        host(x, vacancy("O1", energy), coated=coated)
        for x, energy in zip((1.0, 0.5, 0.0), energies, strict=False)
    ]
    return study(engine, *hosts, **fields)


def curves(axes: Axes) -> list[Line2D]:
    """Lines through more than one point, without the zero line and what draws nothing."""
    return [
        drawn
        for drawn in axes.lines
        if len(drawn.get_xdata()) > 1
        and drawn.get_linestyle() != "None"
        and not drawn.get_label().startswith("_child0")
    ]


def points(axes: Axes) -> dict[tuple[float, float], Line2D]:
    return {
        (float(drawn.get_xdata()[0]), float(drawn.get_ydata()[0])): drawn
        for drawn in axes.lines
        if len(np.atleast_1d(drawn.get_xdata())) == 1 and drawn.get_marker() != "None"
    }


def edges(axes: Axes) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the one band, as x and y."""
    (band,) = axes.collections
    (path,) = band.get_paths()
    return path.vertices[:, 0], path.vertices[:, 1]


def test_each_system_has_its_color_and_each_engine_its_line(axes):
    both = [
        study(
            engine,
            *(host(x, vacancy("O1", energy + x)) for x in (1.0, 0.5)),
            *(host(x, vacancy("O1", energy + 3 * x), coated=True) for x in (1.0, 0.5)),
        )
        for engine, energy in (("chgnet", 0.0), ("sevenn", 0.4))
    ]
    plot_study_comparison(compared(*both), axes)
    colors = system_colors(["bare", COATED])
    drawn = {
        tuple(map(float, curve.get_ydata())): (curve.get_color(), curve.get_linestyle())
        for curve in curves(axes)
    }
    assert drawn == {
        (1.0, 0.5): (colors["bare"], "-"),
        (1.4, 0.9): (colors["bare"], "--"),
        (3.0, 1.5): (colors[COATED], "-"),
        (3.4, 1.9): (colors[COATED], "--"),
    }
    markers = {y: point.get_marker() for (_, y), point in points(axes).items()}
    assert (markers[1.0], markers[1.4]) == ("o", "s")
    left, right = axes.get_xlim()
    assert left < 0.0  # holes per TM at x = 1 and 0.5
    assert right > 1.0
    assert "eV per O" in axes.get_ylabel()


def test_the_legend_names_systems_and_engines(axes):
    plot_study_comparison(compared(line("chgnet", 1.0, 0.0), line("sevenn", 1.5, 0.2)), axes)
    legend = axes.get_legend()
    named = [text.get_text() for text in legend.get_texts()]
    assert named == ["bare", "chgnet 1.0 (fast)", "sevenn 1.0 (fast)", "lattice rebuilt"]


def test_the_title_names_engines_o2_schemes_and_what_the_band_is(axes):
    plot_study_comparison(compared(line("chgnet", 1.0, 0.0), line("sevenn", 1.5, 0.2)), axes)
    assert axes.get_title(loc="left").splitlines() == [
        "Li2MnO3 (001), by",
        "chgnet 1.0 (fast), O2 scheme 'potential', 298.15 K, 1 bar",
        "sevenn 1.0 (fast), O2 scheme 'mp2020', 298.15 K, 1 bar",
        "band: the spread is the model's uncertainty: of these potentials, and not of DFT",
    ]


def test_mock_outputs_are_marked_as_such(axes):
    plot_study_comparison(compared(line("chgnet", 1.0), line("vasp", 1.5, mock=True)), axes)
    assert axes.get_title(loc="left").startswith("MOCK OUTPUTS - NOT A RESULT")


def test_the_band_lies_between_the_lines_also_where_they_cross(axes):
    plot_study_comparison(compared(line("chgnet", 1.0, -1.0), line("sevenn", 0.0, 0.0)), axes)
    x, y = edges(axes)
    assert (x.min(), x.max()) == (0.0, 1.0)
    assert (y.min(), y.max()) == (-1.0, 1.0)
    crossing = np.isclose(x, 0.5)
    assert crossing.any()
    assert y[crossing] == pytest.approx(0.0, abs=1e-9)


def test_the_band_ends_where_only_one_engine_goes_on(axes):
    plot_study_comparison(compared(line("chgnet", 2.0, 1.0, 0.0), line("sevenn", 2.5, 1.5)), axes)
    x, y = edges(axes)
    assert (x.min(), x.max()) == (0.0, 1.0)
    assert (y.min(), y.max()) == (1.0, 2.5)


def test_a_number_of_one_engine_alone_has_no_band(axes):
    plot_study_comparison(compared(line("chgnet", 2.0, 1.0), line("sevenn", None, None)), axes)
    assert len(axes.collections) == 0
    assert {text.xy[0]: text.get_text() for text in axes.texts} == {
        0.0: "1 without a result",
        1.0: "1 without a result",
    }


def test_a_fraction_without_any_number_stays_inside_the_axes(axes):
    plot_study_comparison(compared(line("chgnet", 2.0, None), line("sevenn", 1.0, None)), axes)
    assert [text.get_text() for text in axes.texts] == ["2 without a result"]
    left, right = axes.get_xlim()
    assert left < 0.0
    assert right > 1.0


def test_a_lowest_point_whose_lattice_rebuilt_itself_is_hollow(axes):
    moved = vacancy("O1", 0.5, flags=["moved: Li3 1.9 A"])
    first = study("chgnet", host(1.0, moved, vacancy("O2", 2.0)))
    second = study("sevenn", host(1.0, vacancy("O1", 0.7)))
    plot_study_comparison(compared(first, second), axes)
    faces = {y: to_hex(point.get_markerfacecolor()) for (_, y), point in points(axes).items()}
    assert set(faces) == {0.5, 0.7}  # the lowest ones only
    assert faces[0.5] == WHITE
    assert faces[0.7] != WHITE


def test_more_engines_than_styles_are_all_drawn(axes):
    many = compared(*(line(f"engine{i}", float(i), float(i)) for i in range(6)))
    plot_study_comparison(many, axes)
    assert len(curves(axes)) == 6


def test_the_figure_is_written_also_if_all_failed(tmp_path: Path):
    file = tmp_path / "figure.png"
    save_study_comparison(compared(line("chgnet", None), line("sevenn", None)), file)
    assert file.read_bytes().startswith(b"\x89PNG")
