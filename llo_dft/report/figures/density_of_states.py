"""Projected densities of states of classes of atoms, with their band centres marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from llo_dft.report.figures.legend import legend_below
from llo_dft.report.figures.settings_text import settings_text, title_text

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from llo_dft.documents.electronic import ProjectedDensities

_COLORS: Final = ("#2a9d8f", "#e76f51", "#8a5fbf", "#c9a227", "#1f4e79", "#6c757d")
#: Share of the highest density above which a density counts as seen, and what is shown around it.
_SEEN: Final = 0.01
_MARGIN_EV: Final = 1.5

_REFERENCE: Final = {
    "vbm": "E - E(VBM)",
    "fermi": "E - E(Fermi)",
    "vacuum": "E - E(vacuum)",
    "core": "E - E(core)",
}


def plot_density_of_states(densities: ProjectedDensities, axes: Axes) -> Axes:
    """Draw the density of one atom of each class; spin down hangs below the axis.

    Parameters
    ----------
    densities
        What to draw.
    axes
        Where to draw.

    Returns
    -------
    The axes. A dotted line marks each centre, the grey band the gap. A class without a
    centre (too little weight) is named so in the legend.
    """
    energies = densities.energies_ev
    axes.axhline(0.0, color="0.35", linewidth=0.8, zorder=1)
    if densities.cbm_ev is not None and densities.cbm_ev > densities.vbm_ev:
        axes.axvspan(densities.vbm_ev, densities.cbm_ev, color="0.92", zorder=0, label="gap")
    else:
        axes.axvline(densities.vbm_ev, color="0.6", linewidth=0.8, zorder=0)
    for number, (name, curve) in enumerate(densities.curves.items()):
        color = _COLORS[number % len(_COLORS)]
        center = "no centre" if curve.center_ev is None else f"centre {curve.center_ev:.2f} eV"
        axes.plot(
            energies,
            curve.up,
            color=color,
            linewidth=1.1,
            label=f"{name} ({curve.n_sites}), {center}",
        )
        if curve.down is not None:
            axes.plot(energies, [-value for value in curve.down], color=color, linewidth=1.1)
        if curve.center_ev is not None:
            axes.axvline(curve.center_ev, color=color, linestyle=":", linewidth=1.2)
    axes.set_xlim(_shown(densities))
    axes.set_xlabel(f"{_REFERENCE[densities.reference]} (eV)")
    down = any(curve.down is not None for curve in densities.curves.values())
    axes.set_ylabel(
        f"{densities.element} {densities.orbital} states (1/eV per atom)"
        + ("\nspin up above, down below zero" if down else "")
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
    """Draw into a file; its ending says which kind."""
    figure = Figure(figsize=(6.4, 4.8), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    plot_density_of_states(densities, figure.add_subplot())
    figure.savefig(path)
