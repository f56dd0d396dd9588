"""Parts that several figures share: files, axes over the state of charge, points, legends."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from llo_dft.documents.state_of_charge import StateOfCharge
from llo_dft.report.figures.palette import (
    FORMER_MARKER,
    LACKING,
    MOCK_COLOR,
    MOCK_HATCH,
    NEUTRAL,
    PALE_ALPHA,
    ZERO_LINE,
    element_color,
)

#: Distance between two axes above the figure, points.
_NEXT_AXIS_POINTS: Final = 30

#: Further formats of a study's figure, besides PNG.
VECTOR_SUFFIXES: Final = (".svg", ".pdf")

#: Names of the common axis: the second if the charge is not known.
HOLES: Final = "Holes per transition metal  (charging to the right)"
LITHIUM_FRACTION: Final = "Lithium fraction x  (charging to the right)"


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, of that size in inches, that needs no display."""
    figure = Figure(figsize=(width, height), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(
    figure: Figure, path: Path, *, mock: bool = False, also: Sequence[str] = ()
) -> None:
    """Write a figure to a file, whose suffix gives the format; a mock one has hatched margins.

    ``also`` are suffixes of further files of the same name. The program's name and the date are
    left out, so that the same figure always has the same bytes.
    """
    if mock:
        margins = Rectangle(
            (0.0, 0.0), 1.0, 1.0, fill=False, edgecolor=MOCK_COLOR, hatch=MOCK_HATCH
        )
        margins.set(transform=figure.transFigure, zorder=-1.0, linewidth=0.0, in_layout=False)
        figure.add_artist(margins)
    for file in (path, *map(path.with_suffix, also)):
        unsaid = {".png": "Software", ".svg": "Date", ".pdf": "CreationDate"}[file.suffix.lower()]
        with rc_context({"svg.hashsalt": "llo_dft"}):
            figure.savefig(file, metadata={unsaid: None})
        figure.set_layout_engine("none")  # laid out once, for all formats


def legend_below(axes: Axes, columns: int, below: float = -0.13, **options: Any) -> None:  # noqa: ANN401
    """Put the legend below the axes, where it hides nothing; ``below`` in units of their height."""
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, below), "ncols": columns}
    axes.legend(**{"fontsize": 8, "frameon": False} | place | options)


def legend_beside(axes: Axes, **options: Any) -> None:  # noqa: ANN401 (matplotlib's own)
    """Put the legend to the right of the axes."""
    place = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
    axes.legend(**{"fontsize": 8, "frameon": False} | place | options)


def charge_place(charge: StateOfCharge) -> float:
    """Return where a state of charge is drawn: at its holes per TM, or at its x if unknown."""
    if charge.holes_per_tm is None and charge.lithium_fraction is not None:
        return charge.lithium_fraction
    return charge.position


def write_at_foot(
    axes: Axes,
    place: float,
    text: str,
    height: float = 0.01,
    **options: Any,  # noqa: ANN401
) -> None:
    """Write at x = ``place`` above the bottom of the axes; ``height`` in units of theirs."""
    look: dict[str, Any] = {"ha": "center", "fontsize": 7, "color": LACKING} | options
    axes.annotate(text, (place, height), xycoords=("data", "axes fraction"), **look)


def charging_axes(axes: Axes, lacking: Mapping[float, int], *, holes: bool) -> None:
    """Make x the state of charge, rising to the right, with a line at zero.

    ``lacking`` is the number of vacancies without a result at each state of charge, written at the
    bottom; the axes include the state even if nothing else is drawn there. States are given by
    holes per TM, or without ``holes`` by lithium fraction.
    """
    axes.axhline(0.0, color=ZERO_LINE, linewidth=0.8, zorder=1)
    axes.plot(list(lacking), [0.0] * len(lacking), linestyle="none")
    for place, number in lacking.items():
        if number:
            write_at_foot(axes, place, f"{number} without a result")
    axes.set_xlabel(HOLES if holes else LITHIUM_FRACTION)
    if not holes:
        axes.invert_xaxis()


def further_charge_axes(axes: Axes, charges: Sequence[StateOfCharge]) -> None:
    """Add axes of x and mAh/g of one system above its holes per TM, if two are known."""
    known = [
        (one.holes_per_tm, one.lithium_fraction, one.capacity_mah_per_g)
        for one in charges
        if None not in (one.holes_per_tm, one.lithium_fraction, one.capacity_mah_per_g)
    ]
    if not known or min(known) == max(known):
        return
    table = np.array([min(known), max(known)], dtype=np.float64)
    for column, (name, outward) in enumerate(
        [("x of the bare slab", 0), ("Capacity (mAh/g)", _NEXT_AXIS_POINTS)], start=1
    ):
        slope, start = np.polyfit(table[:, 0], table[:, column], 1)
        there, back = np.poly1d([slope, start]), np.poly1d([1 / slope, -start / slope])
        above = axes.secondary_xaxis("top", functions=(there, back))
        above.spines["top"].set_position(("outward", outward))
        above.set_xlabel(name, fontsize=8, labelpad=3)
        above.tick_params(labelsize=8, pad=1)


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
    """Draw points; ``look`` is matplotlib's marker and line, hollow ones are filled white."""
    face = "white" if hollow else color
    axes.plot(x, y, look, **{"color": color, "markerfacecolor": face, **options})


def draw_oxygen(
    axes: Axes,
    place: tuple[float, float],
    look: str,
    color: str,
    size: float,
    *,
    bonded: bool,
    rebuilt: bool,
) -> None:
    """Draw the point of one O: a star if a former is bonded to it, pale and hollow if rebuilt."""
    draw_points(
        axes,
        *place,
        FORMER_MARKER if bonded else look,
        color,
        hollow=rebuilt,
        markersize=10 if bonded else size,
        markeredgecolor=color if rebuilt else "white",  # sets points at one x apart
        markeredgewidth=1.2 if rebuilt else 0.5,
        alpha=PALE_ALPHA if rebuilt else 1.0,
        zorder=3,
    )


def explain_rebuilt(axes: Axes) -> None:
    """Add an entry for hollow markers to the legend."""
    draw_points(axes, [], [], "o", NEUTRAL, hollow=True, label="lattice rebuilt")


def mark_atoms(
    axes: Axes, heights: Sequence[float], level: float, element: str, label: str | None = None
) -> None:
    """Draw a stroke at the height of each atom of an element, all on one line."""
    axes.plot(
        heights,
        [level] * len(heights),
        "|",
        color=element_color(element),
        markersize=9,
        markeredgewidth=1.6,
        label=label,
    )
