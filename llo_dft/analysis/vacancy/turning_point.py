"""The state of charge at which oxygen begins to leave by itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq

from llo_dft.documents.state_of_charge import StateOfCharge, TurningPoint, TurningShare
from llo_dft.typing import FloatArray, System

#: Two states of charge (holes per TM, or lithium fractions) closer than this are the same.
CHARGE_TOLERANCE: Final = 1e-6

#: Points of a drawn line from one state of charge to the next.
_DRAWN_POINTS: Final = 25

#: Fewest states of charge in which a turning point can be sought.
MIN_STATES: Final = 2


@dataclass(frozen=True)
class ChargePoint:
    """E_f of the vacancies at one state of charge, eV per O."""

    charge: StateOfCharge
    """How far the oxide is charged."""
    kept_ev: Sequence[float]
    """E_f of vacancies that kept their lattice."""
    rebuilt_ev: Sequence[float] = ()
    """E_f of those whose lattice was rebuilt."""
    lowest: Sequence[str] = ()
    """Names of the O of the lowest of ``kept_ev``; more than one if several are equally low."""


@dataclass(frozen=True)
class _Turn:
    """Where one line first falls through zero on charging, or the end of the range it is beyond."""

    position: float
    side: Literal["inside", "above", "below"]
    sign_changes: int


@dataclass(frozen=True)
class _Lines:
    """Lowest and highest E_f (eV per O) at rising states of charge; those without E_f left out."""

    positions: FloatArray
    lowest: FloatArray
    highest: FloatArray


def _lines(points: Sequence[ChargePoint], *, rebuilt: bool) -> _Lines:
    pooled: list[tuple[float, list[float]]] = []
    for point in sorted(points, key=lambda point: point.charge.position):
        position = point.charge.position
        energies = [*point.kept_ev, *(point.rebuilt_ev if rebuilt else ())]
        if not energies:
            continue
        if pooled and position - pooled[-1][0] <= CHARGE_TOLERANCE:
            pooled[-1][1].extend(energies)
        else:
            pooled.append((position, energies))
    return _Lines(
        np.array([position for position, _ in pooled]),
        np.array([min(energies) for _, energies in pooled]),
        np.array([max(energies) for _, energies in pooled]),
    )


def _first_fall(positions: FloatArray, energies: FloatArray) -> _Turn:
    """Follow a line on charging to where it first reaches zero from above."""
    positive = energies > 0
    changes = int(np.count_nonzero(positive[1:] != positive[:-1]))
    if energies[0] < 0:
        return _Turn(float(positions[0]), "below", changes)
    if positive.all():
        return _Turn(float(positions[-1]), "above", changes)
    right = int(np.flatnonzero(~positive)[0])  # the first point that isn't above zero
    if energies[right] == 0:
        return _Turn(float(positions[right]), "inside", changes)
    line = PchipInterpolator(positions, energies)
    high, low = float(positions[right - 1]), float(positions[right])
    # Between two points the interpolant is monotone, so there is exactly one root; a point
    # within rounding of zero may come back with the other sign, and is then the root.
    if float(line(high)) <= 0:
        return _Turn(high, "inside", changes)
    return _Turn(float(brentq(lambda q: float(line(q)), high, low)), "inside", changes)


def _charge_at(points: Sequence[ChargePoint], position: float) -> StateOfCharge:
    """Return the state of charge at a position on the axis; x and mAh/g are linear in the holes."""
    charges = sorted((point.charge for point in points), key=lambda charge: charge.position)
    axis = [charge.position for charge in charges]

    def between(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return float(np.interp(position, axis, known)) if len(known) == len(axis) else None

    return StateOfCharge(
        holes_per_tm=position if charges[0].holes_per_tm is not None else None,
        lithium_fraction=between([charge.lithium_fraction for charge in charges]),
        capacity_mah_per_g=between([charge.capacity_mah_per_g for charge in charges]),
    )


def lowest_line(points: Iterable[ChargePoint]) -> tuple[list[float], list[float]]:
    """Return the line through the lowest E_f whose zero ``turning_point`` finds.

    ``points`` are as in ``turning_point``.

    It has rising positions on the axis of charge, including those of the points, and E_f there, eV
    per O; both are empty if there is no energy.
    """
    lines = _lines(list(points), rebuilt=False)
    if len(lines.positions) < MIN_STATES:
        return lines.positions.tolist(), lines.lowest.tolist()
    between = [
        np.linspace(low, high, _DRAWN_POINTS, endpoint=False)
        for low, high in pairwise(lines.positions)
    ]
    q = np.concatenate([*between, lines.positions[-1:]])
    return q.tolist(), PchipInterpolator(lines.positions, lines.lowest)(q).tolist()


def turning_point(
    system: System,
    points: Iterable[ChargePoint],
    scheme_shifts_ev: Mapping[str, float] | None = None,
    *,
    termination: str | None = None,
    site: int | None = None,
) -> TurningPoint:
    """State of charge at which the lowest E_f falls through zero on charging.

    The lowest E_f of each state of charge is joined by a monotone cubic over holes per TM (PCHIP,
    Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5, 300 (1984)), which doesn't overshoot; where
    the holes are not known, over the Li that left. Followed from pristine on, the first fall from
    above zero is the value; further crossings are counted in ``reason``. Vacancies whose lattice
    was rebuilt affect neither the value nor the interval, except for their own share of it.

    Each share of the interval has one source: from the lowest to the highest E_f of the sites; the
    lowest under each O2 scheme; the lowest without and with the rebuilt ones. A line above zero
    throughout counts as crossing at the end of the computed range, one below zero from the start
    as crossing at its beginning, and the share says so. The interval is as wide as its widest
    share. Without a value there is no interval.

    No crossing and too few points are valid results: value None and a ``reason``.

    ``points`` are one for each state of charge; those with no site are left out, equal ones are
    pooled. ``scheme_shifts_ev`` is, for each other scheme that applies, its mu_O minus that of the
    chosen one, eV per O. ``termination`` is the face of the coating, ``site`` the only O that the
    energies are for; None: several.
    """
    points = list(points)
    shifts = scheme_shifts_ev or {}
    kept, every = _lines(points, rebuilt=False), _lines(points, rebuilt=True)
    with_rebuilt = (
        _first_fall(every.positions, every.lowest) if len(every.positions) >= MIN_STATES else None
    )
    about = {
        "system": system,
        "termination": termination,
        "site": site,
        "with_rebuilt": _charge_at(points, with_rebuilt.position)
        if with_rebuilt is not None and with_rebuilt.side == "inside"
        else None,
        "oxygens": _oxygens(points),
    }
    left_out = _left_out(points)
    if len(kept.positions) < MIN_STATES:
        reason = f"needs E_f at {MIN_STATES} states of charge or more, got {len(kept.positions)}"
        return TurningPoint(at=None, reason="; ".join([reason, *left_out]), **about)
    turn = _first_fall(kept.positions, kept.lowest)
    others = {name: _first_fall(kept.positions, kept.lowest + s) for name, s in shifts.items()}
    if turn.side != "inside":
        reason = _none_in_range(points, kept, turn.side, others)
        return TurningPoint(at=None, reason="; ".join([reason, *left_out]), **about)
    found: dict[Literal["sites", "O2 schemes", "rebuilt"], list[_Turn]] = {}
    if (kept.highest > kept.lowest).any():
        found["sites"] = [turn, _first_fall(kept.positions, kept.highest)]
    if others:
        found["O2 schemes"] = [turn, *others.values()]
    if with_rebuilt is not None and any(point.rebuilt_ev for point in points):
        found["rebuilt"] = [turn, with_rebuilt]
    ends = [turn.position, *(each.position for turns in found.values() for each in turns)]
    notes = []
    if turn.sign_changes > 1:
        notes.append(f"first met on charging of {turn.sign_changes} crossings")
    return TurningPoint(
        at=_charge_at(points, turn.position),
        earliest=_charge_at(points, min(ends)),
        latest=_charge_at(points, max(ends)),
        shares=[
            TurningShare(
                source=source,
                earliest=_charge_at(points, min(each.position for each in turns)),
                latest=_charge_at(points, max(each.position for each in turns)),
                cut_off=_cut_off(turns),
            )
            for source, turns in found.items()
        ],
        reason="; ".join([*notes, *left_out]) or None,
        **about,
    )


def _cut_off(turns: Sequence[_Turn]) -> str | None:
    """Say which end of a share is only the end of the computed range."""
    ends = []
    if any(turn.side == "below" for turn in turns):
        ends.append("earliest: below zero from the start of the computed range")
    if any(turn.side == "above" for turn in turns):
        ends.append("latest: above zero to the end of the computed range")
    return "; ".join(ends) or None


def _oxygens(points: Sequence[ChargePoint]) -> list[str]:
    """Return the O of lowest energy at each state of charge, the same one if possible."""
    ordered = sorted(points, key=lambda point: point.charge.position)
    named = [list(point.lowest) for point in ordered if point.lowest]
    everywhere = [name for name in (named[0] if named else []) if all(name in n for n in named)]
    return [everywhere[0] if everywhere else names[0] for names in named]


def _left_out(points: Sequence[ChargePoint]) -> list[str]:
    """Name the states of charge at which no vacancy kept its lattice."""
    lacking = [p.charge.text for p in points if p.rebuilt_ev and not p.kept_ev]
    if not lacking:
        return []
    return [f"without {' and '.join(lacking)}, where the lattice of every vacancy was rebuilt"]


def _none_in_range(
    points: Sequence[ChargePoint], lines: _Lines, side: str, others: Mapping[str, _Turn]
) -> str:
    """Why there is no value, and under which other schemes there would be one."""
    lowest = lines.lowest
    ends = [_charge_at(points, float(position)).text for position in lines.positions[[0, -1]]]
    span = f"computed from {ends[0]} to {ends[1]}"
    if side == "above":
        text = f"lowest E_f is above zero throughout (at least {lowest.min():.3f} eV, {span})"
    elif (lowest <= 0).all():
        text = f"lowest E_f is below zero throughout (at most {lowest.max():.3f} eV, {span})"
    else:
        text = f"lowest E_f is below zero already at the least charge and not everywhere ({span})"
    crossing = [
        f"{scheme} would cross at {_charge_at(points, turn.position).text}"
        for scheme, turn in others.items()
        if turn.side == "inside"
    ]
    return "; ".join([f"none in range: {text}", *crossing])
