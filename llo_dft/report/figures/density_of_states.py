"""Projected densities of states of classes of atoms, with their band centres marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.report.figures.figure_parts import legend_below, new_figure, save_figure
from llo_dft.report.figures.palette import GUIDE, ZERO_LINE, class_colors
from llo_dft.report.titles import settings_text, title_text

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from llo_dft.documents.electronic import ProjectedDensities

#: Share of the highest density above which a density counts as seen, and what is shown around it.
_SEEN: Final = 0.01
_MARGIN_EV: Final = 1.5

_REFERENCE: Final = {"vbm": "VBM", "fermi": "Fermi", "vacuum": "vacuum", "core": "core"}


def plot_density_of_states(densities: ProjectedDensities, axes: Axes) -> Axes:
    """Draw the density of one atom of each class; spin down hangs below the axis.

    A dotted line marks each centre, the grey band the gap. A class without a centre (too little
    weight) is named so in the legend. Returns the axes.
    """
    axes.axhline(0.0, color=ZERO_LINE, linewidth=0.8, zorder=1)
    if densities.cbm_ev is not None and densities.cbm_ev > densities.vbm_ev:
        axes.axvspan(densities.vbm_ev, densities.cbm_ev, color="0.92", zorder=0, label="gap")
    else:
        axes.axvline(densities.vbm_ev, color=GUIDE, linewidth=0.8, zorder=0)
    colors = class_colors(densities.curves)
    for name, curve in densities.curves.items():
        color, center = colors[name], "no centre"
        if curve.center_ev is not None:
            center = f"centre {curve.center_ev:.2f} eV"
            axes.axvline(curve.center_ev, color=color, linestyle=":", linewidth=1.2)
        label = f"{name} ({curve.n_sites}), {center}"
        axes.plot(densities.energies_ev, curve.up, color=color, linewidth=1.1, label=label)
        if curve.down is not None:
            down = np.negative(curve.down)
            axes.plot(densities.energies_ev, down, color=color, linewidth=1.1)
    axes.set_xlim(_shown(densities))
    axes.set_xlabel(f"E - E({_REFERENCE[densities.reference]}) (eV)")
    spins = any(curve.down is not None for curve in densities.curves.values())
    axes.set_ylabel(
        f"{densities.element} {densities.orbital} states (1/eV per atom)"
        + ("\nspin up above, down below zero" if spins else "")
    )
    lines = [
        f"{densities.label}, centres of the {densities.window} window",
        settings_text(densities.fingerprint),
    ]
    axes.set_title(title_text(lines, mock=densities.mock), fontsize=9, loc="left")
    legend_below(axes, columns=2)
    return axes


def _shown(densities: ProjectedDensities) -> tuple[float, float]:
    """Return the ends of the energies at which there is something to see, gap and all.

    A calculation's own energies begin at its deepest state, Li 1s or O 2s.
    """
    energies = np.array(densities.energies_ev)
    spins = [s for c in densities.curves.values() for s in (c.up, c.down) if s is not None]
    height = np.max(np.abs(spins), axis=0) if spins else np.zeros(len(energies))
    seen = energies[height > _SEEN * height.max(initial=0.0)]
    ends = [densities.vbm_ev, densities.vbm_ev if densities.cbm_ev is None else densities.cbm_ev]
    low, high = min([*seen, *ends]), max([*seen, *ends])
    return max(energies[0], low - _MARGIN_EV), min(energies[-1], high + _MARGIN_EV)


def save_density_of_states(densities: ProjectedDensities, path: Path) -> None:
    """Draw to a file; its suffix gives the format."""
    figure = new_figure(6.4, 4.8)
    plot_density_of_states(densities, figure.add_subplot())
    save_figure(figure, path, mock=densities.mock)
