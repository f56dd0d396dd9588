"""Projected densities of states of classes of atoms, with their band centres marked."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from llo_dft.analysis.electronic.site_band_centers import SiteDensities
from llo_dft.documents.electrons.electronic import BandCenters, BandEdges, Window
from llo_dft.report.figures.figure_parts import legend_below, new_figure, save_figure
from llo_dft.report.figures.palette import GUIDE, ZERO_LINE, class_colors
from llo_dft.report.titles import settings_text, title_text
from llo_dft.typing import FloatArray

#: Fraction of the highest density above which a density is shown, and the margin around it:
#: the deep O 2s states have less.
_SEEN: Final = 0.1
_MARGIN_EV: Final = 1.5

#: Height of a line of text above the curves, in heights of the curves.
_ROW: Final = 0.07

_REFERENCE: Final = {"vbm": "VBM", "fermi": "Fermi", "vacuum": "vacuum", "core": "core"}


def plot_density_of_states(
    densities: SiteDensities, centers: BandCenters, axes: Axes, window: Window = "valence"
) -> Axes:
    """Draw the density of one atom of each class; spin down is below the axis.

    A dotted line marks each centre in ``window``, with its class and value at its end; the grey
    band is the gap. A class without a centre has too little weight. Returns the axes.
    """
    zero, edges = centers.reference_ev, centers.edges
    energies, curves = np.asarray(densities.energies_ev) - zero, densities.class_means()
    axes.axhline(0.0, color=ZERO_LINE, linewidth=0.8, zorder=1)
    if edges.cbm_ev is not None and edges.cbm_ev > edges.vbm_ev:
        axes.axvspan(edges.vbm_ev - zero, edges.cbm_ev - zero, color="0.92", zorder=0, label="gap")
    else:
        axes.axvline(edges.vbm_ev - zero, color=GUIDE, linewidth=0.8, zorder=0)
    colors = class_colors(curves)
    for name, spins in curves.items():
        for down, density in enumerate(spins):
            sign, label = (-1, None) if down else (1, f"{name} ({centers.classes[name].n_sites})")
            axes.plot(energies, sign * density, color=colors[name], linewidth=1.1, label=label)
    _mark_centres(axes, centers, window, colors)
    axes.set_xlim(visible_range(energies, list(curves.values()), edges, zero))
    axes.set_xlabel(f"E - E({_REFERENCE[centers.reference]}) (eV)")
    axes.set_ylabel(
        f"{densities.element} {densities.orbital} states (1/eV per atom)"
        + ("\nspin up above, down below zero" if np.shape(densities.density)[1] > 1 else "")
    )
    lines = [
        f"{centers.label}, centres of the {window} window",
        settings_text(centers.fingerprint),
    ]
    axes.set_title(title_text(lines, mock=centers.mock), fontsize=9, loc="left")
    legend_below(axes, columns=2)
    return axes


def _mark_centres(
    axes: Axes, centers: BandCenters, window: Window, colors: Mapping[str, str]
) -> None:
    """Draw a dotted line at the centre of each class, with its name at its end above the curves."""
    found = {
        name: getattr(one.centers.both, window).center_ev for name, one in centers.classes.items()
    }
    marked = sorted((center, name) for name, center in found.items() if center is not None)
    low, high = axes.get_ylim()
    row = _ROW * (high - low)
    for below, (center, name) in enumerate(reversed(marked)):  # the deepest ends highest
        top = high + (below + 0.5) * row
        axes.plot([center, center], [low, top], ":", color=colors[name], linewidth=1.2)
        text = f" {name}: {center:.2f} eV"
        axes.text(center, top, text, color=colors[name], va="center", fontsize=8, fontweight="bold")
    axes.set_ylim(low, high + len(marked) * row)


def visible_range(
    energies: FloatArray, curves: list[FloatArray], edges: BandEdges, zero: float
) -> tuple[float, float]:
    """Return the range with visible states, including the gap; energies are from ``zero``, eV.

    A calculation's own energies begin at its deepest state, Li 1s or O 2s.
    """
    height = np.abs(curves).max(axis=(0, 1))
    seen = energies[height > _SEEN * height.max()]
    ends = [edge - zero for edge in (edges.vbm_ev, edges.cbm_ev) if edge is not None]
    low, high = min([*seen, *ends]), max([*seen, *ends])
    return max(energies[0], low - _MARGIN_EV), min(energies[-1], high + _MARGIN_EV)


def save_density_of_states(
    densities: SiteDensities,
    centers: BandCenters,
    path: Path,
    window: Window = "valence",
    also: Sequence[str] = (),
) -> None:
    """Draw to a file; its suffix gives the format, and ``also`` those of further files."""
    figure = new_figure(6.4, 4.8)
    plot_density_of_states(densities, centers, figure.add_subplot(), window)
    save_figure(figure, path, mock=centers.mock, also=also)
