"""Figures of a charge-density difference: planar average with Q(z), and along the bonds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from llo_dft.analysis.electronic.density_difference import atom_planes_angstrom
from llo_dft.report.figures.settings_text import settings_text, title_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from llo_dft.documents.charge import ChargeDifference

#: Colours of the elements of our structures, near to those of the usual programs.
ELEMENT_COLORS: Final = {
    "Li": "#7f5fbf",
    "O": "#d62828",
    "P": "#e08e0b",
    "Mn": "#9c27b0",
    "Ni": "#2e9e4f",
    "Co": "#1f5fbf",
}
OTHER_COLOR: Final = "#6c757d"

#: Where electrons went to, and where they came from.
GAIN_COLOR: Final = "#e0b000"
LOSS_COLOR: Final = "#1fa3b5"
#: Most characters of a title's line that fit in the narrowest of these figures.
_LONGEST_LINE: Final = 80

_LINE, _CUMULATIVE = "#1f4e79", "#b8491e"


def plot_planar_average(document: ChargeDifference, axes: Axes) -> Axes:
    """Draw the planar average, and on a second scale the cumulative charge Q(z)."""
    planar = document.planar
    z, density = planar.coordinate_angstrom, np.array(planar.line_density_e_per_angstrom)
    fill: dict[str, Any] = {"alpha": 0.6, "linewidth": 0, "interpolate": True}
    axes.fill_between(z, density, 0, where=(density >= 0).tolist(), color=GAIN_COLOR, **fill)
    axes.fill_between(z, density, 0, where=(density <= 0).tolist(), color=LOSS_COLOR, **fill)
    axes.plot(z, density, color=_LINE, lw=1.2)
    axes.axhline(0.0, color="0.5", lw=0.6)
    axes.set_ylabel(r"$\Delta\rho(z)$ (e/Å)", color=_LINE)
    second = axes.twinx()
    second.plot(planar.cumulative_angstrom, planar.cumulative_e, color=_CUMULATIVE, lw=1.2, ls="--")
    second.set_ylabel("Q(z) (e): gained below z", color=_CUMULATIVE)
    for one in (axes, second):  # both zeros at one height
        limit = 1.08 * max(map(abs, one.get_ylim()))
        one.set_ylim(-limit, limit)
    return axes


def plot_atom_planes(document: ChargeDifference, axes: Axes) -> Axes:
    """Draw the height of every atom, A and B on two lines each element in its colour."""
    heights = atom_planes_angstrom(document.structure, document.planar)
    symbols = [site.specie.symbol for site in document.structure]
    elements = sorted(set(symbols), key=symbols.index)
    for row, part in enumerate(("a", "b")):
        for place, element in enumerate(elements):
            chosen = [
                height
                for height, symbol, of in zip(heights, symbols, document.part_of_atom, strict=True)
                if symbol == element and of == part
            ]
            level = -row - 0.6 * (place + 0.5) / len(elements)
            axes.plot(
                chosen,
                [level] * len(chosen),
                "|",
                color=ELEMENT_COLORS.get(element, OTHER_COLOR),
                markersize=9,
                markeredgewidth=1.6,
                label=element if row == 0 else None,
            )
    axes.set_yticks([-0.3, -1.3], ["atoms\nof A", "atoms\nof B"], fontsize=8)
    axes.set_ylim(-1.75, 0.15)
    axes.set_xlabel(f"z along the normal of the planes across {'abc'[document.planar.axis]} (Å)")
    axes.legend(fontsize=7, frameon=False, ncols=1, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return axes


def plot_bonds(document: ChargeDifference, axes: Axes) -> Axes:
    """Draw the difference along each P-O bond across the interface."""
    for bond in document.bonds:
        label = f"P{bond.p_index + 1}-O{bond.o_index + 1}, {bond.length_angstrom:.2f} Å"
        axes.plot(bond.distance_angstrom, bond.difference_e_per_a3, lw=1.2, label=label)
    lengths = [bond.length_angstrom for bond in document.bonds]
    axes.axvline(0.0, color=ELEMENT_COLORS["P"], lw=1.0, ls=":")
    if lengths:
        axes.axvspan(min(lengths), max(lengths) + 0.01, color=ELEMENT_COLORS["O"], alpha=0.3, lw=0)
        axes.legend(fontsize=7, frameon=False)
    else:
        axes.text(0.5, 0.5, "no P-O bond across", transform=axes.transAxes, ha="center")
    for name, place in (("P", [0.0]), ("O", lengths)):
        if place:
            axes.annotate(
                name,
                (float(np.mean(place)), 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(3, -3),
                textcoords="offset points",
                ha="left",
                va="top",
                color=ELEMENT_COLORS[name],
            )
    axes.axhline(0.0, color="0.5", lw=0.6)
    axes.set_xlabel("distance from P towards O (Å)")
    axes.set_ylabel(r"$\Delta\rho$ (e/Å$^3$)")
    return axes


def save_planar_average(document: ChargeDifference, path: Path) -> None:
    """Write the planar average with Q(z), the atoms' planes below, as PNG."""
    figure = new_figure((7.2, 5.2))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    plot_planar_average(document, upper)
    plot_atom_planes(document, lower)
    upper.set_title(charge_title(document), fontsize=8, loc="left")
    figure.savefig(path, metadata={"Software": None})


def save_bonds(document: ChargeDifference, path: Path) -> None:
    """Write the profiles along the bonds as PNG."""
    figure = new_figure((5.6, 4.0))
    axes = plot_bonds(document, figure.subplots())
    axes.set_title(charge_title(document), fontsize=7, loc="left")
    figure.savefig(path, metadata={"Software": None})


def new_figure(size_inches: tuple[float, float]) -> Figure:
    """Return an empty figure that needs no display."""
    figure = Figure(figsize=size_inches, dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def charge_title(document: ChargeDifference) -> str:
    """Return what was computed, how, and how much moved."""
    names = [_short(n) for n in (document.whole_file, document.a_file, document.b_file)]
    settings = settings_text(document.fingerprint) or "vasp, settings not known"
    files = [f"{part} = {name}" for part, name in zip(("AB", "A", "B"), names, strict=True)]
    together = ", ".join(files)
    lines = [
        f"{document.structure.composition.formula}, {settings}",
        *([together] if len(together) <= _LONGEST_LINE else files),
        f"{document.absolute_e:.3f} e moved, residual {document.residual_e:.1e} e",
    ]
    return title_text(lines, allowed=document.allowed, mock=document.mock)


def _short(name: str) -> str:
    return "/".join(Path(name).parts[-2:])
