"""E_f of the oxygen vacancy against the state of charge: every site, and the lowest line."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any, Final

from matplotlib.axes import Axes

from llo_dft.analysis.vacancy.turning_lines import charge_points, shared_oxygens
from llo_dft.analysis.vacancy.turning_point import lowest_line
from llo_dft.documents.labels import system_name
from llo_dft.documents.state_of_charge import TurningPoint
from llo_dft.documents.study_result import HostResult, StudyResult, VacancyResult
from llo_dft.report.answer import headline, why_none
from llo_dft.report.figures.figure_parts import (
    charge_place,
    charging_axes,
    draw_oxygen,
    explain_rebuilt,
    further_charge_axes,
    legend_below,
    new_figure,
    save_figure,
    write_at_foot,
)
from llo_dft.report.figures.pair_differences import plot_pair_differences
from llo_dft.report.figures.palette import (
    FORMER_MARKER,
    NEUTRAL,
    PALE_ALPHA,
    SHADE,
    class_markers,
    system_colors,
    system_lines,
)
from llo_dft.report.titles import result_title

#: Distance between bars above the curves, and room for words below, fractions of the height.
_BAR_STEP: Final = 0.06
_FOOT: Final = 0.06

#: Least room below zero where some of it is shown, times that above.
_BELOW_ZERO: Final = 0.16

#: Most characters of a line of the answer above the figure.
_HEADLINE_WIDTH: Final = 74

#: Style of the words that explain a side of zero.
_WORDS: Final[dict[str, Any]] = {"fontsize": 8, "fontstyle": "italic", "color": NEUTRAL}

#: Size of the figure, inches, without and with the panel of differences.
_ALONE: Final = (7.2, 6.0)
_WITH_PAIRS: Final = (7.2, 8.6)


def plot_vacancy_curve(result: StudyResult, axes: Axes, *, legend: bool = True) -> Axes:
    """Draw formation energies over holes per TM, with x of the bare slab and mAh/g above.

    Of plain runs it draws the hosts whose lithium fraction is known, over that. Colours and lines
    are systems (bare, each coating), markers the classes of O. Hollow points are vacancies whose
    lattice was rebuilt; pale bars are the limits of predicted values. The thick line joins the
    lowest computed O of each state of charge, named there if it is not always the same; its zero
    is q0. Thin lines join one O that bare and coated have in common. The number of vacancies
    without a result is at the bottom. Returns the axes.
    """
    placed = [host for host in result.hosts if host.lithium_fraction is not None]
    found = [vacancy for host in placed for vacancy in _with_energy(host)]
    colors, lines = (look(map(_system, placed)) for look in (system_colors, system_lines))
    markers = class_markers(map(_class, found))
    lacking: Counter[float] = Counter()
    for host in placed:
        shown = len(host.formation_energies_ev) + len(host.predicted)
        lacking[charge_place(host.charge)] += len(host.vacancies) - shown
    charging_axes(axes, lacking, holes=has_holes(placed))
    shared = shared_oxygens(result.pairs)
    for name, color in colors.items():
        hosts = [host for host in placed if _system(host) == name]
        _plot_points(hosts, color, markers, axes)
        _plot_predicted(hosts, color, axes)
        first = hosts[0]
        look = {"color": color, "linestyle": lines[name]}
        _plot_line(hosts, None, axes, linewidth=1.8, label=f"lowest, {name}", **look)
        for site in dict.fromkeys(site for on, site in shared if first.termination in (None, on)):
            _plot_line(hosts, site, axes, linewidth=0.7, **look)
    _name_lowest([point for point in result.turning_points if point.site is None], placed, axes)
    _mark_turning_points(result.turning_points, colors, axes)
    _explain_markers(found, markers, axes)
    if any(host.predicted for host in placed):
        _plot_predicted([], NEUTRAL, axes, label="not computed: predicted, 95 %")
    if shared:
        axes.plot([], [], "-", color=NEUTRAL, linewidth=0.7, label="one O, bare and coated")
    axes.set_ylabel("Vacancy formation energy (eV per O)")
    further_charge_axes(axes, [host.charge for host in placed if host.system == "bare"])
    axes.set_title(result_title(result), fontsize=9, loc="left")
    if legend:
        legend_below(axes, columns=3)
    return axes


def save_vacancy_curve(result: StudyResult, path: Path, also: Sequence[str] = ()) -> None:
    """Draw to a file, whose suffix gives the format, with the answer above.

    Below is what the coating does to each O. ``also`` are suffixes of further files.
    """
    figure = new_figure(*(_WITH_PAIRS if result.pairs else _ALONE))
    if not result.pairs:
        upper = figure.add_subplot()
        plot_vacancy_curve(result, upper)
    else:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
        plot_vacancy_curve(result, upper, legend=False)
        upper.set_xlabel("")
        plot_pair_differences(result, lower)
        handles, labels = upper.get_legend_handles_labels()
        legend_below(lower, columns=3, below=-0.24, handles=handles, labels=labels)
        _shade(lower, 1, "above zero: the coating holds this O", "below: it does not")
    low, high = upper.get_ylim()
    if low < 0:  # room for these words above the names at the foot
        upper.set_ylim(min(low, -_BELOW_ZERO * high))
    _shade(upper, -1, "", "")
    if low < 0:
        upper.annotate(
            "below zero: O leaves by itself",
            (0.01, 0.0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            xytext=(0, -4),
            va="top",
            **_WORDS,
        )
    said = "" if result.study is None else headline(result)
    small = result_title(result, reason=why_none(result.no_crossings or "") not in said)
    upper.set_title(small, fontsize=7.5, color=NEUTRAL, loc="left")
    if said:
        text = fill(said, _HEADLINE_WIDTH)
        figure.suptitle(text, fontsize=11, fontweight="bold", x=0.02, ha="left")
    figure.draw_without_rendering()  # ticks settle, and with them the margins
    save_figure(figure, path, mock=result.mock, also=also)


def _shade(axes: Axes, sign: int, above: str, below: str) -> None:
    """Shade one side of zero, and write at the right edge what each side means."""
    low, high = axes.get_ylim()
    far = high if sign > 0 else low
    if sign * far > 0:
        axes.axhspan(0.0, far, color=SHADE, alpha=0.1, linewidth=0, zorder=0)
    axes.set_ylim(low, high)
    for text, height, va in ((above, 0.97, "top"), (below, 0.03, "bottom")):
        axes.text(0.01, height, text, transform=axes.transAxes, va=va, **_WORDS)


def has_holes(hosts: Sequence[HostResult]) -> bool:
    """Tell whether the charge of hosts is known, so that they are drawn over holes per TM."""
    return any(host.holes_per_tm is not None for host in hosts)


def _system(of: HostResult | TurningPoint) -> str:
    return system_name(of.system, of.termination)


def _with_energy(host: HostResult) -> list[VacancyResult]:
    return [vacancy for vacancy in host.vacancies if vacancy.formation_energy_ev is not None]


def _class(vacancy: VacancyResult) -> str:
    """Return the class or classes of the O of a vacancy; '' if unknown."""
    return " and ".join(dict.fromkeys(o.site_class for o in vacancy.removed if o.site_class))


def _explain_markers(found: list[VacancyResult], markers: dict[str, str], axes: Axes) -> None:
    for name, marker in markers.items():
        label = f"O of {name}" if name else "O of unknown class"
        axes.plot([], [], marker, color=NEUTRAL, linestyle="none", label=label)
    if any(vacancy.bonded_to_former for vacancy in found):
        label = "O bonded to the coating"
        axes.plot([], [], FORMER_MARKER, color=NEUTRAL, ls="none", markersize=10, label=label)
    explain_rebuilt(axes)


def _plot_line(
    hosts: Sequence[HostResult],
    site: int | None,
    axes: Axes,
    **look: Any,  # noqa: ANN401 (matplotlib's own)
) -> None:
    """Draw the line through the lowest O of one system, or through one O of it."""
    points = charge_points(hosts, hosts[0].system, hosts[0].termination, site)
    q, energies = lowest_line(points)
    places = q if has_holes(hosts) else [1.0 - one for one in q]
    if places and (site is None or len(places) > 1):
        axes.plot(places, energies, zorder=2, **look)


def _plot_points(hosts: list[HostResult], color: str, markers: dict[str, str], axes: Axes) -> None:
    for host in hosts:
        for vacancy, energy in zip(_with_energy(host), host.formation_energies_ev, strict=True):
            draw_oxygen(
                axes,
                (charge_place(host.charge), energy),
                markers[_class(vacancy)],
                color,
                8 if host.system == "bare" else 5.5,  # a bare point's rim stays visible
                bonded=vacancy.bonded_to_former,
                rebuilt=vacancy.rebuilt,
            )


def _plot_predicted(
    hosts: list[HostResult], color: str, axes: Axes, label: str | None = None
) -> None:
    found = [(charge_place(host.charge), one) for host in hosts for one in host.predicted]
    axes.errorbar(
        [place for place, _ in found],
        [one.formation_energy_ev for _, one in found],
        [
            [one.formation_energy_ev - one.low_ev for _, one in found],
            [one.high_ev - one.formation_energy_ev for _, one in found],
        ],
        fmt="_",
        color=color,
        alpha=PALE_ALPHA,
        elinewidth=0.8,
        markersize=9,
        zorder=2,
        label=label,
    )


def _name_lowest(points: Sequence[TurningPoint], hosts: Sequence[HostResult], axes: Axes) -> None:
    """Write below each state of charge which O is the lowest, if a line joins several."""
    names: dict[float, list[str]] = {}
    for point in points:
        mine = [host for host in hosts if _system(host) == _system(point) and host.kept_energies_ev]
        mine.sort(key=lambda host: host.charge.position)
        if point.is_of_one_oxygen or any(host.run is not None for host in mine):
            continue
        for host, oxygen in zip(mine, point.oxygens, strict=True):
            names.setdefault(charge_place(host.charge), []).append(oxygen)
    for place, found in names.items():
        # one below the other: states of charge may be close
        write_at_foot(axes, place, "\n".join(dict.fromkeys(found)), 0.045, color=NEUTRAL)
    if names:
        low, high = axes.get_ylim()
        lines = max(len({*found}) for found in names.values())
        axes.set_ylim(low - _FOOT * (high - low) * (lines - 1), high)
        axes.plot([], [], linestyle="none", label="O below: the lowest there")


def _mark_turning_points(
    points: Sequence[TurningPoint], colors: dict[str, str], axes: Axes
) -> None:
    """Mark where the lowest E_f turns: a line, and above it a bar that is the interval."""
    found = [(one, one.at) for one in points if one.at is not None and one.site is None]
    low, high = axes.get_ylim()
    low, high = low - _FOOT * (high - low), high + _BAR_STEP * (high - low) * len(found)
    axes.set_ylim(low, high)
    for row, (point, at) in enumerate(found):
        color = colors[_system(point)]
        place, height = charge_place(at), high - _BAR_STEP * (high - low) * (row + 0.8)
        ends = [charge_place(one) for one in (point.earliest, point.latest) if one is not None]
        axes.plot([place, place], [0.0, height], ":", color=color, linewidth=1.0)
        axes.plot(ends, [height] * len(ends), "|-", color=color, linewidth=1.6, markersize=7)
        axes.plot([place, place], [height, height], "D", color=color, markersize=4)
        axes.annotate(
            f"{'x0' if at.holes_per_tm is None else 'q0'} = {place:.2f}",
            (ends[0] if ends else place, height),
            textcoords="offset points",
            xytext=(-6, 0),
            fontsize=8,
            color=color,
            ha="right",
            va="center",
        )
