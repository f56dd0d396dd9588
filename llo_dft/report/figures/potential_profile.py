"""The local potential of cells: planar and macroscopic averages over the planes of the atoms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from llo_dft.report.figures.electron_transfer import ELEMENT_COLORS, OTHER_COLOR
from llo_dft.report.figures.settings_text import settings_text, title_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from llo_dft.documents.local_potential import PotentialSummary

_PLANAR, _MACROSCOPIC, _VACUUM, _FERMI = "#8fa8bf", "#1f4e79", "#b8491e", "#2e9e4f"


def plot_potential(summary: PotentialSummary, axes: Axes) -> Axes:
    """Draw both averages, the vacuum level of each face where it was read, and E_F; no legend."""
    profile = summary.profile
    z = [*profile.coordinate_angstrom, profile.height_angstrom]
    axes.plot(z, _closed(profile.planar_ev), color=_PLANAR, lw=0.9, label="planar average")
    if profile.windows_angstrom:
        windows = " and ".join(f"{window:g}" for window in profile.windows_angstrom)
        label = f"macroscopic average over {windows} Å"
        axes.plot(z, _closed(profile.macroscopic_ev), color=_MACROSCOPIC, lw=1.5, label=label)
    for face, one in summary.faces.items():
        start, end = one.vacuum.region_angstrom
        text = f"{one.vacuum.level_ev:.2f} eV"
        if one.work_function_ev is not None:
            text += f", W = {one.work_function_ev:.2f} eV"
        for shift in (-profile.height_angstrom, 0.0, profile.height_angstrom):
            part = np.clip([start + shift, end + shift], 0.0, profile.height_angstrom)
            if part[1] > part[0]:
                axes.plot(part, [one.vacuum.level_ev] * 2, color=_VACUUM, lw=2.2)
        axes.plot([], [], color=_VACUUM, lw=2.2, label=f"vacuum, {face} face: {text}")
    if summary.fermi_ev is not None:
        label = f"$E_F$ {summary.fermi_ev:.2f} eV"
        axes.axhline(summary.fermi_ev, color=_FERMI, lw=1.0, ls="--", label=label)
    axes.set_xlim(0.0, profile.height_angstrom)
    axes.set_ylabel("potential (eV)")
    lines = [
        f"{summary.structure.composition.formula}: {summary.path}",
        settings_text(summary.fingerprint),
    ]
    axes.set_title(title_text(lines, mock=summary.mock), fontsize=8, loc="left")
    return axes


def plot_planes(summary: PotentialSummary, axes: Axes) -> Axes:
    """Draw the height of every atom, each element on its own line in its colour."""
    profile = summary.profile
    fractions = np.mod(summary.structure.frac_coords[:, profile.axis], 1.0)
    symbols = [site.specie.symbol for site in summary.structure]
    elements = sorted(set(symbols), key=symbols.index)
    for row, element in enumerate(elements):
        chosen = [
            fraction * profile.height_angstrom
            for fraction, symbol in zip(fractions, symbols, strict=True)
            if symbol == element
        ]
        color = ELEMENT_COLORS.get(element, OTHER_COLOR)
        axes.plot(chosen, [-row] * len(chosen), "|", color=color, ms=9, mew=1.6)
    axes.set_yticks([-row for row in range(len(elements))], elements, fontsize=8)
    axes.set_ylim(-len(elements) + 0.4, 0.6)
    axes.set_xlabel(f"z along the normal of the planes across {'abc'[profile.axis]} (Å)")
    return axes


def plot_potential_and_planes(summary: PotentialSummary, upper: Axes, lower: Axes) -> None:
    """Draw the potential, the planes of the atoms below it, and below both the legend."""
    plot_potential(summary, upper)
    plot_planes(summary, lower)
    lower.legend(
        *upper.get_legend_handles_labels(),
        fontsize=7,
        frameon=False,
        ncols=2,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.45),
    )


def save_potential(summaries: Sequence[PotentialSummary], path: Path) -> None:
    """Draw one calculation beside the other, atoms' planes below; the ending says which kind.

    Raises
    ------
    ValueError
        If there is nothing to draw.
    """
    if not summaries:
        raise ValueError("There is no potential to draw")
    figure = Figure(figsize=(6.8 * len(summaries), 5.6), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    rows = figure.subplots(2, len(summaries), sharex="col", height_ratios=[3, 1], squeeze=False)
    for column, summary in enumerate(summaries):
        plot_potential_and_planes(summary, rows[0][column], rows[1][column])
    figure.savefig(path)


def _closed(values: Sequence[float]) -> list[float]:
    """Return a periodic profile with its first value at the end again."""
    return [*values, values[0]]
