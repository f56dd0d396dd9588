"""Windows of electrolytes and coatings as bars, with the charge ranges of cathodes."""

import re
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from pymatgen.core.composition import Composition

from llo_dft.documents.stability.phase_stability import StabilityResult, StabilityWindow
from llo_dft.report.figures.figure_parts import legend_below, new_figure, save_figure
from llo_dft.report.figures.palette import GUIDE, MAIN, NEUTRAL, PALE, SECOND

_HEIGHT: Final = 0.62


def plot_windows(result: StabilityResult, axes: Axes, highest_v: float) -> Axes:
    """Draw one bar per phase from reduction to oxidation, and cathodes' charge ranges below; V.

    A dashed outline extends to where no product contains Li; an asterisk marks diagrams that lack
    known phases.
    """
    names = []
    for place, window in enumerate(result.windows):
        names.append(_subscripts(window.formula) + ("*" if window.missing else ""))
        _draw(window, axes, place, highest_v)
    for place, (name, (low, high)) in enumerate(
        result.charge_ranges_v.items(), start=len(result.windows)
    ):
        names.append(_subscripts(name))
        axes.barh(place, high - low, left=low, height=_HEIGHT, color=SECOND)
        _number(axes, low, place, right=True)
        _number(axes, high, place, right=False)
    if result.charge_ranges_v and result.windows:
        axes.axhline(len(result.windows) - 0.5, color=GUIDE, linewidth=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlim(-0.45, highest_v + 0.45)
    axes.set_xlabel("Voltage against Li/Li$^+$ (V)")
    return axes


def save_windows(result: StabilityResult, path: Path, highest_v: float) -> None:
    """Draw windows to a file; its suffix gives the format."""
    rows = len(result.windows) + len(result.charge_ranges_v)
    figure = new_figure(6.4, 1.9 + 0.34 * rows)
    axes = plot_windows(result, figure.add_subplot(), highest_v)
    handles: list[Patch | Line2D] = [
        Patch(color=MAIN, label="window"),
        Patch(facecolor="none", edgecolor=MAIN, linestyle="--", label="losing its Li"),
    ]
    if any(window.above_hull_ev_per_atom for window in result.windows):
        handles.append(Patch(color=PALE, label="window of its decomposition products"))
    if result.charge_ranges_v:
        handles.append(Patch(color=SECOND, label="charge range of a cathode"))
    if any(window.missing for window in result.windows):
        handles.append(Line2D([], [], linestyle="none", label="* known phases missing"))
    legend_below(axes, 2, -1.6 / (rows + 1), handles=handles)
    axes.set_title(f"{result.source}, {result.corrections} energies, 0 K", fontsize=9)
    save_figure(figure, path)


def _draw(window: StabilityWindow, axes: Axes, place: int, highest_v: float) -> None:
    if window.reduction_v is None or window.oxidation_v is None:
        axes.annotate("no window", (0.0, place), va="center", fontsize=8, color=NEUTRAL)
        return
    color = PALE if window.above_hull_ev_per_atom else MAIN
    low, high = window.reduction_v, window.oxidation_v
    axes.barh(place, high - low, left=low, height=_HEIGHT, color=color)
    _number(axes, low, place, right=True)
    end = window.fully_delithiated_v or highest_v
    if end > high and "Li" in window.formula:
        axes.barh(
            place, end - high, left=high, height=_HEIGHT, fill=False, edgecolor=MAIN, linestyle="--"
        )
    if not window.oxidation_beyond_range:
        _number(axes, high, place, right=False)


def _number(axes: Axes, at: float, place: int, *, right: bool) -> None:
    """Write a voltage at its end of a bar; ``right``: right-aligned there."""
    axes.annotate(
        f"{at:.2f}",
        (at, place),
        xytext=(-3 if right else 3, 0),
        textcoords="offset points",
        ha="right" if right else "left",
        va="center",
        fontsize=7,
    )


def _subscripts(name: str) -> str:
    """Return a formula with subscripts, for matplotlib; another name unchanged."""
    try:
        Composition(name)
    except ValueError:
        return name
    return re.sub(r"[0-9.]+", r"$_{\g<0>}$", name)
