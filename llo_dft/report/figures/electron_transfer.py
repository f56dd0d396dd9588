"""Figures of a charge-density difference: planar average with Q(z), and along the bonds."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from pymatgen.core.composition import Composition

from llo_dft.analysis.electronic.density_difference import atom_planes_angstrom
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.documents.electrons.charge import ChargeDifference
from llo_dft.report.figures.figure_parts import legend_beside, mark_atoms, new_figure, save_figure
from llo_dft.report.figures.palette import GAIN, GUIDE, LOSS, MAIN, SECOND, element_color
from llo_dft.report.titles import settings_text, title_text

#: Smallest gain that the axes of a bond's middle show large.
_LEAST_GAIN_E_PER_A3: Final = 0.02


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
        x, y = bond.distance_angstrom, np.array(bond.difference_e_per_a3)
        axes.plot(x, y, lw=1.2, label=label)
        for color, part in ((GAIN, y.clip(min=0.0)), (LOSS, y.clip(max=0.0))):
            axes.fill_between(x, part, color=color, alpha=0.3, linewidth=0)
    if not document.bonds:
        axes.text(0.5, 0.5, "no bond across the interface", transform=axes.transAxes, ha="center")
    axes.axhline(0.0, color=GUIDE, lw=0.6)
    axes.set_ylabel("$\\Delta\\rho$ (e/Å$^3$)\n> 0: gained")
    return axes


#: So near to a nucleus the grid does not resolve the density, and a line through it has spikes.
_NUCLEUS_ANGSTROM = 0.3


def largest_gain(document: ChargeDifference) -> tuple[float, float]:
    """Return the largest density gained between the atoms of a bond, and its place.

    In e/A^3, and in A from the network former; not positive if no electrons gather there.

    Raises ``ValueError`` if there is no bond across the interface.
    """
    return max(
        (gained, place)
        for bond in document.bonds
        for place, gained in zip(bond.distance_angstrom, bond.difference_e_per_a3, strict=True)
        if _NUCLEUS_ANGSTROM < place < bond.length_angstrom - _NUCLEUS_ANGSTROM
    )


def _mark_bond(document: ChargeDifference, upper: Axes, lower: Axes) -> None:
    """Show the gain between the atoms in the upper axes, with its value, and name the atoms."""
    gained, place = largest_gain(document)
    lengths = [bond.length_angstrom for bond in document.bonds]
    former = "/".join(document.formers)
    limit = max(abs(gained), _LEAST_GAIN_E_PER_A3)
    upper.set_ylim(-1.2 * limit, 2.2 * limit)  # what is lost beside it is in the lower axes
    upper.annotate(
        f"{gained:+.2f} e/Å$^3$, {place:.2f} Å from {former}:\n"
        f"electrons {'gather' if gained > 0 else 'leave'} between {former} and O",
        (place, gained),
        xytext=(0, 22),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        fontweight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        arrowprops={"arrowstyle": "->"},
    )
    for name, at in ((former, 0.0), ("O", float(np.mean(lengths)))):
        for axes in (upper, lower):
            axes.axvline(at, color=element_color(name), lw=1.0, ls=":")
        upper.annotate(
            name,
            (at, 1.01),
            xycoords=("data", "axes fraction"),
            ha="center",
            fontweight="bold",
            color=element_color(name),
        )


def save_planar_average(document: ChargeDifference, path: Path, also: Sequence[str] = ()) -> None:
    """Write the planar average with Q(z), the atoms' planes below, as PNG."""
    figure = new_figure(7.2, 5.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    plot_planar_average(document, upper)
    plot_atom_planes(document, lower)
    upper.set_title(charge_title(document), fontsize=8, loc="left")
    save_figure(figure, path, mock=document.mock, also=also)


def save_bonds(document: ChargeDifference, path: Path, also: Sequence[str] = ()) -> None:
    """Write the profiles along the bonds as PNG: what gathers between the atoms, and all of it."""
    figure = new_figure(5.6, 5.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    for axes in (upper, lower):
        plot_bonds(document, axes)
    if document.bonds:
        _mark_bond(document, upper, lower)
        lower.legend(fontsize=7, frameon=False)
    lower.set_ylabel("the same,\nwhole range")
    lower.set_xlabel("distance from the network former towards O (Å)")
    figure.suptitle(charge_title(document), fontsize=7, x=0.01, ha="left")
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
