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
from llo_dft.report.titles import result_title

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from llo_dft.documents.study_result import HostResult, StudyResult, TurningPoint, VacancyResult


def plot_vacancy_curve(result: StudyResult, axes: Axes) -> Axes:
    """Draw formation energies; x falls from left to right, as on charging.

    Of plain runs it draws the hosts whose lithium fraction is known. Colours are systems (bare,
    each coating), markers the classes of O. Hollow points are vacancies whose lattice rebuilt
    itself. The line through the lowest is the one whose zero is x0. At the foot of a fraction
    stands how many vacancies have no result. Returns the axes.
    """
    placed = [host for host in result.hosts if host.lithium_fraction is not None]
    found = [vacancy for host in placed for vacancy in _with_energy(host)]
    colors = system_colors(_system(host) for host in placed)
    markers = class_markers(map(_class, found))
    lacking: Counter[float] = Counter()
    for host in placed:
        lacking[host.fraction] += len(host.vacancies) - len(host.formation_energies_ev)
    charging_axes(axes, lacking)
    for name, color in colors.items():
        hosts = [host for host in placed if _system(host) == name]
        _plot_points(hosts, color, markers, axes)
        x, y = lowest_line((host.fraction, host.formation_energies_ev) for host in hosts)
        if x:
            axes.plot(x, y, "-", color=color, zorder=2, label=f"lowest, {name}")
    _mark_turning_points(result.turning_points, colors, axes)
    _explain_markers(found, markers, axes)
    axes.set_ylabel("Vacancy formation energy (eV per O)")
    legend_below(axes, columns=3)
    axes.set_title(result_title(result), fontsize=9, loc="left")
    return axes


def save_vacancy_curve(result: StudyResult, path: Path) -> None:
    """Draw to a file; its suffix gives the format."""
    figure = new_figure(7.2, 5.2)
    plot_vacancy_curve(result, figure.add_subplot())
    save_figure(figure, path, mock=result.mock)


def _system(host: HostResult) -> str:
    return system_name(host.system, host.termination)


def _with_energy(host: HostResult) -> list[VacancyResult]:
    return [vacancy for vacancy in host.vacancies if vacancy.formation_energy_ev is not None]


def _class(vacancy: VacancyResult) -> str:
    """Return the class of the O of a vacancy, or the classes; '' if they are not known."""
    return " and ".join(dict.fromkeys(o.site_class for o in vacancy.removed if o.site_class))


def _explain_markers(found: list[VacancyResult], markers: dict[str, str], axes: Axes) -> None:
    for name, marker in markers.items():
        label = f"O of {name}" if name else "O, its class not known"
        axes.plot([], [], marker, color=NEUTRAL, linestyle="none", label=label)
    if any(vacancy.bonded_to_former for vacancy in found):
        axes.plot(
            [], [], FORMER_MARKER, color=NEUTRAL, markersize=10, label="O bonded to the coating"
        )
    explain_rebuilt(axes)


def _plot_points(hosts: list[HostResult], color: str, markers: dict[str, str], axes: Axes) -> None:
    for host in hosts:
        for vacancy, energy in zip(_with_energy(host), host.formation_energies_ev, strict=True):
            draw_points(
                axes,
                host.fraction,
                energy,
                FORMER_MARKER if vacancy.bonded_to_former else markers[_class(vacancy)],
                color,
                hollow=vacancy.rebuilt,
                markersize=10 if vacancy.bonded_to_former else 6,
                markeredgecolor=color if vacancy.rebuilt else "white",  # sets points at one x apart
                markeredgewidth=1.2 if vacancy.rebuilt else 0.5,
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
