"""What several figures share: the file, axes over the lithium fraction, points, legends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from llo_dft.report.figures.palette import (
    LACKING,
    MOCK_COLOR,
    MOCK_HATCH,
    NEUTRAL,
    ZERO_LINE,
    element_color,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

#: Name of the axis over which everything is shown.
LITHIUM_FRACTION: Final = "Lithium fraction x  (charging to the right)"


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, of that size in inches, that needs no display."""
    figure = Figure(figsize=(width, height), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path, *, mock: bool = False) -> None:
    """Write a figure to a file, whose suffix gives the format; a stand-in's has hatched margins.

    Without the program's name and the date, the same figure is the same bytes whenever drawn.
    """
    if mock:
        margins = Rectangle(
            (0.0, 0.0), 1.0, 1.0, fill=False, edgecolor=MOCK_COLOR, hatch=MOCK_HATCH
        )
        margins.set(transform=figure.transFigure, zorder=-1.0, linewidth=0.0, in_layout=False)
        figure.add_artist(margins)
    figure.savefig(path, metadata={"Software": None} if path.suffix.lower() == ".png" else None)


def legend_below(axes: Axes, columns: int, below: float = -0.13, **options: Any) -> None:  # noqa: ANN401
    """Put the legend under the axes, where it hides nothing; ``below`` in parts of their height."""
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, below), "ncols": columns}
    axes.legend(**{"fontsize": 8, "frameon": False} | place | options)


def legend_beside(axes: Axes, **options: Any) -> None:  # noqa: ANN401 (matplotlib's own)
    """Put the legend to the right of the axes."""
    place = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
    axes.legend(**{"fontsize": 8, "frameon": False} | place | options)


def charging_axes(axes: Axes, lacking: Mapping[float, int]) -> None:
    """Make x the lithium fraction, falling to the right, with a line at zero.

    Parameters
    ----------
    axes
        Where curves of energies are drawn.
    lacking
        Number of vacancies without a result at each lithium fraction that there is. It stands at
        the foot of its fraction, which is within the axes even if nothing else is drawn there.
    """
    axes.axhline(0.0, color=ZERO_LINE, linewidth=0.8, zorder=1)
    axes.plot(list(lacking), [0.0] * len(lacking), linestyle="none")
    for fraction, number in lacking.items():
        if number:
            axes.annotate(
                f"{number} without a result",
                (fraction, 0.01),
                xycoords=("data", "axes fraction"),
                ha="center",
                fontsize=7,
                color=LACKING,
            )
    axes.set_xlabel(LITHIUM_FRACTION)
    axes.invert_xaxis()


def draw_points(
    axes: Axes,
    x: float | Sequence[float],
    y: float | Sequence[float],
    look: str,
    color: str,
    *,
    hollow: bool = False,
    **options: Any,  # noqa: ANN401 (matplotlib's own)
) -> None:
    """Draw points; ``look`` is matplotlib's marker and line, a hollow one is white within."""
    face = "white" if hollow else color
    axes.plot(x, y, look, **{"color": color, "markerfacecolor": face, **options})


def explain_rebuilt(axes: Axes) -> None:
    """Add an entry for hollow markers to the legend."""
    draw_points(axes, [], [], "o", NEUTRAL, hollow=True, label="lattice rebuilt")


def mark_atoms(
    axes: Axes, heights: Sequence[float], level: float, element: str, label: str | None = None
) -> None:
    """Draw a stroke at the height of each atom of an element, all at one level."""
    axes.plot(
        heights,
        [level] * len(heights),
        "|",
        color=element_color(element),
        markersize=9,
        markeredgewidth=1.6,
        label=label,
    )
