"""A slab or interface from the side and from the top: atoms, bonds and polyhedra."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon
from matplotlib.path import Path as MplPath
from matplotlib.patheffects import withStroke
from pymatgen.core.structure import Structure

from llo_dft.chemistry.bonded_structure import bonded_structure
from llo_dft.chemistry.roles import element_role
from llo_dft.documents.atom_identity import places
from llo_dft.report.figures.figure_parts import new_figure, save_figure
from llo_dft.report.figures.palette import GUIDE, element_color

#: Drawn radius of an atom by its role, angstrom.
_RADII: Final = {"framework": 0.5, "former": 0.42, "anion": 0.36, "mobile": 0.4}

#: Radius of a ring around a marked atom, and least distance of names in the top view, angstrom.
_RING: Final = 0.7
_NAME_STEP: Final = 1.3


#: A circle is drawn after bonds and faces of the same height, angstrom.
_IN_FRONT: Final = 1e-2


class _Piece(NamedTuple):
    """What is drawn at one height: an outline, its fill, its line's colour and width (points)."""

    height: float
    path: MplPath
    face: str | tuple[float, float, float, float]
    edge: str
    width: float


def drawn_radius(symbol: str) -> float:
    """Return the radius that an element's atoms are drawn with, angstrom."""
    return _RADII[element_role(symbol)]


def plot_view(
    structure: Structure, axes: Axes, *, top: bool, marked: Mapping[int, str] | None = None
) -> Axes:
    """Draw a structure whose c axis is the normal of its layers.

    ``top`` views it along the normal; otherwise it is seen in the plane, with its longer side
    horizontal. ``marked`` are sites to ring, with the text for each in the view from the top.
    Returns the axes, in angstrom.
    """
    widest = int(np.argmax(np.ptp(structure.lattice.matrix[:2, :2], axis=0)))
    across, up, depth = (0, 1, 2) if top else (widest, 2, 1 - widest)
    toward = 1.0 if top else -1.0
    drawn = bonded_structure(structure)
    flat, heights = drawn.points[:, [across, up]], toward * drawn.points[:, depth]
    colors = [element_color(structure[owner].specie.symbol) for owner in drawn.owners]
    pieces: list[_Piece] = []
    for center, faces in drawn.polyhedra:
        for face in faces:
            outline = MplPath(flat[[*face, face[0]]], closed=True)
            pieces.append(
                _Piece(heights[center], outline, to_rgba(colors[center], 0.13), colors[center], 0.3)
            )
    for first, second in drawn.bonds:
        middle = flat[[first, second]].mean(axis=0)
        for end in (first, second):
            half = MplPath([flat[end], middle])
            lower = min(heights[first], heights[second])
            pieces.append(_Piece(lower, half, "none", colors[end], 1.6))
    for i in np.argsort(heights):
        radius = drawn_radius(structure[drawn.owners[i]].specie.symbol)
        x, y = flat[i].tolist()
        circle = MplPath.circle((x, y), radius)
        pieces.append(_Piece(heights[i] + _IN_FRONT, circle, to_rgba(colors[i]), "0.2", 0.4))
    pieces.sort(key=lambda piece: piece.height)
    # one collection: an artist for each atom and bond is ten times slower
    axes.add_collection(
        PathCollection(
            [piece.path for piece in pieces],
            facecolors=[piece.face for piece in pieces],
            edgecolors=[piece.edge for piece in pieces],
            linewidths=[piece.width for piece in pieces],
            zorder=2,
        )
    )
    _mark(structure, axes, (across, up), marked or {}, named=top)
    _outline(structure, axes, across, up)
    axes.set_aspect("equal")
    axes.autoscale_view()
    axes.set_xlabel("xy"[across] + " (Å)")
    axes.set_ylabel("y (Å)" if top else "z (Å)")
    axes.set_title("from the top" if top else "from the side", fontsize=9)
    return axes


def _mark(
    structure: Structure,
    axes: Axes,
    directions: tuple[int, int],
    marked: Mapping[int, str],
    *,
    named: bool,
) -> None:
    """Ring sites; their names are to the right of the picture, each with a line to its atom."""
    centers = {site: tuple(structure[site].coords[list(directions)].tolist()) for site in marked}
    for center in centers.values():
        ring = Circle(center, _RING, fill=False, edgecolor="black", linewidth=1.6, zorder=5)
        ring.set_path_effects([withStroke(linewidth=3.2, foreground="white")])
        axes.add_patch(ring)
    if not named:
        return
    a, b = structure.lattice.matrix[:2, :2]
    right = max(0.0, a[0], b[0], a[0] + b[0]) + 1.0
    level = -np.inf
    for site, center in sorted(centers.items(), key=lambda item: item[1][1]):
        level = max(level + _NAME_STEP, center[1])
        axes.annotate(
            marked[site],
            center,
            xytext=(right, level),
            textcoords="data",
            fontsize=7,
            va="center",
            zorder=6,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": "0.25", "linewidth": 0.7, "shrinkB": 5},
        )


def save_views(
    structure: Structure,
    path: Path,
    title: str,
    marked: Mapping[int, str] | None = None,
    ring_means: str = "vacancy candidate",
) -> None:
    """Write side and top view of a structure; ``marked`` sites are ringed.

    The suffix of the path gives the format.
    """
    figure = new_figure(8.5, 5.2)
    figure.set_dpi(130)
    side, top = figure.subplots(1, 2)
    plot_view(structure, side, top=False, marked=marked)
    plot_view(structure, top, top=True, marked=marked)
    _explain_atoms(figure, [structure], ring_means if marked else None)
    figure.suptitle(title, fontsize=9)
    save_figure(figure, path)


def save_side_by_side(
    structures: Mapping[str, Structure], removed: int | None, path: Path, also: Sequence[str] = ()
) -> None:
    """Write side views of structures of a study by title; the O that leaves is ringed.

    ``removed`` is its index in the pristine bare slab; ``also`` is that of ``save_figure``.
    """
    figure = new_figure(4.4 * len(structures) + 0.8, 6.0)
    for axes, (title, structure) in zip(
        np.ravel(figure.subplots(1, len(structures))), structures.items(), strict=True
    ):
        here = places(structure)
        marked = {here[removed]: f"O{removed}"} if removed in here else {}
        plot_view(structure, axes, top=False, marked=marked)
        axes.set_title(title, fontsize=9)
    _explain_atoms(figure, structures.values())
    save_figure(figure, path, also=also)


def _explain_atoms(
    figure: Figure, structures: Iterable[Structure], ring_means: str | None = None
) -> None:
    """Put a legend of the elements below a figure, and of what a ring means."""
    look: dict[str, Any] = {"marker": "o", "linestyle": "none"}
    symbols = sorted({site.specie.symbol for one in structures for site in one})
    handles = [
        Line2D([], [], color=element_color(one), markeredgecolor="0.2", label=one, **look)
        for one in symbols
    ]
    if ring_means is not None:
        handles.append(Line2D([], [], color="black", fillstyle="none", label=ring_means, **look))
    figure.legend(handles=handles, loc="outside lower center", ncols=8, fontsize=8, frameon=False)


def _outline(structure: Structure, axes: Axes, across: int, up: int) -> None:
    a, b, c = structure.lattice.matrix
    in_plane = a if abs(a[across]) > abs(b[across]) else b
    first, second = (a, b) if up == 1 else (in_plane, c)
    corners = np.array([np.zeros(3), first, first + second, second])[:, [across, up]]
    axes.add_patch(Polygon(corners, closed=True, fill=False, edgecolor=GUIDE, linewidth=0.8))
