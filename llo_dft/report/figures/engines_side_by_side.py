"""The lowest E_f of each system by several engines, and the band between them."""

from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from llo_dft.documents.comparison import ComparedHost, StudyComparison
from llo_dft.documents.labels import system_name
from llo_dft.report.figures.figure_parts import (
    charge_place,
    charging_axes,
    draw_points,
    explain_rebuilt,
    new_figure,
    save_figure,
)
from llo_dft.report.figures.palette import NEUTRAL, engine_lines, system_colors
from llo_dft.report.titles import oxygen_text, plane_text, title_text

#: Points along x at which the edges of a band are drawn.
_BAND_POINTS: Final = 401


def plot_study_comparison(comparison: StudyComparison, axes: Axes) -> Axes:
    """Draw the lowest formation energies over holes per TM.

    Colours are systems (bare, each coating), lines and markers engines; the band of a system spans
    the lowest to the highest engine where two or more have a number. A hollow point is a vacancy
    whose lattice was rebuilt. The number of missing values is written at the bottom of each state
    of charge. Returns the axes.
    """
    by_system: dict[str, list[ComparedHost]] = {}
    lacking: Counter[float] = Counter()
    for host in comparison.hosts:
        by_system.setdefault(system_name(host.system, host.termination), []).append(host)
        lacking[charge_place(host.charge)] += sum(
            one.applicable and one.formation_energy_ev is None
            for vacancy in host.vacancies
            for one in vacancy.energies
        )
    charging_axes(axes, lacking, holes=True)
    colors = system_colors(by_system)
    styles = engine_lines(engine.name for engine in comparison.engines)
    for name, hosts in by_system.items():
        hosts.sort(key=lambda host: host.charge.position)
        lines = {engine: _points(hosts, engine) for engine in styles}
        _draw_band([points for points in lines.values() if points], colors[name], axes)
        for engine, points in lines.items():
            line, marker = styles[engine]
            axes.plot(*_columns(points), line, color=colors[name], zorder=2)
            for x, energy, rebuilt in points:
                draw_points(axes, x, energy, marker, colors[name], hollow=rebuilt, zorder=3)
        axes.plot([], [], "-", color=colors[name], linewidth=4, label=name)
    for name, (line, marker) in styles.items():
        axes.plot([], [], line, marker=marker, color=NEUTRAL, label=name)
    explain_rebuilt(axes)
    axes.set_ylabel("Lowest vacancy formation energy (eV per O)")
    axes.legend(fontsize=8, facecolor="white", framealpha=1.0, edgecolor="none")
    lines_of_title = [
        f"{comparison.composition} {plane_text(comparison.slab_miller)}, by",
        *(
            f"{e.name}, {oxygen_text(e.oxygen, none='O2 has no energy')}"
            for e in comparison.engines
        ),
        f"band: {comparison.meaning.partition(';')[0]}",
    ]
    axes.set_title(title_text(lines_of_title, mock=comparison.mock), fontsize=9, loc="left")
    return axes


def save_study_comparison(comparison: StudyComparison, path: Path) -> None:
    """Draw a comparison to a file; its suffix gives the format."""
    figure = new_figure(7.2, 5.4)
    plot_study_comparison(comparison, figure.add_subplot())
    save_figure(figure, path, mock=comparison.mock)


def _points(hosts: list[ComparedHost], engine: str) -> list[tuple[float, float, bool]]:
    """Return holes per TM, lowest E_f and whether the lattice was rebuilt, for one engine."""
    found = [(charge_place(host.charge), host.lowest(engine)) for host in hosts]
    return [
        (x, low.formation_energy_ev, low.rebuilt)
        for x, low in found
        if low is not None and low.formation_energy_ev is not None
    ]


def _columns(points: list[tuple[float, float, bool]]) -> tuple[list[float], list[float]]:
    return [x for x, _, _ in points], [energy for _, energy, _ in points]


def _draw_band(lines: list[list[tuple[float, float, bool]]], color: str, axes: Axes) -> None:
    """Fill the area between the engines' lines, which may cross between two points."""
    if len(lines) <= 1:
        return
    ends = [x for line in lines for x, _, _ in line]
    grid = np.linspace(min(ends), max(ends), _BAND_POINTS)
    nan = {"left": np.nan, "right": np.nan}
    heights = np.array([np.interp(grid, *_columns(line), **nan) for line in lines])
    shared = np.isfinite(heights).sum(axis=0) > 1
    if shared.any():
        low, high = np.nanmin(heights[:, shared], axis=0), np.nanmax(heights[:, shared], axis=0)
        axes.fill_between(grid[shared], low, high, color=color, alpha=0.12, lw=0, zorder=0)
