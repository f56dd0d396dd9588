"""Where the bars of windows are."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from llo_dft.documents.stability.phase_stability import StabilityResult, StabilityWindow
from llo_dft.report.figures.palette import MAIN, PALE, SECOND
from llo_dft.report.figures.stability.window_bars import plot_windows, save_windows


def window(formula: str, low: float | None, high: float | None, **fields):
    return StabilityWindow(
        phase=formula,
        formula=formula,
        reduction_v=low,
        oxidation_v=high,
        steps=[],
        **({"above_hull_ev_per_atom": 0.0} | fields),
    )


RESULT = StabilityResult(
    source="paper",
    corrections="raw",
    windows=[
        window("Li2O", 0.0, 2.7, fully_delithiated_v=3.3),
        window("LiX", 1.0, 2.0, above_hull_ev_per_atom=0.01, missing=["Li2X"]),
        window("none", None, None),
        window("LiF", 0.0, 5.0, oxidation_beyond_range=True),
    ],
    charge_ranges_v={"LiCoO2": (3.9, 4.3)},
)


def test_bars_are_the_windows_and_dashed_is_the_loss_of_li():
    axes = plot_windows(RESULT, Figure().add_subplot(), 5.0)
    bars = [(b.get_x(), round(b.get_width(), 6), b.get_linestyle()) for b in axes.patches]
    assert bars == [
        (0.0, 2.7, "solid"),
        (2.7, pytest.approx(0.6), "--"),
        (1.0, 1.0, "solid"),
        (2.0, 3.0, "--"),
        (0.0, 5.0, "solid"),
        (3.9, pytest.approx(0.4), "solid"),
    ]
    colors = [b.get_facecolor() for b in axes.patches]
    expected = [MAIN, None, PALE, None, MAIN, SECOND]
    for found, wanted in zip(colors, expected, strict=True):
        if wanted is not None:
            assert "#{:02x}{:02x}{:02x}".format(*(round(255 * c) for c in found[:3])) == wanted
    assert [label.get_text() for label in axes.get_yticklabels()][1] == "LiX*"
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["0.00", "2.70", "1.00", "2.00", "no window", "0.00", "3.90", "4.30"]


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_file_is_written(tmp_path, suffix):
    path = tmp_path / f"windows.{suffix}"
    save_windows(RESULT, path, 5.0)
    assert path.stat().st_size > 1000
