"""What the coating does to each O: E_f coated - bare at equal charge."""

from collections.abc import Iterable
from typing import Final

from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from llo_dft.documents.labels import system_name
from llo_dft.documents.study_result import StudyResult, VacancyPair
from llo_dft.report.figures.figure_parts import charging_axes, draw_oxygen
from llo_dft.report.figures.palette import NEUTRAL, class_markers, system_colors, system_lines

#: Names of O whose points are closer than this overlap, fraction of the axes' height.
_TEXT_STEP: Final = 0.06


def plot_pair_differences(result: StudyResult, axes: Axes) -> Axes:
    """Draw the difference of each pair over holes per TM; above zero the coating holds the O.

    Colours, markers and hollow points as in ``plot_vacancy_curve``. A line joins the pairs of one
    O with one of its images in the bare slab whose lattice stayed; the number of the O is at the
    highest of its last pairs. Returns the axes.
    """
    names = [system_name(host.system, host.termination) for host in result.hosts]
    colors, lines = system_colors(names), system_lines(names)
    classes = [one.site_class for host in result.hosts for one in host.vacancies]
    markers = class_markers([*classes, *(pair.site_class for pair in result.pairs)])
    charging_axes(axes, {pair.holes_per_tm: 0 for pair in result.pairs}, holes=True)
    by_oxygen: dict[tuple[str, int, int | None], list[VacancyPair]] = {}
    for pair in sorted(result.pairs, key=lambda pair: pair.holes_per_tm):
        by_oxygen.setdefault((pair.termination, pair.site, pair.bare_site), []).append(pair)
    for (termination, *_), pairs in by_oxygen.items():
        name = system_name("coated", termination)
        kept = [pair for pair in pairs if not pair.rebuilt]
        axes.plot(
            [pair.holes_per_tm for pair in kept],
            [pair.difference_ev for pair in kept],
            color=colors[name],
            linestyle=lines[name],
            linewidth=0.9,
            zorder=2,
        )
        for pair in pairs:
            draw_oxygen(
                axes,
                (pair.holes_per_tm, pair.difference_ev),
                markers[pair.site_class],
                colors[name],
                6,
                bonded=pair.bonded_to_former,
                rebuilt=pair.rebuilt,
            )
    axes.set_ylabel("Coated - bare (eV)")
    axes.margins(x=0.09, y=0.16)
    _name_oxygens(result.pairs, axes)
    return axes


def _name_oxygens(pairs: Iterable[VacancyPair], axes: Axes) -> None:
    """Write the number of each O at the highest of its last pairs, overlapping ones together."""
    low, high = axes.get_ylim()
    last_pairs: dict[tuple[str, int], tuple[float, float]] = {}
    for pair in pairs:
        here = (pair.holes_per_tm, pair.difference_ev)
        of = (pair.termination, pair.site)
        last_pairs[of] = max(here, last_pairs.get(of, here))
    ends = sorted((q, difference, site) for (_, site), (q, difference) in last_pairs.items())
    together: list[tuple[float, float, list[str]]] = []
    for q, difference, site in ends:
        last_q, below, names = together[-1] if together else (None, 0.0, [])
        if last_q == q and difference - below < _TEXT_STEP * (high - low):
            together[-1] = q, difference, [*names, f"O{site}"]
        else:
            together.append((q, difference, [f"O{site}"]))
    for q, difference, names in together:
        inwards = -1 if q == ends[-1][0] else 1  # text at the last charge would leave the axes
        axes.annotate(
            ", ".join(dict.fromkeys(names)),
            (q, difference),
            textcoords="offset points",
            xytext=(7 * inwards, 0),
            ha="right" if inwards < 0 else "left",
            va="center",
            fontsize=7,
            color=NEUTRAL,
            path_effects=[withStroke(linewidth=2, foreground="white")],
        )
