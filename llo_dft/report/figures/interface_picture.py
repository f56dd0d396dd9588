"""A picture of the charge-density difference at an interface: isosurfaces, atoms, bonds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.patches import Patch
from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # type: ignore[import-untyped]

from llo_dft.analysis.electronic.density_difference import atom_planes_angstrom
from llo_dft.report.figures.electron_transfer import (
    ELEMENT_COLORS,
    GAIN_COLOR,
    LOSS_COLOR,
    OTHER_COLOR,
    charge_title,
    new_figure,
)
from llo_dft.report.figures.isosurface import isosurface

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.documents.charge import ChargeDifference
    from llo_dft.typing import FloatArray

#: An atom so near outside the picture's box, in parts of it, is on its face.
_EDGE: Final = 1e-6

#: Points along an axis that an isosurface is drawn from, at most: more is not seen, and slow.
MAX_POINTS_DRAWN: Final = 64

#: Part of the largest |difference| at which the isosurfaces are drawn if nothing is said.
DEFAULT_LEVEL: Final = 0.15

#: Half the height about the interface that the picture shows, angstrom.
HALF_VIEW_ANGSTROM: Final = 5.0


def save_isosurface(
    document: ChargeDifference,
    difference_per_a3: FloatArray,
    path: Path,
    level_e_per_a3: float | None = None,
) -> None:
    """Write a picture of the interface between the surfaces +level and -level, as PNG.

    Parameters
    ----------
    document
        What the grid belongs to.
    difference_per_a3
        Electrons per cubic angstrom, shape (n_a, n_b, n_c).
    path
        The PNG.
    level_e_per_a3
        Where to draw; ``DEFAULT_LEVEL`` of the largest |difference| if not given.
    """
    grid, origin = _view(document, difference_per_a3)
    level = level_e_per_a3 or DEFAULT_LEVEL * float(np.abs(grid).max()) or 1.0
    steps = (
        document.structure.lattice.matrix
        / np.array(difference_per_a3.shape)[:, None]
        * _strides(difference_per_a3)[:, None]
    )
    figure = new_figure((6.4, 5.8))
    axes: Any = figure.add_subplot(projection="3d", computed_zorder=False)
    for sign, color in ((1.0, GAIN_COLOR), (-1.0, LOSS_COLOR)):
        triangles = isosurface(sign * grid, level) @ steps + origin
        if len(triangles):
            axes.add_collection3d(
                Poly3DCollection(triangles, facecolors=color, shade=True, alpha=0.55, zorder=2)
            )
    box = steps * (np.array(grid.shape) - 1)[:, None]
    _draw_atoms(document, axes, origin, box)
    _draw_bonds(document, axes, origin, box)
    _frame(axes, origin, box)
    axes.set_box_aspect(np.maximum(np.ptp(_corners(box), axis=0), 1.0), zoom=1.4)
    axes.view_init(elev=12, azim=-62)
    axes.set_axis_off()
    _legend(axes, level)
    figure.suptitle(charge_title(document), fontsize=8, x=0.02, ha="left")
    figure.savefig(path, metadata={"Software": None})


def _strides(grid: FloatArray) -> FloatArray:
    return np.array([max(1, -(-n // MAX_POINTS_DRAWN)) for n in grid.shape], dtype=np.float64)


def _view(document: ChargeDifference, grid: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return every so many points of the grid about the interface, and where it begins (A)."""
    axis = document.planar.axis
    heights = document.planar.coordinate_angstrom
    n_planes = len(heights)
    step = heights[1] - heights[0] if n_planes > 1 else 1.0
    middle = round(_interface_height(document) / step)
    half = min(round(HALF_VIEW_ANGSTROM / step), n_planes // 2)
    choices = []
    for i, (n, stride) in enumerate(zip(grid.shape, _strides(grid).astype(int), strict=True)):
        if i == axis:
            choices.append(np.arange(middle - half, middle + half + 1, stride))
        else:
            choices.append(np.arange(0, n + 1, stride))
    first = np.array([choice[0] for choice in choices])
    origin = (first / np.array(grid.shape)) @ document.structure.lattice.matrix
    wrapped = [choice % n for choice, n in zip(choices, grid.shape, strict=True)]
    return grid[np.ix_(*wrapped)], origin


def _interface_height(document: ChargeDifference) -> float:
    """Height of the bonds across, or of the largest planar average if there are none."""
    planar = document.planar
    if document.bonds:
        heights = atom_planes_angstrom(document.structure, planar)
        ends = [i for bond in document.bonds for i in (bond.p_index, bond.o_index)]
        return float(np.mean(heights[ends]))
    largest = int(np.abs(planar.line_density_e_per_angstrom).argmax())
    return planar.coordinate_angstrom[largest]


def _images_in_box(places: FloatArray, origin: FloatArray, box: FloatArray) -> FloatArray:
    """Tell which of some Cartesian places lie in the box of the picture."""
    within = (places - origin) @ np.linalg.inv(box)
    inside: FloatArray = places[(np.abs(within - 0.5) < 0.5 + _EDGE).all(axis=1)]
    return inside


def _images(document: ChargeDifference, sites: list[int]) -> FloatArray:
    """Return the Cartesian places of some atoms and of their images around."""
    structure = document.structure
    images = structure.frac_coords[sites][:, None, :] + np.array(
        [np.array(index) - 2 for index in np.ndindex(5, 5, 5)]
    )
    places: FloatArray = images.reshape(-1, 3) @ structure.lattice.matrix
    return places


def _draw_atoms(
    document: ChargeDifference,
    axes: Any,  # noqa: ANN401 (Axes3D has no types)
    origin: FloatArray,
    box: FloatArray,
) -> None:
    """Draw the atoms, and their periodic images, that lie in the box of the picture."""
    symbols = [site.specie.symbol for site in document.structure]
    for element in sorted(set(symbols)):
        chosen = [i for i, symbol in enumerate(symbols) if symbol == element]
        points = _images_in_box(_images(document, chosen), origin, box)
        axes.scatter(
            *points.T,
            s=70,
            color=ELEMENT_COLORS.get(element, OTHER_COLOR),
            edgecolors="0.2",
            lw=0.5,
            label=element,
            depthshade=False,
            zorder=4,
        )


def _draw_bonds(
    document: ChargeDifference,
    axes: Any,  # noqa: ANN401
    origin: FloatArray,
    box: FloatArray,
) -> None:
    """Draw each P-O bond across the interface from every image of its P in the box."""
    structure = document.structure
    for bond in document.bonds:
        p, o = structure[bond.p_index], structure[bond.o_index]
        _, image = p.distance_and_image(o)
        along = structure.lattice.get_cartesian_coords(o.frac_coords + image - p.frac_coords)
        for start in _images_in_box(_images(document, [bond.p_index]), origin, box):
            axes.plot(*np.array([start, start + along]).T, color="0.25", lw=2.0, zorder=3)


def _corners(box: FloatArray) -> FloatArray:
    corners: FloatArray = np.array(list(np.ndindex(2, 2, 2))) @ box
    return corners


def _frame(axes: Any, origin: FloatArray, box: FloatArray) -> None:  # noqa: ANN401
    """Draw the edges of the box, three of them with their lengths."""
    corners = np.array(list(np.ndindex(2, 2, 2)))
    for first in corners:
        for second in corners:
            if (second - first).sum() == 1 and (second >= first).all():
                line = np.array([first @ box + origin, second @ box + origin])
                axes.plot(*line.T, color="0.6", lw=0.7, zorder=1)
    for axis, start in enumerate(([0, 0, 0], [1, 0, 0], [0, 0, 0])):
        middle = np.array(start) @ box + origin + box[axis] / 2
        text = f"{np.linalg.norm(box[axis]):.1f} Å of {'abc'[axis]}"
        white = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        axes.text(*middle, text, fontsize=8, ha="center", va="center", zorder=5, bbox=white)


def _legend(axes: Any, level: float) -> None:  # noqa: ANN401
    handles, _ = axes.get_legend_handles_labels()
    surfaces = [
        Patch(color=GAIN_COLOR, alpha=0.55, label=f"+{level:.2g} e/Å$^3$"),
        Patch(color=LOSS_COLOR, alpha=0.55, label=f"-{level:.2g} e/Å$^3$"),
    ]
    axes.legend(
        handles=[*handles, *surfaces],
        fontsize=8,
        frameon=False,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
    )
