"""E_f of the oxygen vacancy against lithium content: every site, and the lowest line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from llo_dft.analysis.vacancy.turning_point import lowest_line
from llo_dft.documents.study_result import system_name
from llo_dft.report.figures.legend import legend_below
from llo_dft.report.figures.vacancy_points import ANY_CLASS, curve_points

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from llo_dft.documents.plain_run_results import VacancyRuns
    from llo_dft.documents.study_result import StudyResult, TurningPoint
    from llo_dft.report.figures.vacancy_points import CurvePoints, HostPoints

#: Colour of the bare slab, and of each coated one in turn.
_BARE: Final = "#1f4e79"
_COATED: Final = ("#c1440e", "#2a8f6d", "#8a5fbf", "#b8860b")

#: Marker of each class of O in turn, by name; a star is kept for O bonded to P.
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
_BONDED: Final = "*"


def plot_vacancy_curve(result: StudyResult | VacancyRuns, axes: Axes) -> Axes:
    """Draw formation energies; x falls from left to right, as on charging.

    Parameters
    ----------
    result
        A study, or plain runs; of these the hosts whose lithium fraction is known.
    axes
        Where to draw.

    Returns
    -------
    The axes. Colours are systems (bare, each coating), markers the classes of O. Hollow points
    are vacancies whose lattice rebuilt itself. The line through the lowest is the one whose zero
    is x0. Of a host it says how many vacancies have no result.
    """
    curve = curve_points(result)
    colors = colors_by_name(host.system for host in curve.hosts)
    markers = _class_markers(curve)
    axes.axhline(0.0, color="0.35", linewidth=0.8, zorder=1)
    # draws nothing, but keeps the hosts without any number inside the axes
    fractions = [host.lithium_fraction for host in curve.hosts]
    axes.plot(fractions, [0.0] * len(fractions), linestyle="none")
    for name, color in colors.items():
        hosts = [host for host in curve.hosts if host.system == name]
        _plot_points(hosts, color, markers, axes)
        x, y = lowest_line((h.lithium_fraction, [p.energy_ev for p in h.points]) for h in hosts)
        if x:
            axes.plot(x, y, "-", color=color, zorder=2, label=f"lowest, {name}")
    _mark_turning_points(curve.turning_points, colors, axes)
    _explain_markers(curve, markers, axes)
    axes.set_xlabel("Lithium fraction x  (charging to the right)")
    axes.set_ylabel("Vacancy formation energy (eV per O)")
    axes.invert_xaxis()
    legend_below(axes, columns=3)
    axes.set_title(curve.title, fontsize=9, loc="left")
    return axes


def system_colors(result: StudyResult) -> dict[str, str]:
    """Return a colour for each system of a study, by its name for people."""
    return colors_by_name(system_name(h.system, h.termination) for h in result.hosts)


def colors_by_name(systems: Iterable[str]) -> dict[str, str]:
    """Return a colour for each system, by its name for people; the same one in every figure."""
    names = dict.fromkeys(systems)
    coated = iter(_COATED * (1 + len(names) // len(_COATED)))
    return {name: _BARE if name == "bare" else next(coated) for name in names}


def save_vacancy_curve(result: StudyResult | VacancyRuns, path: Path) -> None:
    """Draw into a file; its ending says which kind."""
    figure = Figure(figsize=(7.2, 5.2), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    plot_vacancy_curve(result, figure.add_subplot())
    # without the program's name, a study's figure is the same bytes whenever it is drawn
    figure.savefig(path, metadata={"Software": None} if path.suffix.lower() == ".png" else None)


def _class_markers(curve: CurvePoints) -> dict[str, str]:
    classes = sorted({point.site_class for point in curve.points})
    return dict(zip(classes, _MARKERS * (1 + len(classes) // len(_MARKERS)), strict=False))


def _explain_markers(curve: CurvePoints, markers: dict[str, str], axes: Axes) -> None:
    for name, marker in markers.items():
        label = f"O of {name}" if name != ANY_CLASS else "O, its class not known"
        axes.plot([], [], marker, color="0.4", linestyle="none", label=label)
    if any(point.bonded_to_former for point in curve.points):
        axes.plot([], [], _BONDED, color="0.4", markersize=10, label="O bonded to P")
    axes.plot([], [], "o", color="0.4", markerfacecolor="white", label="lattice rebuilt")


def _plot_points(hosts: list[HostPoints], color: str, markers: dict[str, str], axes: Axes) -> None:
    for host in hosts:
        for point in host.points:
            axes.plot(
                host.lithium_fraction,
                point.energy_ev,
                _BONDED if point.bonded_to_former else markers[point.site_class],
                color=color,
                markersize=10 if point.bonded_to_former else 6,
                markerfacecolor="white" if point.rebuilt else color,
                markeredgecolor=color if point.rebuilt else "white",
                markeredgewidth=1.2 if point.rebuilt else 0.5,  # sets points at one x apart
                zorder=3,
            )
        if host.n_without:
            axes.annotate(
                f"{host.n_without} without a result",
                (host.lithium_fraction, 0.01),
                xycoords=("data", "axes fraction"),
                ha="center",
                fontsize=7,
                color="#a4161a",
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
