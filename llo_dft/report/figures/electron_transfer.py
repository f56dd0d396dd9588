"""Figures of a charge-density difference: planar average with Q(z), and along the bonds."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from pymatgen.core.composition import Composition

from llo_dft.analysis.electronic.density_difference import atom_planes_angstrom
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.documents.electrons.charge import ChargeDifference
from llo_dft.report.figures.figure_parts import (
    legend_beside,
    mark_atoms,
    new_figure,
    save_figure,
)
from llo_dft.report.figures.palette import GAIN, GUIDE, LOSS, MAIN, SECOND, element_color
from llo_dft.report.titles import settings_text, title_text


def plot_planar_average(document: ChargeDifference, axes: Axes) -> Axes:
    """Draw the planar average, and on a second scale the cumulative charge Q(z)."""
    planar = document.planar
    z, density = planar.coordinate_angstrom, np.array(planar.line_density_e_per_angstrom)
    fill: dict[str, Any] = {"alpha": 0.6, "linewidth": 0, "interpolate": True}
    axes.fill_between(z, density, 0, where=(density >= 0).tolist(), color=GAIN, **fill)
    axes.fill_between(z, density, 0, where=(density <= 0).tolist(), color=LOSS, **fill)
    axes.plot(z, density, color=MAIN, lw=1.2)
    axes.axhline(0.0, color=GUIDE, lw=0.6)
    axes.set_ylabel(r"$\Delta\rho(z)$ (e/Å)", color=MAIN)
    second = axes.twinx()
    second.plot(planar.cumulative_angstrom, planar.cumulative_e, color=SECOND, lw=1.2, ls="--")
    second.set_ylabel("Q(z) (e): gained below z", color=SECOND)
    for one in (axes, second):  # both zeros at the same height
        limit = 1.08 * max(map(abs, one.get_ylim()))
        one.set_ylim(-limit, limit)
    return axes


def plot_atom_planes(document: ChargeDifference, axes: Axes) -> Axes:
    """Draw the height of every atom, A and B on two lines, each element in its colour."""
    heights = atom_planes_angstrom(document.structure, document.planar)
    atoms = [site.specie.symbol for site in document.structure]
    elements = list(dict.fromkeys(atoms))
    for row, part in enumerate(("a", "b")):
        for place, element in enumerate(elements):
            chosen = [
                height
                for height, atom, owner in zip(heights, atoms, document.part_of_atom, strict=True)
                if (atom, owner) == (element, part)
            ]
            level = -row - 0.6 * (place + 0.5) / len(elements)
            mark_atoms(axes, chosen, level, element, label=None if row else element)
    axes.set_yticks([-0.3, -1.3], ["atoms\nof A", "atoms\nof B"], fontsize=8)
    axes.set_ylim(-1.75, 0.15)
    axes.set_xlabel(f"z along the normal of the planes across {'abc'[document.planar.axis]} (Å)")
    legend_beside(axes, fontsize=7)
    return axes


def plot_bonds(document: ChargeDifference, axes: Axes) -> Axes:
    """Draw the difference along each bond from a network former across the interface."""
    for bond in document.bonds:
        label = f"{document.bond_name(bond)}, {bond.length_angstrom:.2f} Å"
        axes.plot(bond.distance_angstrom, bond.difference_e_per_a3, lw=1.2, label=label)
    lengths = [bond.length_angstrom for bond in document.bonds]
    former = "/".join(document.formers)
    axes.axvline(0.0, color=element_color(former), lw=1.0, ls=":")
    if lengths:
        axes.axvspan(min(lengths), max(lengths) + 0.01, color=element_color("O"), alpha=0.3, lw=0)
        axes.legend(fontsize=7, frameon=False)
    else:
        axes.text(0.5, 0.5, "no bond across the interface", transform=axes.transAxes, ha="center")
    for name, place in ((former, [0.0] if lengths else []), ("O", lengths)):
        if place:
            axes.annotate(
                name,
                (float(np.mean(place)), 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(3, -3),
                textcoords="offset points",
                ha="left",
                va="top",
                color=element_color(name),
            )
    axes.axhline(0.0, color=GUIDE, lw=0.6)
    axes.set_xlabel("distance from the network former towards O (Å)")
    axes.set_ylabel("$\\Delta\\rho$ (e/Å$^3$), above 0: electrons gather")
    return axes


def save_planar_average(document: ChargeDifference, path: Path, also: Sequence[str] = ()) -> None:
    """Write the planar average with Q(z), the atoms' planes below, as PNG."""
    figure = new_figure(7.2, 5.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    plot_planar_average(document, upper)
    plot_atom_planes(document, lower)
    upper.set_title(charge_title(document), fontsize=8, loc="left")
    save_figure(figure, path, mock=document.mock, also=also)


def save_bonds(document: ChargeDifference, path: Path, also: Sequence[str] = ()) -> None:
    """Write the profiles along the bonds as PNG."""
    figure = new_figure(5.6, 4.0)
    axes = plot_bonds(document, figure.subplots())
    axes.set_title(charge_title(document), fontsize=7, loc="left")
    save_figure(figure, path, mock=document.mock, also=also)


def charge_title(document: ChargeDifference) -> str:
    """Return the title: what was computed, how, and how many electrons moved."""
    atoms = list(zip(symbols_of(document.structure), document.part_of_atom, strict=True))
    parts = [
        Composition(Counter(symbol for symbol, of in atoms if of == part)).formula
        for part in ("a", "b")
    ]
    settings = settings_text(document.fingerprint) or "settings not known"
    lines = [
        f"{document.structure.composition.formula}, {settings}",
        f"density of the whole less those of {parts[0]} and {parts[1]}",
        f"{document.absolute_e:.3f} e moved, residual {document.residual_e:.1e} e",
    ]
    return title_text(lines, allowed=document.allowed, mock=document.mock)
