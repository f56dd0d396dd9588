"""The surfaces of equal charge difference at an interface, coarse enough for a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.report.figures.interface_picture import DEFAULT_LEVEL, view_of_interface
from llo_dft.report.figures.isosurface import isosurface
from llo_dft.typing import FloatArray

if TYPE_CHECKING:
    from llo_dft.documents.electrons.charge import ChargeDifference

#: Points along an axis at most: finer is not seen on a page, and weighs.
_MOST_POINTS: Final = 28


@dataclass(frozen=True, eq=False)
class ChargeMesh:
    """A charge difference with its surfaces at +level and -level.

    ``gain`` and ``loss`` are triangles, angstrom, shape (n, 3, 3); the level is in e/A^3.
    """

    termination: str
    document: ChargeDifference
    level: float
    gain: FloatArray
    loss: FloatArray


def charge_mesh(
    termination: str, document: ChargeDifference, difference_per_a3: FloatArray
) -> ChargeMesh:
    """Return the surfaces of a difference, electrons per cubic angstrom on a grid (a, b, c)."""
    grid, origin, steps = view_of_interface(document, difference_per_a3, _MOST_POINTS)
    level = DEFAULT_LEVEL * float(np.abs(grid).max()) or 1.0
    gain, loss = (isosurface(sign * grid, level) @ steps + origin for sign in (1.0, -1.0))
    return ChargeMesh(termination, document, level, gain, loss)
