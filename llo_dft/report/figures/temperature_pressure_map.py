"""Maps of E_f over temperature and O2 pressure, with the line where oxygen begins to leave."""

import math
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh

from llo_dft.documents.oxygen import HostMap, VacancyMap
from llo_dft.documents.study_result import StudyResult
from llo_dft.report.figures.figure_parts import new_figure, save_figure
from llo_dft.report.titles import settings_text, title_text

#: Most panels in a row.
_COLUMNS: Final = 3


def plot_vacancy_map(
    grid: VacancyMap, host: HostMap, axes: Axes, limit_ev: float | None = None
) -> QuadMesh:
    """Draw the lowest E_f of one host; black where it crosses zero.

    ``grid`` has the temperatures and pressures. Colours range from minus ``limit_ev`` to this;
    None: by the energies of the host. Returns the coloured mesh, for a colour bar.
    """
    energies = np.array(host.formation_energies_ev)
    limit = float(np.abs(energies).max()) if limit_ev is None else limit_ev
    temperatures, pressures = grid.temperatures_k, np.log10(grid.pressures_bar)
    mesh = axes.pcolormesh(
        temperatures,
        pressures,
        energies.T,
        cmap="RdBu",
        vmin=-limit,
        vmax=limit,
        shading="gouraud",
        rasterized=True,
    )
    if energies.min() < 0 < energies.max():
        line = axes.contour(
            temperatures, pressures, energies.T, levels=[0.0], colors="black", linewidths=1.6
        )
        axes.clabel(line, fmt="0 eV", fontsize=7)
    else:
        side = "above" if energies.min() >= 0 else "below"
        axes.annotate(
            f"{side} zero throughout",
            (0.5, 0.5),
            xycoords="axes fraction",
            ha="center",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8},
        )
    axes.set_xlabel("Temperature (K)")
    axes.set_ylabel(r"$\log_{10}$ of O$_2$ pressure (bar)")
    x = host.lithium_fraction
    name = f": {host.label}" if x is None else f", x = {x:.3f}"
    axes.set_title(f"{host.system}{name}", fontsize=9)
    return mesh


def save_vacancy_map(result: StudyResult, path: Path) -> None:
    """Draw a panel for each host to a file; its suffix gives the format.

    Raises ``ValueError`` if the result has no map, or no host in it.
    """
    grid = result.vacancy_map
    if grid is None or not grid.hosts:
        raise ValueError("no host has a formation energy to draw a map of")
    columns = min(_COLUMNS, len(grid.hosts))
    rows = math.ceil(len(grid.hosts) / columns)
    figure = new_figure(1.2 + 3.6 * columns, 0.8 + 3.2 * rows)
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    limit = max(float(np.abs(host.formation_energies_ev).max()) for host in grid.hosts)
    for axes in panels[len(grid.hosts) :]:
        axes.set_visible(False)
    meshes = [
        plot_vacancy_map(grid, host, axes, limit)
        for host, axes in zip(grid.hosts, panels, strict=False)
    ]
    bar = figure.colorbar(meshes[0], ax=panels)
    bar.set_label("Lowest vacancy formation energy (eV per O)")
    parts = [settings_text(result.fingerprint)]
    if result.oxygen is not None:
        parts.append(f"O2 scheme '{result.oxygen.scheme}', {result.oxygen.o2_energy_source}")
    title = title_text(parts, allowed=result.allowed, mock=result.mock)
    figure.suptitle(title, fontsize=9)
    save_figure(figure, path, mock=result.mock)
