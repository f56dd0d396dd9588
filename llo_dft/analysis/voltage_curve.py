"""Delithiation voltage from the energies of hosts at several lithium contents."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from llo_dft.documents.voltage import VoltageCurve, VoltagePoint, VoltageStep
from llo_dft.errors import InputError
from llo_dft.typing import FloatArray, IntArray, VoltageSystem

#: Height above the hull that counts as rounding, eV per cell: VASP prints 1e-8 eV.
HULL_TOLERANCE_EV: Final = 1e-6

#: Difference of two lithium fractions that counts as rounding.
FRACTION_TOLERANCE: Final = 1e-6

#: Fewest lithium contents that give a voltage.
MIN_CONTENTS: Final = 2


class VoltageError(InputError):
    """Hosts that give no voltage; the message says why."""


@dataclass(frozen=True)
class LithiatedHost:
    """The data of one host that a voltage needs."""

    n_lithium: int
    """All Li in the cell."""
    energy_ev: float
    """Total energy of the cell, eV."""
    lithium_fraction: float
    """Nominal lithium fraction, 0 to 1."""
    label: str = ""
    """Name of the host, for the reader."""


def voltage_curve(
    hosts: Iterable[LithiatedHost],
    lithium_metal_ev_per_atom: float,
    lithium_metal_source: str,
    system: VoltageSystem | None = None,
) -> VoltageCurve:
    """Voltage against Li metal between adjacent stable hosts, and on average.

    ``V = -[E(x1) - E(x2) - dN_Li E(Li metal)] / dN_Li`` with x1 > x2 and dN_Li the Li that
    leave: positive where removing Li costs energy, as in any cathode. Hosts on the lower convex
    hull of the formation energy between the most and the least lithiated host are stable
    (Aydinol et al., Phys. Rev. B 56, 1354 (1997)). These are total energies at 0 K: no
    vibrations, no configurational entropy and no p V term.

    Raises ``VoltageError`` for fewer than two lithium contents, or fractions that don't rise with
    the number of Li.

    Hosts are cells that differ only in Li, in any order. Of several with equally many Li the lowest
    counts, and the others lie above the hull. The energy of Li metal has the same settings; its
    source is for the reader. ``system`` is that of a study: ``bulk``, ``bare`` or ``coated``.
    """
    ordered = sorted(hosts, key=lambda host: (-host.n_lithium, host.energy_ev))
    _check(ordered)
    counts = np.array([host.n_lithium for host in ordered])
    energies = np.array([host.energy_ev for host in ordered])
    exchanged = int(counts[0] - counts[-1])
    formation = formation_energies_ev(counts, energies)
    heights = heights_above_hull_ev(counts, formation)
    stable = heights <= HULL_TOLERANCE_EV
    on_hull = {host.n_lithium: host for host, on in zip(ordered, stable, strict=True) if on}
    line = list(on_hull.values())
    return VoltageCurve(
        system=system,
        average_v=_voltage_v(line[0], line[-1], lithium_metal_ev_per_atom),
        steps=[
            VoltageStep(
                lithium_fraction_from=before.lithium_fraction,
                lithium_fraction_to=after.lithium_fraction,
                n_li=before.n_lithium - after.n_lithium,
                voltage_v=_voltage_v(before, after, lithium_metal_ev_per_atom),
            )
            for before, after in pairwise(line)
        ],
        points=[
            VoltagePoint(
                label=host.label,
                lithium_fraction=host.lithium_fraction,
                n_lithium=host.n_lithium,
                energy_ev=host.energy_ev,
                formation_energy_ev=float(formation[i]) / exchanged,
                above_hull_ev=float(heights[i]) / exchanged,
                stable=bool(stable[i]),
            )
            for i, host in enumerate(ordered)
        ],
        lithium_metal_ev_per_atom=lithium_metal_ev_per_atom,
        lithium_metal_source=lithium_metal_source,
    )


def formation_energies_ev(counts: IntArray, energies_ev: FloatArray) -> FloatArray:
    """Energies relative to the straight line between the lowest most and least lithiated cells.

    ``counts`` are the Li in each cell, at least two of them different; total energies and result
    are in eV per cell; all have the shape (n,).
    """
    most, least = counts.max(), counts.min()
    top, bottom = energies_ev[counts == most].min(), energies_ev[counts == least].min()
    share = (counts - least) / (most - least)
    return np.asarray(energies_ev - share * top - (1 - share) * bottom, dtype=np.float64)


def heights_above_hull_ev(counts: IntArray, energies_ev: FloatArray) -> FloatArray:
    """Heights of points above their lower convex hull.

    The hull is Andrew's monotone chain (Inf. Process. Lett. 9, 216 (1979)).

    Abscissas, ordinates (eV) and result have the shape (n,). Heights are in eV, not negative, and 0
    at the corners of the hull.
    """
    lowest = {int(n): float(energies_ev[counts == n].min()) for n in np.unique(counts)}
    hull: list[tuple[int, float]] = []
    for n, energy in lowest.items():
        while len(hull) > 1 and _not_below(hull[-2], hull[-1], (n, energy)):
            hull.pop()
        hull.append((n, energy))
    corners, values = zip(*hull, strict=True)
    heights: FloatArray = energies_ev - np.interp(counts, corners, values)
    return heights.clip(min=0.0)


def _not_below(
    left: tuple[int, float], middle: tuple[int, float], right: tuple[int, float]
) -> bool:
    """Tell whether the middle point is on or above the line between the other two."""
    rise = (middle[1] - left[1]) * (right[0] - left[0])
    return rise >= (right[1] - left[1]) * (middle[0] - left[0])


def _voltage_v(before: LithiatedHost, after: LithiatedHost, lithium_metal_ev: float) -> float:
    removed = before.n_lithium - after.n_lithium
    return lithium_metal_ev - (before.energy_ev - after.energy_ev) / removed


def _check(ordered: Sequence[LithiatedHost]) -> None:
    """Refuse hosts, ordered from most to least lithiated, that give no voltage."""
    contents = sorted({host.n_lithium for host in ordered})
    if len(contents) < MIN_CONTENTS:
        what = f"all {len(ordered)} hosts have {contents[0]} Li" if ordered else "there are none"
        raise VoltageError(f"a voltage needs hosts with different numbers of Li; {what}")
    for more, less in pairwise(ordered):
        fall = more.lithium_fraction - less.lithium_fraction
        same = more.n_lithium == less.n_lithium
        if (abs(fall) > FRACTION_TOLERANCE) if same else (fall <= FRACTION_TOLERANCE):
            raise VoltageError(
                "the lithium fraction must rise with the number of Li in the cell; got "
                f"{more.lithium_fraction:g} for {more.n_lithium} Li and "
                f"{less.lithium_fraction:g} for {less.n_lithium} Li"
            )
