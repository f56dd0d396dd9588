"""A slab or interface from the side and from the top, coloured by element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.patches import Circle, Polygon

from llo_dft.report.figures.figure_parts import new_figure, save_figure
from llo_dft.report.figures.palette import GUIDE, element_color

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes
    from pymatgen.core.structure import Structure

    from llo_dft.typing import FloatArray

#: Drawn radius of a metal's atoms and of others, angstrom; Li is the smallest.
_METAL_RADIUS: Final = 0.62
_OTHER_RADIUS: Final = 0.50
_LITHIUM_RADIUS: Final = 0.45

#: An atom nearer to a face of the cell than this (fractional) is drawn on both sides.
_EDGE: Final = 0.02


def plot_view(
    structure: Structure, axes: Axes, *, top: bool, marked: Mapping[int, str] | None = None
) -> Axes:
    """Draw a structure whose c axis is the normal of its layers.

    Parameters
    ----------
    structure
        What to draw.
    axes
        Where to draw.
    top
        Look down the normal; else along the plane, with its longer side across.
    marked
        Sites to ring, and what to write beside each in the view from the top.

    Returns
    -------
    The axes, in angstrom.
    """
    widest = int(np.argmax(np.ptp(structure.lattice.matrix[:2, :2], axis=0)))
    across, up, depth = (0, 1, 2) if top else (widest, 2, 1 - widest)
    points, owners = _with_edges(structure)
    order = np.argsort(points[:, depth] if top else -points[:, depth])
    for i in order:
        element = structure[int(owners[i])].specie
        radius = _METAL_RADIUS if element.is_metal else _OTHER_RADIUS
        axes.add_patch(
            Circle(
                (float(points[i, across]), float(points[i, up])),
                _LITHIUM_RADIUS if element.symbol == "Li" else radius,
                facecolor=element_color(element.symbol),
                edgecolor="0.2",
                linewidth=0.4,
            )
        )
    for site, text in (marked or {}).items():
        place = structure[site].coords
        center = (float(place[across]), float(place[up]))
        axes.add_patch(Circle(center, 0.85, fill=False, edgecolor="black", linewidth=1.4))
        if top:
            axes.annotate(text, center, xytext=(5, 5), textcoords="offset points", fontsize=7)
    _outline(structure, axes, across, up)
    axes.set_aspect("equal")
    axes.autoscale_view()
    axes.set_xlabel("xy"[across] + " (A)")
    axes.set_ylabel("y (A)" if top else "z (A)")
    axes.set_title("from the top" if top else "from the side", fontsize=9)
    return axes


def save_views(
    structure: Structure,
    path: Path,
    title: str,
    marked: Mapping[int, str] | None = None,
    ring_means: str = "vacancy candidate",
) -> None:
    """Write side and top view of a structure as PNG; ``marked`` sites are ringed."""
    figure = new_figure(8.5, 5.2)
    figure.set_dpi(130)
    side, top = figure.subplots(1, 2)
    plot_view(structure, side, top=False, marked=marked)
    plot_view(structure, top, top=True, marked=marked)
    for symbol in sorted({site.specie.symbol for site in structure}):
        color = element_color(symbol)
        side.plot([], [], "o", color=color, markeredgecolor="0.2", label=symbol)
    if marked:
        side.plot([], [], "o", color="black", fillstyle="none", label=ring_means)
    figure.legend(loc="outside lower center", ncols=8, fontsize=8, frameon=False)
    figure.suptitle(title, fontsize=9)
    save_figure(figure, path)


def _with_edges(structure: Structure) -> tuple[FloatArray, list[int]]:
    """Return Cartesian points and their sites; atoms on an in-plane edge are drawn twice."""
    points: list[FloatArray] = []
    owners: list[int] = []
    for index, site in enumerate(structure):
        inside = np.array([*np.mod(site.frac_coords[:2], 1.0), site.frac_coords[2]])
        for along_a in (0, 1) if inside[0] < _EDGE else (0,):
            for along_b in (0, 1) if inside[1] < _EDGE else (0,):
                image = inside + np.array([along_a, along_b, 0.0])
                points.append(structure.lattice.get_cartesian_coords(image))
                owners.append(index)
    return np.array(points), owners


def _outline(structure: Structure, axes: Axes, across: int, up: int) -> None:
    a, b, c = structure.lattice.matrix
    in_plane = a if abs(a[across]) > abs(b[across]) else b
    first, second = (a, b) if up == 1 else (in_plane, c)
    corners = np.array([np.zeros(3), first, first + second, second])[:, [across, up]]
    axes.add_patch(Polygon(corners, closed=True, fill=False, edgecolor=GUIDE, linewidth=0.8))
