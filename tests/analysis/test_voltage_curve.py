from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from llo_dft.analysis.voltage_curve import (
    LithiatedHost,
    VoltageError,
    formation_energies_ev,
    heights_above_hull_ev,
    voltage_curve,
)

if TYPE_CHECKING:
    from llo_dft.documents.voltage import VoltageCurve

LITHIUM_EV = -1.9

energies = st.floats(-30, 30).map(lambda e: round(e, 4))
contents = st.dictionaries(st.integers(0, 24), energies, min_size=2, max_size=12)
repeated = st.lists(st.tuples(st.integers(0, 24), energies), min_size=2, max_size=16).filter(
    lambda points: len({n for n, _ in points}) > 1
)


def curve(points: list[tuple[int, float]], lithium_ev: float = LITHIUM_EV) -> VoltageCurve:
    most = max(n for n, _ in points)
    hosts = [LithiatedHost(n, energy, n / most) for n, energy in points]
    return voltage_curve(hosts, lithium_ev, "made up")


def test_four_hosts_by_hand() -> None:
    found = curve([(0, 3.0), (3, -14.0), (2, -9.0), (4, -20.0)], -2.0)
    assert [(s.lithium_fraction_from, s.lithium_fraction_to, s.n_li) for s in found.steps] == [
        (1.0, 0.5, 2),
        (0.5, 0.0, 2),
    ]
    # -(-20 + 9 - 2 (-2)) / 2 = 3.5 V; -(-9 - 3 + 4) / 2 = 4 V; -(-20 - 3 + 8) / 4 = 3.75 V
    assert [step.voltage_v for step in found.steps] == pytest.approx([3.5, 4.0])
    assert found.average_v == pytest.approx(3.75)
    (above,) = found.unstable
    assert (above.n_lithium, above.lithium_fraction) == (3, 0.75)
    assert above.above_hull_ev == pytest.approx((-14.0 + 14.5) / 4)  # 0.5 eV a cell, 4 Li
    # from the line between -20 (4 Li) and 3 (none), at 3 Li -14.25: 0.25 eV a cell
    assert above.formation_energy_ev == pytest.approx(0.25 / 4)
    assert [point.n_lithium for point in found.points] == [4, 3, 2, 0]


def test_a_plating_free_electrode_is_at_zero_volts() -> None:
    """Li that is bound as in the metal has no voltage against it."""
    found = curve([(n, -100 + n * LITHIUM_EV) for n in range(5)])
    assert [step.voltage_v for step in found.steps] == pytest.approx([0.0] * 4, abs=1e-12)
    assert all(point.stable for point in found.points)


@given(repeated)
def test_the_average_is_the_mean_of_the_steps_by_lithium(points: list[tuple[int, float]]) -> None:
    found = curve(points)
    total = sum(step.n_li for step in found.steps)
    assert total == max(n for n, _ in points) - min(n for n, _ in points)
    mean = sum(step.n_li * step.voltage_v for step in found.steps) / total
    assert found.average_v == pytest.approx(mean, abs=1e-9)


@given(repeated)
def test_the_voltage_never_falls_on_charging(points: list[tuple[int, float]]) -> None:
    volts = [step.voltage_v for step in curve(points).steps]
    assert all(b >= a - 1e-5 for a, b in pairwise(volts))


@given(contents)
def test_the_hull_is_qhulls(points: dict[int, float]) -> None:
    counts, values = np.array(list(points)), np.array(list(points.values()))
    formation = formation_energies_ev(counts, values)
    lid = np.column_stack([[counts.min(), counts.max()], [formation.max() + 50] * 2])
    hull = ConvexHull(np.vstack([np.column_stack([counts, formation]), lid]))
    below = hull.equations[hull.equations[:, 1] < -1e-9]
    line = np.max(-(np.outer(counts, below[:, 0]) + below[:, 2]) / below[:, 1], axis=1)
    assert heights_above_hull_ev(counts, formation) == pytest.approx(formation - line, abs=1e-8)


@given(contents)
def test_a_point_is_stable_unless_two_others_make_it_cheaper(points: dict[int, float]) -> None:
    for point in curve(list(points.items())).points:
        best = math.inf
        for a, first in points.items():
            for b, second in points.items():
                if a < point.n_lithium < b:
                    share = (point.n_lithium - a) / (b - a)
                    best = min(best, (1 - share) * first + share * second)
        if abs(point.energy_ev - best) > 1e-5:
            assert point.stable == (point.energy_ev < best)


@given(contents, st.floats(-50, 50), st.floats(-5, 5))
def test_only_differences_from_the_metal_matter(
    points: dict[int, float], offset: float, shift: float
) -> None:
    """Energies of all hosts may have another zero, and Li another one too."""
    before = curve(list(points.items()))
    moved = {n: energy + offset + n * shift for n, energy in points.items()}
    after = curve(list(moved.items()), LITHIUM_EV + shift)
    assert after.average_v == pytest.approx(before.average_v, abs=1e-9)
    for a, b in zip(before.points, after.points, strict=True):
        assert a.formation_energy_ev == pytest.approx(b.formation_energy_ev, abs=1e-9)


@given(contents)
def test_the_order_of_the_hosts_does_not_matter(points: dict[int, float]) -> None:
    listed = list(points.items())
    assert curve(listed) == curve(listed[::-1])


def test_of_equal_contents_the_lowest_counts() -> None:
    found = curve([(2, -10.0), (1, -5.0), (1, -6.0), (0, 1.0), (2, -9.0)])
    assert found.average_v == pytest.approx(curve([(2, -10.0), (0, 1.0)]).average_v)
    assert [(p.n_lithium, p.energy_ev) for p in found.unstable] == [(2, -9.0), (1, -5.0)]
    assert [p.above_hull_ev for p in found.unstable] == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    ("hosts", "lithium_ev", "match"),
    [
        ([], -1.9, "different numbers of Li; there are none"),
        ([(4, -1.0, 1.0), (4, -2.0, 1.0)], -1.9, "all 2 hosts have 4 Li"),
        ([(4, -1.0, 1.0), (2, -1.0, 1.5)], -1.9, "1 for 4 Li and 1.5 for 2 Li"),
        ([(4, -1.0, 0.5), (2, -1.0, 1.0)], -1.9, "0.5 for 4 Li and 1 for 2 Li"),
        ([(4, -1.0, 1.0), (4, -1.0, 0.9), (2, -1.0, 0.5)], -1.9, "1 for 4 Li and 0.9 for 4 Li"),
    ],
)
def test_hosts_without_a_voltage_are_refused(
    hosts: list[tuple[int, float, float]], lithium_ev: float, match: str
) -> None:
    with pytest.raises(VoltageError, match=match):
        voltage_curve([LithiatedHost(*host) for host in hosts], lithium_ev, "made up")
