"""E_f against the state of charge in every cell of a study, and the mean with its deviation."""

from pathlib import Path

from matplotlib.axes import Axes

from llo_dft.documents.labels import system_name
from llo_dft.documents.spread import EnergySpread, StudySpread
from llo_dft.report.figures.figure_parts import legend_beside, new_figure, save_figure
from llo_dft.report.figures.palette import ZERO_LINE, system_colors
from llo_dft.report.titles import title_text


def save_spread(spread: StudySpread, path: Path) -> None:
    """Draw to a file; its suffix gives the format."""
    figure = new_figure(7.6, 4.4)
    plot_spread(spread, figure.add_subplot())
    save_figure(figure, path, mock=spread.mock)


def plot_spread(spread: StudySpread, axes: Axes) -> Axes:
    """Draw the lowest E_f of each cell, and the mean over the orderings with its deviation.

    Thin lines are cells: solid the orderings of the metals, dotted wider cells. Bars are a sample
    standard deviation. Returns the axes.
    """
    systems = dict.fromkeys((one.system, one.termination) for one in spread.energies)
    colors = system_colors(system_name(*system) for system in systems)
    axes.axhline(0.0, color=ZERO_LINE, linewidth=0.8, zorder=1)
    for system in systems:
        name = system_name(*system)
        mine = [one for one in spread.energies if (one.system, one.termination) == system]
        _plot_cells(spread, mine, colors[name], axes)
        axes.errorbar(
            [one.holes_per_tm for one in mine],
            [one.mean_ev for one in mine],
            yerr=[one.deviation_ev or 0.0 for one in mine],
            color=colors[name],
            marker="o",
            capsize=3,
            linewidth=1.8,
            label=f"{name}, mean",
        )
        far = [one for one in mine if one.extrapolated_ev is not None]
        if far:
            axes.plot(
                [one.holes_per_tm for one in far],
                [one.extrapolated_ev or 0.0 for one in far],
                "D",
                color=colors[name],
                markerfacecolor="white",
                label=f"{name}, extrapolated in width",
            )
    axes.set_xlabel("Holes per metal of the oxide  (charging to the right)")
    axes.set_ylabel("Lowest vacancy formation energy (eV per O)")
    legend_beside(axes)
    made = f"{spread.study}: {len(spread.cells)} cells, {spread.engine} ({spread.protocol})"
    axes.set_title(title_text([made], mock=spread.mock), fontsize=9, loc="left")
    return axes


def _plot_cells(spread: StudySpread, mine: list[EnergySpread], color: str, axes: Axes) -> None:
    for cell in spread.cells:
        points = [(one.holes_per_tm, one.lowest_ev[cell]) for one in mine if cell in one.lowest_ev]
        if points:
            x, y = zip(*points, strict=True)
            wider = any(cell in one.lateral_shift_ev for one in mine)
            axes.plot(x, y, ":" if wider else "-", color=color, linewidth=0.8, alpha=0.7, zorder=2)
