"""The lithium fraction at which oxygen begins to leave by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from llo_dft.documents.study_result import TurningPoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llo_dft.analysis.oxygen.reservoir import OxygenReservoir
    from llo_dft.documents.study_result import HostResult
    from llo_dft.typing import FloatArray, System

#: Two lithium fractions closer than this are one point, and their sites are pooled.
FRACTION_TOLERANCE: Final = 1e-6

#: Points from one lithium fraction to the next on a line that is to be drawn.
_DRAWN_POINTS: Final = 25

#: Fewest lithium fractions between which a turn can be sought.
MIN_FRACTIONS: Final = 2


@dataclass(frozen=True)
class _Turn:
    """First fall through zero of one line on delithiation, or the end of the range it is past."""

    lithium_fraction: float
    side: Literal["inside", "above", "below"]
    sign_changes: int


def _pooled(
    points: Iterable[tuple[float, Sequence[float]]],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Ascending fractions with the lowest and the highest energy at each; empty ones left out."""
    pooled: list[tuple[float, list[float]]] = []
    for fraction, energies in sorted(points, key=lambda point: point[0]):
        if not -FRACTION_TOLERANCE <= fraction <= 1 + FRACTION_TOLERANCE:
            raise ValueError(f"A lithium fraction lies between 0 and 1, got {fraction!r}")
        if not all(map(math.isfinite, energies)):
            raise ValueError(
                f"Formation energies must be finite, got {list(energies)!r} at x = {fraction:g}; "
                "leave out what did not complete"
            )
        if not energies:
            continue
        if pooled and fraction - pooled[-1][0] <= FRACTION_TOLERANCE:
            pooled[-1][1].extend(energies)
        else:
            pooled.append((fraction, list(energies)))
    return (
        np.array([fraction for fraction, _ in pooled]),
        np.array([min(energies) for _, energies in pooled]),
        np.array([max(energies) for _, energies in pooled]),
    )


def _first_fall(fractions: FloatArray, energies: FloatArray) -> _Turn:
    """Follow a line from the largest fraction down to where it first reaches zero from above."""
    positive = energies > 0
    changes = int(np.count_nonzero(positive[1:] != positive[:-1]))
    if energies[-1] < 0:
        return _Turn(float(fractions[-1]), "below", changes)
    if positive.all():
        return _Turn(float(fractions[0]), "above", changes)
    left = int(np.flatnonzero(~positive)[-1])  # the first point met that isn't above zero
    if energies[left] == 0:
        return _Turn(float(fractions[left]), "inside", changes)
    line = PchipInterpolator(fractions, energies)
    low, high = float(fractions[left]), float(fractions[left + 1])
    # Between two points the interpolant is monotone, so there is exactly one root; a point
    # within rounding of zero may come back with the other sign, and is then the root.
    if float(line(high)) <= 0:
        return _Turn(high, "inside", changes)
    return _Turn(float(brentq(lambda x: float(line(x)), low, high)), "inside", changes)


def _none_in_range(
    fractions: FloatArray, lowest: FloatArray, side: str, others: Mapping[str, _Turn]
) -> str:
    """Why there is no value, and under which other scheme there would be one."""
    span = f"computed from x = {fractions[0]:g} to {fractions[-1]:g}"
    if side == "above":
        text = f"lowest E_f is above zero throughout (at least {lowest.min():.3f} eV, {span})"
    elif (lowest <= 0).all():
        text = f"lowest E_f is below zero throughout (at most {lowest.max():.3f} eV, {span})"
    else:
        text = f"lowest E_f is below zero already at the largest x and not everywhere ({span})"
    crossing = [
        f"{scheme} would cross at x = {turn.lithium_fraction:.3f}"
        for scheme, turn in others.items()
        if turn.side == "inside"
    ]
    return "; ".join([f"none in range: {text}", *crossing])


def lowest_line(
    points: Iterable[tuple[float, Sequence[float]]],
) -> tuple[list[float], list[float]]:
    """Return the line through the lowest E_f on which ``turning_point`` looks for zero.

    Parameters
    ----------
    points
        As of ``turning_point``.

    Returns
    -------
    Ascending lithium fractions, the given ones among them, and E_f there, eV per O; none if
    there is no energy.

    Raises
    ------
    ValueError
        As of ``turning_point``.
    """
    fractions, lowest, _ = _pooled(points)
    if len(fractions) < MIN_FRACTIONS:
        return fractions.tolist(), lowest.tolist()
    between = [
        np.linspace(low, high, _DRAWN_POINTS, endpoint=False) for low, high in pairwise(fractions)
    ]
    x = np.concatenate([*between, fractions[-1:]])
    return x.tolist(), PchipInterpolator(fractions, lowest)(x).tolist()


def turning_point(
    system: System,
    points: Iterable[tuple[float, Sequence[float]]],
    scheme_shifts_ev: Mapping[str, float] | None = None,
    termination: str | None = None,
) -> TurningPoint:
    """Lithium fraction at which the lowest E_f falls through zero on delithiation.

    The lowest E_f of each fraction is joined by a monotone cubic (PCHIP, Fritsch and Butland,
    SIAM J. Sci. Stat. Comput. 5, 300 (1984)), which doesn't overshoot. Followed down from the
    largest fraction, the first fall from above zero is the value; further crossings are
    counted in ``reason``.

    The interval spans the first falls of two lines, the lowest and the highest E_f of the
    sites, each under the chosen scheme and each alternative. A line that is above zero
    throughout counts with the smallest computed fraction, one that is below zero from the
    start with the largest, and ``reason`` then says which end is cut off so. Without a value
    there is no interval.

    Parameters
    ----------
    system
        ``bare`` or ``coated``.
    points
        Pairs of lithium fraction (0 to 1) and E_f in eV per O of the sites that completed.
        A fraction with no site is left out; equal fractions are pooled.
    scheme_shifts_ev
        For each other scheme that applies: its mu_O less that of the chosen one, eV per O.
    termination
        Face of the coating.

    Raises
    ------
    ValueError
        For a fraction outside 0 to 1 or an energy that is not finite. No crossing, and too
        few points, are answers: value None and a ``reason``.
    """

    def nowhere(reason: str) -> TurningPoint:
        return TurningPoint(
            system=system,
            termination=termination,
            lithium_fraction=None,
            low=None,
            high=None,
            reason=reason,
        )

    fractions, lowest, highest = _pooled(points)
    if len(fractions) < MIN_FRACTIONS:
        reason = f"needs E_f at {MIN_FRACTIONS} lithium fractions or more, got {len(fractions)}"
        return nowhere(reason)
    shifts = dict(scheme_shifts_ev or {})
    if not all(map(math.isfinite, shifts.values())):
        raise ValueError(f"Shifts of the O2 schemes must be finite, got {shifts!r}")
    turn = _first_fall(fractions, lowest)
    others = {name: _first_fall(fractions, lowest + shift) for name, shift in shifts.items()}
    if turn.side != "inside":
        return nowhere(_none_in_range(fractions, lowest, turn.side, others))
    tops = [_first_fall(fractions, highest + shift) for shift in (0.0, *shifts.values())]
    turns = [turn, *others.values(), *tops]
    notes = []
    if turn.sign_changes > 1:
        notes.append(f"first met on delithiation of {turn.sign_changes} crossings")
    if any(each.side == "above" for each in turns):
        notes.append("low end cut off: a site or scheme stays above zero in the computed range")
    if any(each.side == "below" for each in turns):
        notes.append("high end cut off: a scheme is below zero at the largest computed x")
    return TurningPoint(
        system=system,
        termination=termination,
        lithium_fraction=turn.lithium_fraction,
        low=min(each.lithium_fraction for each in turns),
        high=max(each.lithium_fraction for each in turns),
        reason="; ".join(notes) or None,
    )


def turning_points(hosts: Sequence[HostResult], reservoir: OxygenReservoir) -> list[TurningPoint]:
    """Return where E_f turns in each system that has lithium fractions; none without a mu_O."""
    chosen = reservoir.chosen
    if chosen is None:
        return []
    shifts = {name: other.mu_ev - chosen.mu_ev for name, other in reservoir.others.items()}
    placed = [host for host in hosts if host.lithium_fraction is not None]
    return [
        turning_point(
            system,
            [
                (host.fraction, host.formation_energies_ev)
                for host in placed
                if (host.system, host.termination) == (system, termination)
            ],
            shifts,
            termination,
        )
        for system, termination in dict.fromkeys((h.system, h.termination) for h in placed)
    ]
