"""Delithiation voltage as steps over the lithium fraction, and the hull that it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from llo_dft.report.figures.settings_text import settings_text, title_text

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from llo_dft.documents.plain_run_results import VoltageRuns
    from llo_dft.documents.voltage import VoltageCurve, VoltagePoint

_COLOR: Final = "#1f4e79"
_AVERAGE: Final = "#b8491e"

#: Least that the axes of voltages (V) and formation energies (eV) span.
_LEAST_RANGE_V: Final = 0.5
_LEAST_RANGE_EV: Final = 0.02


def plot_voltage(curve: VoltageCurve, axes: Axes, color: str = _COLOR) -> Axes:
    """Draw the voltage between stable hosts; x falls from left to right, as on charging.

    Parameters
    ----------
    curve
        Steps and average.
    axes
        Where to draw.
    color
        Of the steps.

    Returns
    -------
    The axes. Hollow points at the foot are hosts above the hull, which no step begins at.
    """
    x = [curve.steps[0].lithium_fraction_from]
    x += [step.lithium_fraction_to for step in curve.steps]
    volts = [step.voltage_v for step in curve.steps]
    axes.stairs(
        volts[::-1], x[::-1], baseline=None, color=color, linewidth=1.8, label="stable steps"
    )
    axes.axhline(
        curve.average_v, color=_AVERAGE, linestyle=":", label=f"average {curve.average_v:.2f} V"
    )
    _mark_unstable(curve, axes, color)
    _at_least(axes, _LEAST_RANGE_V)
    axes.set_ylabel("Voltage against Li metal (V)")
    axes.set_xlabel("Lithium fraction x  (charging to the right)")
    axes.set_xlim(max(x) + 0.02, min(x) - 0.02)
    axes.legend(fontsize=8, frameon=False)
    return axes


def plot_hull(curve: VoltageCurve, axes: Axes, color: str = _COLOR) -> Axes:
    """Draw the formation energies and their hull; hosts above it are hollow.

    Parameters
    ----------
    curve
        Points.
    axes
        Where to draw.
    color
        Of the hull.

    Returns
    -------
    The axes.
    """
    stable = [point for point in curve.points if point.stable]
    axes.plot(*_columns(stable), "o-", color=color, markersize=5, label="on the hull")
    if curve.unstable:
        axes.plot(
            *_columns(curve.unstable),
            "o",
            color=color,
            markerfacecolor="white",
            markersize=5,
            label="above the hull",
        )
    axes.axhline(0.0, color="0.6", linewidth=0.8, zorder=0)
    _at_least(axes, _LEAST_RANGE_EV)
    x = [point.lithium_fraction for point in curve.points]
    axes.set_xlim(max(x) + 0.02, min(x) - 0.02)
    axes.set_ylabel("Formation energy\n(eV per Li exchanged)")
    axes.set_xlabel("Lithium fraction x  (charging to the right)")
    axes.legend(fontsize=8, frameon=False)
    return axes


def save_voltage_runs(result: VoltageRuns, path: Path) -> None:
    """Draw voltage and hull of plain runs into a file; its ending says which kind.

    Raises
    ------
    ValueError
        If there is no curve.
    """
    if result.curve is None:
        raise ValueError(f"there is no curve to draw: {result.reason}")
    fullest = max(result.curve.points, key=lambda point: point.lithium_fraction).label
    formula = next((host.formula for host in result.hosts if host.path == fullest), None)
    named = [formula or "", settings_text(result.fingerprint)]
    lines = [", ".join(part for part in named if part)]
    title = title_text(lines, allowed=result.allowed, mock=result.mock)
    save_voltage(result.curve, title, path)


def save_voltage(curve: VoltageCurve, title: str, path: Path) -> None:
    """Draw voltage and hull into a file; its ending says which kind.

    Parameters
    ----------
    curve
        What to draw.
    title
        What the energies are of and what computed them.
    path
        The file.
    """
    figure = Figure(figsize=(6.0, 5.6), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    plot_hull(curve, lower)
    plot_voltage(curve, upper)
    upper.set_xlabel("")
    figure.suptitle(f"{title}\n{curve.lithium_metal_source}, 0 K", fontsize=9)
    figure.savefig(path)


def _at_least(axes: Axes, least: float) -> None:
    """Let the vertical axis span so much at least: rounding is not worth a scale of its own."""
    low, high = axes.get_ylim()
    lacking = max(0.0, least - (high - low)) / 2
    axes.set_ylim(low - lacking, high + lacking)


def _mark_unstable(curve: VoltageCurve, axes: Axes, color: str) -> None:
    if not curve.unstable:
        return
    low, high = axes.get_ylim()
    foot = low - 0.06 * (high - low)
    axes.plot(
        [point.lithium_fraction for point in curve.unstable],
        [foot] * len(curve.unstable),
        "o",
        color=color,
        markerfacecolor="white",
        label="above the hull: no step",
    )


def _columns(points: list[VoltagePoint]) -> tuple[list[float], list[float]]:
    return (
        [point.lithium_fraction for point in points],
        [point.formation_energy_ev for point in points],
    )
