"""A legend below the axes, where it can hide nothing of what is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: How far below the axes it begins, parts of their height: under the axis' label.
_BELOW = -0.13


def legend_below(axes: Axes, columns: int, below: float = _BELOW) -> None:
    """Put the legend of the axes below them, in so many columns."""
    axes.legend(
        fontsize=8,
        frameon=False,
        ncols=columns,
        loc="upper center",
        bbox_to_anchor=(0.5, below),
    )
