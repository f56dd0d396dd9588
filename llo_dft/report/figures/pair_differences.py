"""What the coating does to each O: E_f coated less bare at equal charge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.documents.labels import system_name
from llo_dft.report.figures.figure_parts import charging_axes, draw_points
from llo_dft.report.figures.palette import (
    FORMER_MARKER,
    NEUTRAL,
    class_markers,
    system_colors,
    system_lines,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from llo_dft.documents.study_result import StudyResult, VacancyPair


def plot_pair_differences(result: StudyResult, axes: Axes) -> Axes:
    """Draw the difference of each pair over holes per TM; above zero the coating holds the O.

    Colours, markers and hollow points as of ``plot_vacancy_curve``. A line joins the pairs of one
    O, whose number stands at its last one. Returns the axes.
    """
    names = [system_name(host.system, host.termination) for host in result.hosts]
    colors, lines = system_colors(names), system_lines(names)
    classes = [one.site_class for host in result.hosts for one in host.vacancies]
    markers = class_markers([*classes, *(pair.site_class for pair in result.pairs)])
    charging_axes(axes, {pair.holes_per_tm: 0 for pair in result.pairs}, holes=True)
    by_oxygen: dict[tuple[str, int], list[VacancyPair]] = {}
    for pair in sorted(result.pairs, key=lambda pair: pair.holes_per_tm):
        by_oxygen.setdefault((pair.termination, pair.site), []).append(pair)
    for (termination, site), pairs in by_oxygen.items():
        name = system_name("coated", termination)
        q = [pair.holes_per_tm for pair in pairs]
        axes.plot(
            q,
            [pair.difference_ev for pair in pairs],
            color=colors[name],
            linestyle=lines[name],
            linewidth=0.9,
            zorder=2,
        )
        for pair in pairs:
            draw_points(
                axes,
                pair.holes_per_tm,
                pair.difference_ev,
                FORMER_MARKER if pair.bonded_to_former else markers[pair.site_class],
                colors[name],
                hollow=pair.rebuilt,
                markersize=10 if pair.bonded_to_former else 6,
                markeredgecolor=colors[name] if pair.rebuilt else "white",
                markeredgewidth=1.2 if pair.rebuilt else 0.5,
                zorder=3,
            )
        axes.annotate(
            f"O{site}",
            (q[-1], pairs[-1].difference_ev),
            textcoords="offset points",
            xytext=(7, -3),
            fontsize=7,
            color=NEUTRAL,
        )
    axes.set_ylabel("Coated less bare, same O\n(eV per O)")
    axes.margins(y=0.12)
    return axes
