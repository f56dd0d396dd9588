"""Delithiation voltage as steps over the lithium fraction, and the hull that it comes from.

Hosts above the hull, where no step begins, are hollow.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes

from llo_dft.documents.study_result import StudyResult
from llo_dft.documents.voltage import VoltageCurve
from llo_dft.report.figures.figure_parts import (
    LITHIUM_FRACTION,
    draw_points,
    new_figure,
    save_figure,
)
from llo_dft.report.figures.palette import GUIDE, MAIN, SECOND
from llo_dft.report.titles import settings_text, title_text

#: Smallest range of the axes of voltages (V) and formation energies (eV).
_LEAST_RANGE_V: Final = 0.5
_LEAST_RANGE_EV: Final = 0.02


def plot_voltage(curve: VoltageCurve, axes: Axes) -> Axes:
    """Draw the voltage between stable hosts, and at the bottom the unstable ones; return axes."""
    x = [curve.steps[0].lithium_fraction_from]
    x += [step.lithium_fraction_to for step in curve.steps]
    volts = [step.voltage_v for step in curve.steps]
    label = "stable steps"
    axes.stairs(volts[::-1], x[::-1], baseline=None, color=MAIN, linewidth=1.8, label=label)
    average = f"average {curve.average_v:.2f} V"
    axes.axhline(curve.average_v, color=SECOND, linestyle=":", label=average)
    if curve.unstable:
        low, high = axes.get_ylim()
        foot = [low - 0.06 * (high - low)] * len(curve.unstable)
        fractions = [point.lithium_fraction for point in curve.unstable]
        label = "above the hull: no step"
        draw_points(axes, fractions, foot, "o", MAIN, hollow=True, label=label)
    axes.set_ylabel("Voltage against Li metal (V)")
    return _over_fractions(curve, axes, _LEAST_RANGE_V)


def plot_hull(curve: VoltageCurve, axes: Axes) -> Axes:
    """Draw the formation energies and their hull; return the axes."""
    stable = [point for point in curve.points if point.stable]
    for points, look, label in (
        (stable, "o-", "on the hull"),
        (curve.unstable, "o", "above the hull"),
    ):
        if points:
            x = [point.lithium_fraction for point in points]
            energies = [point.formation_energy_ev for point in points]
            hollow = points is not stable
            draw_points(axes, x, energies, look, MAIN, hollow=hollow, markersize=5, label=label)
    axes.axhline(0.0, color=GUIDE, linewidth=0.8, zorder=0)
    axes.set_ylabel("Formation energy\n(eV per Li exchanged)")
    return _over_fractions(curve, axes, _LEAST_RANGE_EV)


def save_voltage(result: StudyResult, path: Path, also: Sequence[str] = ()) -> None:
    """Draw voltage and hull of plain runs to a file, as ``save_figure`` does.

    Raises ``ValueError`` if there is no curve.
    """
    found = next(iter(result.voltages), None)
    curve = None if found is None else found.curve
    if found is None or curve is None:
        raise ValueError(f"there is no curve to draw: {found and found.reason}")
    figure = new_figure(6.0, 5.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    plot_hull(curve, lower)
    plot_voltage(curve, upper)
    upper.set_xlabel("")
    named = ", ".join(filter(None, (result.composition, settings_text(result.fingerprint))))
    title = title_text([named], allowed=result.allowed, mock=result.mock)
    figure.suptitle(f"{title}\n{curve.lithium_metal_source}, 0 K", fontsize=9)
    save_figure(figure, path, mock=result.mock, also=also)


def _over_fractions(curve: VoltageCurve, axes: Axes, least: float) -> Axes:
    """Let x fall to the right and y span at least a range: rounding needs no scale of its own."""
    low, high = axes.get_ylim()
    lacking = max(0.0, least - (high - low)) / 2
    axes.set_ylim(low - lacking, high + lacking)
    x = [point.lithium_fraction for point in curve.points]
    axes.set_xlim(max(x) + 0.02, min(x) - 0.02)
    axes.set_xlabel(LITHIUM_FRACTION)
    axes.legend(fontsize=8, frameon=False)
    return axes
