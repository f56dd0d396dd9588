"""Centre, weight and width of a density of states within a window of energies.

    centre  eps = int E g dE / int g dE
    weight  w   = int g dE
    width   s   = sqrt( int (E - eps)^2 g dE / w )

All integrals are trapezoids on the grid of the density. Where a window ends between two
points of the grid, g is taken there by linear interpolation, so that the last, narrower bin is
counted as well. So a shift of all energies shifts the centre by the same amount, and the centre of
a sum of densities is the weighted mean of their centres, both to rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from llo_dft.documents.electrons.window_center import WindowCenter

if TYPE_CHECKING:  # pydantic takes longer to import than a file to read
    from collections.abc import Sequence

    from llo_dft.typing import FloatArray

#: Weight below which there is no centre, electrons: densities are printed to 1e-4 per eV.
MIN_WEIGHT: Final = 1e-6


def window_moments(
    energies_ev: FloatArray, density: FloatArray, window: tuple[float, float] | None = None
) -> WindowCenter:
    """Compute centre, weight and width of a density in a window.

    Centre and width are None where the weight is too small; the width is also None where a density
    with negative parts makes its square negative.

    Raises ``ValueError`` if shapes differ, energies don't ascend, or a number is not finite.

    ``energies_ev`` ascend, shape (n_energies,); ``density`` is in states per eV, same shape;
    ``window`` is the lowest and highest energy, eV, beyond the grid the density is zero. None: all.
    An empty window has no weight.
    """
    energies = np.asarray(energies_ev, dtype=np.float64)
    states = np.asarray(density, dtype=np.float64)
    if energies.ndim != 1 or energies.shape != states.shape or not len(energies):
        raise ValueError(
            f"Energies and density must have the same shape (n,), got {energies.shape} and "
            f"{states.shape}"
        )
    if not (np.isfinite(energies).all() and np.isfinite(states).all()):
        raise ValueError("Energies and densities must be finite")
    if (np.diff(energies) <= 0).any():
        raise ValueError("Energies must ascend")
    if window is not None:
        energies, states = _cut(energies, states, window)
    weight = float(np.trapezoid(states, energies))
    if abs(weight) < MIN_WEIGHT:
        return WindowCenter(center_ev=None, weight=weight, width_ev=None)
    center = float(np.trapezoid(states * energies, energies)) / weight
    square = float(np.trapezoid(states * (energies - center) ** 2, energies)) / weight
    width = float(np.sqrt(square)) if square >= 0 else None
    return WindowCenter(center_ev=center, weight=weight, width_ev=width)


def joined_moments(parts: Sequence[WindowCenter]) -> WindowCenter:
    """Return the moments of several densities together, each within its own window.

    With weights w_i, centres e_i and widths s_i: w = sum w_i, e = sum w_i e_i / w and
    s^2 = sum w_i (s_i^2 + (e_i - e)^2) / w. A part without a centre is not counted.
    """
    weight = sum(part.weight for part in parts)
    found = [(p.weight, p.center_ev, p.width_ev) for p in parts if p.center_ev is not None]
    if abs(weight) < MIN_WEIGHT or not found:
        return WindowCenter(center_ev=None, weight=weight, width_ev=None)
    center = sum(w * e for w, e, _ in found) / weight
    square = sum(w * ((np.nan if s is None else s) ** 2 + (e - center) ** 2) for w, e, s in found)
    width = float(np.sqrt(square / weight)) if square / weight >= 0 else None
    return WindowCenter(center_ev=center, weight=weight, width_ev=width)


def _cut(
    energies: FloatArray, states: FloatArray, window: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Return grid and density within a window, with points at its ends."""
    low, high = max(window[0], float(energies[0])), min(window[1], float(energies[-1]))
    if low >= high:
        return energies[:1], np.zeros(1)
    inside = (energies > low) & (energies < high)
    ends = np.interp([low, high], energies, states)
    return (
        np.concatenate([[low], energies[inside], [high]]),
        np.concatenate([ends[:1], states[inside], ends[1:]]),
    )
