"""E_f of the oxygen vacancy against lithium content: every site, and the lowest line."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from llo_dft.analysis.vacancy.turning_point import lowest_line
from llo_dft.documents.labels import system_name
from llo_dft.report.figures.figure_parts import (
    charging_axes,
    draw_points,
    explain_rebuilt,
    legend_below,
    new_figure,
    save_figure,
)
from llo_dft.report.figures.palette import (
    FORMER_MARKER,
    NEUTRAL,
    class_markers,
    system_colors,
)
from llo_dft.report.figures.vacancy_points import ANY_CLASS, curve_points

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from llo_dft.documents.plain_run_results import VacancyRuns
    from llo_dft.documents.study_result import StudyResult, TurningPoint
    from llo_dft.report.figures.vacancy_points import CurvePoints, HostPoints


def plot_vacancy_curve(result: StudyResult | VacancyRuns, axes: Axes) -> Axes:
    """Draw formation energies; x falls from left to right, as on charging.

    Of plain runs it draws the hosts whose lithium fraction is known. Colours are systems (bare,
    each coating), markers the classes of O. Hollow points are vacancies whose lattice rebuilt
    itself. The line through the lowest is the one whose zero is x0. At the foot of a fraction
    stands how many vacancies have no result. Returns the axes.
    """
    curve = curve_points(result)
    colors = system_colors(host.system for host in curve.hosts)
    markers = class_markers(point.site_class for point in curve.points)
    lacking: Counter[float] = Counter()
    for host in curve.hosts:
        lacking[host.lithium_fraction] += host.n_without
    charging_axes(axes, lacking)
    for name, color in colors.items():
        hosts = [host for host in curve.hosts if host.system == name]
        _plot_points(hosts, color, markers, axes)
        x, y = lowest_line((h.lithium_fraction, [p.energy_ev for p in h.points]) for h in hosts)
        if x:
            axes.plot(x, y, "-", color=color, zorder=2, label=f"lowest, {name}")
    _mark_turning_points(curve.turning_points, colors, axes)
    _explain_markers(curve, markers, axes)
    axes.set_ylabel("Vacancy formation energy (eV per O)")
    legend_below(axes, columns=3)
    axes.set_title(curve.title, fontsize=9, loc="left")
    return axes


def save_vacancy_curve(result: StudyResult | VacancyRuns, path: Path) -> None:
    """Draw into a file; its ending says which kind."""
    figure = new_figure(7.2, 5.2)
    plot_vacancy_curve(result, figure.add_subplot())
    save_figure(figure, path, mock=result.mock)


def _explain_markers(curve: CurvePoints, markers: dict[str, str], axes: Axes) -> None:
    for name, marker in markers.items():
        label = f"O of {name}" if name != ANY_CLASS else "O, its class not known"
        axes.plot([], [], marker, color=NEUTRAL, linestyle="none", label=label)
    if any(point.bonded_to_former for point in curve.points):
        axes.plot(
            [], [], FORMER_MARKER, color=NEUTRAL, markersize=10, label="O bonded to the coating"
        )
    explain_rebuilt(axes)


def _plot_points(hosts: list[HostPoints], color: str, markers: dict[str, str], axes: Axes) -> None:
    for host in hosts:
        for point in host.points:
            draw_points(
                axes,
                host.lithium_fraction,
                point.energy_ev,
                FORMER_MARKER if point.bonded_to_former else markers[point.site_class],
                color,
                hollow=point.rebuilt,
                markersize=10 if point.bonded_to_former else 6,
                markeredgecolor=color if point.rebuilt else "white",  # sets points at one x apart
                markeredgewidth=1.2 if point.rebuilt else 0.5,
                zorder=3,
            )


def _mark_turning_points(
    points: Sequence[TurningPoint], colors: dict[str, str], axes: Axes
) -> None:
    for point in points:
        if point.lithium_fraction is None:
            continue
        color = colors[system_name(point.system, point.termination)]
        if point.low is not None and point.high is not None:
            axes.axvspan(point.low, point.high, color=color, alpha=0.10, linewidth=0)
        axes.axvline(point.lithium_fraction, color=color, linestyle=":", linewidth=1.0)
        axes.annotate(
            f"x0 = {point.lithium_fraction:.2f}",
            (point.lithium_fraction, 0.97),
            xycoords=("data", "axes fraction"),
            rotation=90,
            fontsize=8,
            color=color,
            ha="right",
            va="top",
        )
