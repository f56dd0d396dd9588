"""Figures of a charge-density difference: planar average with Q(z), bonds, isosurfaces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # type: ignore[import-untyped]

from llo_dft.analysis.charge_difference import atom_planes_angstrom
from llo_dft.plotting.isosurface import isosurface

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from llo_dft.documents.charge import ChargeDifference
    from llo_dft.typing import FloatArray

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

#: An atom so near outside the picture's box, in parts of it, is on its face.
_EDGE: Final = 1e-6

_GAIN, _LOSS = "#e0b000", "#1fa3b5"
_LINE, _CUMULATIVE = "#1f4e79", "#b8491e"

#: Points along an axis that an isosurface is drawn from, at most: more is not seen, and slow.
MAX_POINTS_DRAWN: Final = 64

#: Part of the largest |difference| at which the isosurfaces are drawn if nothing is said.
DEFAULT_LEVEL: Final = 0.15

#: Half the height about the interface that the picture shows, angstrom.
HALF_VIEW_ANGSTROM: Final = 5.0


def plot_planar_average(document: ChargeDifference, axes: Axes) -> Axes:
    """Draw the planar average, and on a second scale the cumulative charge Q(z)."""
    planar = document.planar
    z, density = planar.coordinate_angstrom, np.array(planar.line_density_e_per_angstrom)
    fill: dict[str, Any] = {"alpha": 0.6, "linewidth": 0, "interpolate": True}
    axes.fill_between(z, density, 0, where=(density >= 0).tolist(), color=_GAIN, **fill)
    axes.fill_between(z, density, 0, where=(density <= 0).tolist(), color=_LOSS, **fill)
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
    axes.axhline(0.0, color="0.5", lw=0.6)
    axes.set_xlabel("distance from P towards O (Å)")
    axes.set_ylabel(r"$\Delta\rho$ (e/Å$^3$)")
    return axes


def save_planar_average(document: ChargeDifference, path: Path) -> None:
    """Write the planar average with Q(z), the atoms' planes below, as PNG."""
    figure = _figure((7.2, 5.2))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    plot_planar_average(document, upper)
    plot_atom_planes(document, lower)
    upper.set_title(_title(document), fontsize=8, loc="left")
    figure.savefig(path, metadata={"Software": None})


def save_bonds(document: ChargeDifference, path: Path) -> None:
    """Write the profiles along the bonds as PNG."""
    figure = _figure((5.6, 4.0))
    axes = plot_bonds(document, figure.subplots())
    axes.set_title(_title(document), fontsize=7, loc="left")
    figure.savefig(path, metadata={"Software": None})


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
    largest = float(np.abs(grid).max())
    level = level_e_per_a3 or DEFAULT_LEVEL * largest or 1.0
    lattice = document.structure.lattice.matrix
    figure = _figure((6.4, 6.4))
    axes: Any = figure.add_subplot(projection="3d", computed_zorder=False)
    steps = (
        lattice / np.array(difference_per_a3.shape)[:, None] * _strides(difference_per_a3)[:, None]
    )
    for sign, color in ((1.0, _GAIN), (-1.0, _LOSS)):
        triangles = isosurface(sign * grid, level) @ steps + origin
        if len(triangles):
            axes.add_collection3d(
                Poly3DCollection(triangles, facecolors=color, shade=True, alpha=0.55, zorder=2)
            )
    low, high = origin, origin + (np.array(grid.shape) - 1) @ steps
    _draw_atoms(document, axes, origin, steps, grid.shape)
    _frame(axes, origin, steps * (np.array(grid.shape) - 1)[:, None])
    axes.set_box_aspect(np.maximum(np.ptp(np.array([low, high]), axis=0), 1.0), zoom=1.15)
    axes.view_init(elev=12, azim=-62)
    axes.set_axis_off()
    title = f"{_title(document)}\nyellow +{level:.2g}, cyan -{level:.2g} e/Å$^3$"
    axes.set_title(title, fontsize=8, loc="left")
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


def _draw_atoms(
    document: ChargeDifference,
    axes: Any,  # noqa: ANN401 (Axes3D has no types)
    origin: FloatArray,
    steps: FloatArray,
    shape: tuple[int, ...],
) -> None:
    """Draw the atoms, and their periodic images, that lie in the box of the picture."""
    structure = document.structure
    box = steps * (np.array(shape) - 1)[:, None]
    for element in sorted({site.specie.symbol for site in structure}):
        chosen = [i for i, site in enumerate(structure) if site.specie.symbol == element]
        images = structure.frac_coords[chosen][:, None, :] + np.array(
            [np.array(index) - 2 for index in np.ndindex(5, 5, 5)]
        )
        points = images.reshape(-1, 3) @ structure.lattice.matrix
        within = (points - origin) @ np.linalg.inv(box)
        points = points[(np.abs(within - 0.5) < 0.5 + _EDGE).all(axis=1)]
        color = ELEMENT_COLORS.get(element, OTHER_COLOR)
        axes.scatter(
            *points.T,
            s=70,
            color=color,
            edgecolors="0.2",
            lw=0.5,
            label=element,
            depthshade=False,
            zorder=3,
        )
    axes.legend(fontsize=8, frameon=False, loc="center right")


def _frame(axes: Any, origin: FloatArray, box: FloatArray) -> None:  # noqa: ANN401
    corners = np.array(list(np.ndindex(2, 2, 2)))
    for first in corners:
        for second in corners:
            if (second - first).sum() == 1 and (second >= first).all():
                line = np.array([first @ box + origin, second @ box + origin])
                axes.plot(*line.T, color="0.6", lw=0.7, zorder=1)


def _figure(size: tuple[float, float]) -> Figure:
    figure = Figure(figsize=size, dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _title(document: ChargeDifference) -> str:
    names = [_short(n) for n in (document.whole_file, document.a_file, document.b_file)]
    return (
        f"{document.structure.composition.formula}, densities of VASP\n"
        f"AB {names[0]}, A {names[1]}, B {names[2]}\n"
        f"{document.absolute_e:.3f} e moved, residual {document.residual_e:.1e} e"
    )


def _short(name: str) -> str:
    return "/".join(Path(name).parts[-2:])
