"""The lowest E_f of each system by several engines, and the band between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from llo_dft.documents.study_result import system_name
from llo_dft.report.figures.formation_energy_curve import colors_by_name

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from llo_dft.documents.comparison import ComparedHost, StudyComparison

#: Line and marker of each engine in turn.
_STYLES: Final = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"))

#: Points along x at which the edges of a band are drawn.
_BAND_POINTS: Final = 401


def plot_study_comparison(comparison: StudyComparison, axes: Axes) -> Axes:
    """Draw the lowest formation energies; x falls from left to right, as on charging.

    Parameters
    ----------
    comparison
        The studies.
    axes
        Where to draw.

    Returns
    -------
    The axes. Colours are systems (bare, each coating), lines and markers engines; the band of a
    system reaches from the lowest to the highest engine where two or more have a number. A
    hollow point is of a vacancy whose lattice rebuilt itself. How many numbers the engines lack
    together stands at the foot of each fraction.
    """
    colors = colors_by_name(system_name(h.system, h.termination) for h in comparison.hosts)
    axes.axhline(0.0, color="0.35", linewidth=0.8, zorder=1)
    # draws nothing, but keeps the hosts without any number inside the axes
    fractions = [host.lithium_fraction for host in comparison.hosts]
    axes.plot(fractions, [0.0] * len(fractions), linestyle="none")
    for name, color in colors.items():
        hosts = [h for h in comparison.hosts if system_name(h.system, h.termination) == name]
        hosts.sort(key=lambda host: host.lithium_fraction)
        _draw_band(hosts, color, axes)
        for engine, style in _styles(comparison).items():
            _draw_line(hosts, engine, style, color, axes)
        axes.plot([], [], "-", color=color, linewidth=4, label=name)
    _tell_what_is_lacking(comparison, axes)
    for engine, (line, marker) in _styles(comparison).items():
        axes.plot([], [], line, marker=marker, color="0.4", label=engine)
    axes.plot([], [], "o", color="0.4", markerfacecolor="white", label="lattice rebuilt")
    axes.set_xlabel("Lithium fraction x  (charging to the right)")
    axes.set_ylabel("Lowest vacancy formation energy (eV per O)")
    axes.invert_xaxis()
    axes.legend(fontsize=8, facecolor="white", framealpha=1.0, edgecolor="none")
    axes.set_title(_title(comparison), fontsize=9, loc="left")
    return axes


def save_study_comparison(comparison: StudyComparison, path: Path) -> None:
    """Draw a comparison into a file; its ending says which kind."""
    figure = Figure(figsize=(7.2, 5.4), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    plot_study_comparison(comparison, figure.add_subplot())
    figure.savefig(path)


def _styles(comparison: StudyComparison) -> dict[str, tuple[str, str]]:
    names = [engine.name for engine in comparison.engines]
    return dict(zip(names, _STYLES * (1 + len(names) // len(_STYLES)), strict=False))


def _draw_band(hosts: list[ComparedHost], color: str, axes: Axes) -> None:
    """Fill what lies between the engines' lines, which may cross between two fractions."""
    engines = dict.fromkeys(low.engine for host in hosts for low in host.lowest)
    lines = [_points(hosts, engine) for engine in engines]
    if len(lines) <= 1:
        return
    ends = [x for line in lines for x, _, _ in line]
    grid = np.linspace(min(ends), max(ends), _BAND_POINTS)
    heights = np.array(
        [
            np.interp(grid, [p[0] for p in line], [p[1] for p in line], left=np.nan, right=np.nan)
            for line in lines
        ]
    )
    shared = np.isfinite(heights).sum(axis=0) > 1
    if shared.any():
        grid, heights = grid[shared], heights[:, shared]
        low, high = np.nanmin(heights, axis=0), np.nanmax(heights, axis=0)
        axes.fill_between(grid, low, high, color=color, alpha=0.12, linewidth=0, zorder=0)


def _points(hosts: list[ComparedHost], engine: str) -> list[tuple[float, float, bool]]:
    """Return x, lowest E_f and whether the lattice rebuilt itself, of one engine."""
    return [
        (host.lithium_fraction, low.formation_energy_ev, low.rebuilt)
        for host in hosts
        for low in host.lowest
        if low.engine == engine
    ]


def _draw_line(
    hosts: list[ComparedHost], engine: str, style: tuple[str, str], color: str, axes: Axes
) -> None:
    points = _points(hosts, engine)
    line, marker = style
    axes.plot([p[0] for p in points], [p[1] for p in points], line, color=color, zorder=2)
    for x, energy, rebuilt in points:
        axes.plot(
            x, energy, marker, color=color, markerfacecolor="white" if rebuilt else color, zorder=3
        )


def _tell_what_is_lacking(comparison: StudyComparison, axes: Axes) -> None:
    lacking: dict[float, int] = {}
    for host in comparison.hosts:
        number = sum(
            one.applicable and one.formation_energy_ev is None
            for vacancy in host.vacancies
            for one in vacancy.energies
        )
        lacking[host.lithium_fraction] = lacking.get(host.lithium_fraction, 0) + number
    for fraction, number in lacking.items():
        if number:
            axes.annotate(
                f"{number} without a result",
                (fraction, 0.01),
                xycoords=("data", "axes fraction"),
                ha="center",
                fontsize=7,
                color="#a4161a",
            )


def _title(comparison: StudyComparison) -> str:
    lines = [f"{comparison.composition} (001), by"]
    for engine in comparison.engines:
        if engine.oxygen is None:
            oxygen = "O2 has no energy"
        else:
            oxygen = (
                f"O2 scheme '{engine.oxygen_scheme}', {engine.oxygen.temperature_k:g} K, "
                f"{engine.oxygen.pressure_bar:g} bar"
            )
        lines.append(f"{engine.name}, {oxygen}")
    lines.append(f"band: {comparison.meaning.partition(';')[0]}")
    if comparison.mock:
        lines.insert(0, "MOCK OUTPUTS - NOT A RESULT")
    return "\n".join(lines)
