"""A picture of the charge-density difference at an interface: isosurfaces, atoms, bonds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.patches import Patch
from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # type: ignore[import-untyped]

from llo_dft.analysis.electronic.density_difference import atom_planes_angstrom
from llo_dft.documents.electrons.charge import ChargeDifference
from llo_dft.report.figures.electron_transfer import charge_title
from llo_dft.report.figures.figure_parts import legend_beside, new_figure, save_figure
from llo_dft.report.figures.isosurface import isosurface
from llo_dft.report.figures.palette import GAIN, GUIDE, LOSS, element_color
from llo_dft.typing import FloatArray

#: An atom this close outside the picture's box, in fractions of it, is on its face.
_EDGE: Final = 1e-6

#: Most points along an axis of a drawn isosurface: more are slow and not visible.
MAX_POINTS_DRAWN: Final = 64

#: Default level of the isosurfaces, as a fraction of the largest |difference|.
DEFAULT_LEVEL: Final = 0.05

#: Half the height around the interface that the picture shows, angstrom.
HALF_VIEW_ANGSTROM: Final = 5.0

_CORNERS: Final = np.array(list(np.ndindex(2, 2, 2)))
_IMAGES: Final = np.array(list(np.ndindex(5, 5, 5))) - 2


def save_isosurface(
    document: ChargeDifference,
    difference_per_a3: FloatArray,
    path: Path,
    level_e_per_a3: float | None = None,
    also: Sequence[str] = (),
) -> None:
    """Write a picture of the interface with the surfaces +level and -level, as PNG.

    The grid of the document is in electrons per cubic angstrom, shape (n_a, n_b, n_c); the level is
    ``DEFAULT_LEVEL`` of the largest |difference| if None; ``also`` is as for ``save_figure``.
    """
    grid, origin, steps = view_of_interface(document, difference_per_a3)
    level = level_e_per_a3 or DEFAULT_LEVEL * float(np.abs(grid).max()) or 1.0
    box = steps * (np.array(grid.shape) - 1)[:, None]
    figure = new_figure(6.4, 5.8)
    axes: Any = figure.add_subplot(projection="3d", computed_zorder=False)
    surfaces = []
    for sign, color in ((1.0, GAIN), (-1.0, LOSS)):
        triangles = isosurface(sign * grid, level) @ steps + origin
        if len(triangles):
            axes.add_collection3d(
                Poly3DCollection(triangles, facecolors=color, shade=True, alpha=0.55, zorder=2)
            )
        surfaces.append(Patch(color=color, alpha=0.55, label=f"{sign * level:+.2g} e/Å$^3$"))
    _draw_atoms_and_bonds(document, axes, origin, box)
    _draw_box(axes, origin, box)
    axes.set_box_aspect(np.maximum(np.ptp(_CORNERS @ box, axis=0), 1.0), zoom=1.4)
    axes.view_init(elev=12, azim=-62)
    axes.set_axis_off()
    legend_beside(axes, handles=[*axes.get_legend_handles_labels()[0], *surfaces])
    figure.suptitle(charge_title(document), fontsize=8, x=0.02, ha="left")
    save_figure(figure, path, mock=document.mock, also=also)


def view_of_interface(
    document: ChargeDifference, grid: FloatArray, most_points: int = MAX_POINTS_DRAWN
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a thinned grid around the interface, the place of its first point and its steps.

    At most ``most_points`` along an axis. Places and steps in angstrom; each row of the steps,
    shape (3, 3), leads to the next point.
    """
    shape = np.array(grid.shape)
    strides = -(-shape // most_points)
    axis, heights = document.planar.axis, document.planar.coordinate_angstrom
    step = heights[1] - heights[0] if len(heights) > 1 else 1.0
    middle = round(_interface_height(document) / step)
    half = min(round(HALF_VIEW_ANGSTROM / step), len(heights) // 2)
    chosen = [np.arange(0, n + 1, stride) for n, stride in zip(shape, strides, strict=True)]
    chosen[axis] = np.arange(middle - half, middle + half + 1, strides[axis])
    steps: FloatArray = document.structure.lattice.matrix / shape[:, None]
    origin = np.array([points[0] for points in chosen]) @ steps
    wrapped = np.ix_(*(points % n for points, n in zip(chosen, shape, strict=True)))
    return grid[wrapped], origin, steps * strides[:, None]


def _interface_height(document: ChargeDifference) -> float:
    """Height of the bonds across, or of the largest planar average if there are none."""
    planar = document.planar
    if document.bonds:
        heights = atom_planes_angstrom(document.structure, planar)
        ends = [i for bond in document.bonds for i in (bond.former, bond.oxygen)]
        return float(np.mean(heights[ends]))
    largest = int(np.abs(planar.line_density_e_per_angstrom).argmax())
    return planar.coordinate_angstrom[largest]


def _draw_atoms_and_bonds(
    document: ChargeDifference,
    axes: Any,  # noqa: ANN401 (Axes3D has no types)
    origin: FloatArray,
    box: FloatArray,
) -> None:
    """Draw atoms and their periodic images in the box, and each former's bonds across."""
    structure = document.structure

    def seen(sites: list[int]) -> FloatArray:
        images = structure.frac_coords[sites][:, None, :] + _IMAGES
        places: FloatArray = images.reshape(-1, 3) @ structure.lattice.matrix
        within = np.abs((places - origin) @ np.linalg.inv(box) - 0.5) < 0.5 + _EDGE
        return places[within.all(axis=1)]

    atoms = [site.specie.symbol for site in structure]
    for element in sorted(set(atoms)):
        look = {"color": element_color(element), "edgecolors": "0.2", "label": element}
        points = seen([i for i, atom in enumerate(atoms) if atom == element])
        axes.scatter(*points.T, s=70, lw=0.5, depthshade=False, zorder=4, **look)
    for bond in document.bonds:
        former, o = structure[bond.former], structure[bond.oxygen]
        _, image = former.distance_and_image(o)
        along = structure.lattice.get_cartesian_coords(o.frac_coords + image - former.frac_coords)
        for start in seen([bond.former]):
            axes.plot(*np.array([start, start + along]).T, color="0.25", lw=2.0, zorder=3)


def _draw_box(axes: Any, origin: FloatArray, box: FloatArray) -> None:  # noqa: ANN401
    """Draw the edges of the box, three of them with their lengths."""
    for axis, edge in enumerate(box):
        for corner in _CORNERS[_CORNERS[:, axis] == 0]:
            start = corner @ box + origin
            axes.plot(*np.array([start, start + edge]).T, color=GUIDE, lw=0.7, zorder=1)
        middle = origin + edge / 2 + (box[0] if axis == 1 else 0.0)
        text = f"{np.linalg.norm(edge):.1f} Å of {'abc'[axis]}"
        white = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        axes.text(*middle, text, fontsize=8, ha="center", va="center", zorder=5, bbox=white)
