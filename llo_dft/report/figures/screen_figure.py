"""Gain of E_f under each coating, one panel per state of charge, with the spread over the O."""

from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from llo_dft.documents.coating_screen import CoatingScreen, ScreenedCoating
from llo_dft.report.figures.figure_parts import new_figure, save_figure, write_at_foot
from llo_dft.report.figures.palette import (
    FORMER_MARKER,
    NEUTRAL,
    ZERO_LINE,
    class_markers,
    system_colors,
)
from llo_dft.report.titles import title_text

#: Sideways spread of the O of one coating, and shift of its mean, in units of coatings.
_WIDTH: Final = 0.3
_MEAN_AT: Final = -0.28


def save_screen(screen: CoatingScreen, path: Path) -> None:
    """Draw to a file; its suffix gives the format."""
    panels = max(1, len(screen.charges))
    figure = new_figure(2.2 + max(2.6, 0.8 * len(screen.coatings)) * panels, 4.8)
    for axes, holes in zip(
        np.atleast_1d(figure.subplots(1, panels, sharey=True)),
        screen.charges or [0.0],
        strict=True,
    ):
        plot_gains(screen, holes, axes)
    figure.axes[0].set_ylabel("E_f coated - bare,\nsame O at equal charge (eV per O)")
    figure.legend(
        handles=_legend(screen), loc="outside lower center", ncols=2, fontsize=8, frameon=False
    )
    made = [f"{screen.study}: {screen.composition}, {screen.engine} ({screen.protocol})"]
    figure.suptitle(title_text(made, mock=screen.mock), fontsize=9)
    save_figure(figure, path, mock=screen.mock)


def plot_gains(screen: CoatingScreen, holes_per_tm: float, axes: Axes) -> Axes:
    """Draw each O of each coating at one charge, and the mean with its deviation; return the axes.

    Above zero the coating holds the O. Hollow ones had their lattice rebuilt and are in no mean.
    """
    names = [one.name for one in screen.coatings]
    colors = system_colors(names)
    markers = class_markers(pair.site_class for one in screen.coatings for pair in one.pairs)
    axes.axhline(0.0, color=ZERO_LINE, linewidth=0.8, zorder=1)
    for place, one in enumerate(screen.coatings):
        here = [pair for pair in one.pairs if pair.holes_per_tm == holes_per_tm]
        for shift, pair in zip(np.linspace(-0.4, 1.0, len(here)) * _WIDTH, here, strict=True):
            axes.plot(
                place + shift,
                pair.difference_ev,
                FORMER_MARKER if pair.bonded_to_former else markers[pair.site_class],
                color=colors[one.name],
                markerfacecolor="white" if pair.rebuilt else colors[one.name],
                markersize=9 if pair.bonded_to_former else 6,
                zorder=3,
            )
        _draw_mean(one, place, holes_per_tm, colors[one.name], axes)
    words = "above zero: the coating holds the O"
    axes.text(0.98, 0.94, words, fontsize=8, ha="right", style="italic", transform=axes.transAxes)
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right", fontsize=8)
    axes.set_xlim(-0.6, len(names) - 0.4)
    ranked = "\n(ranked here)" if holes_per_tm == screen.ranked_at_holes_per_tm else ""
    axes.set_title(f"{holes_per_tm:.2f} holes per metal{ranked}", fontsize=9)
    return axes


def _draw_mean(
    one: ScreenedCoating, place: int, holes_per_tm: float, color: str, axes: Axes
) -> None:
    gain = one.gain_at(holes_per_tm)
    if gain is None or gain.mean_ev is None:
        lacking = "no pair" if one.status == "completed" else str(one.status)
        text = lacking if gain is None else "all rebuilt"
        write_at_foot(axes, place, text, va="bottom", rotation=90)
        return
    axes.errorbar(
        place + _MEAN_AT,
        gain.mean_ev,
        yerr=gain.deviation_ev,
        fmt="_",
        color=color,
        markersize=12,
        markeredgewidth=2.2,
        capsize=3,
        zorder=4,
    )


def _legend(screen: CoatingScreen) -> list[Line2D]:
    classes = sorted({pair.site_class for one in screen.coatings for pair in one.pairs})
    looks = {
        **class_markers(classes),
        "bonded to the coating's former": FORMER_MARKER,
        "mean of those whose lattice stayed": "_",
        "lattice rebuilt": "o",
    }
    made = [
        Line2D([], [], color=NEUTRAL, marker=marker, linestyle="none", label=name)
        for name, marker in looks.items()
    ]
    made[-1].set_markerfacecolor("white")
    return made
