"""Vacuum levels of slabs with and without a dipole, made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core import Structure

from llo_dft.analysis.electronic.potential_alignment import PotentialError, potential_profile
from llo_dft.analysis.electronic.vacuum_levels import face_levels, has_vacuum

HEIGHT, N = 30.0, 300
Z = np.arange(N) * HEIGHT / N


def slab(bottom: float = 3.0, top: float = 13.0) -> Structure:
    """Atoms each 2 A; the vacuum is what is left of 30 A."""
    heights = np.arange(bottom, top + 0.1, 2.0)
    cell = np.diag([4.0, 4.0, HEIGHT])
    return Structure(cell, ["O"] * len(heights), [[0, 0, z / HEIGHT] for z in heights])


def levels(values: np.ndarray, structure: Structure):
    grid = np.broadcast_to(values, (2, 2, N)).copy()
    return face_levels(potential_profile(grid, structure, (2.0,)), structure)


def profile(upper: float, lower: float, step_at: float = 23.0, width: float = 0.3) -> np.ndarray:
    """Wells from 2 to 14 A, above them the upper level, and behind the step the lower one."""
    z = np.where(Z < 2.0, Z + HEIGHT, Z)
    vacuum = upper + (lower - upper) / (1 + np.exp(-(z - step_at) / width))
    return np.where((Z >= 2.0) & (Z <= 14.0), -8.0, vacuum)


def test_one_level_without_a_dipole():
    found = levels(profile(4.0, 4.0), slab())
    assert found["upper"] == found["lower"]
    assert found["upper"].level_ev == pytest.approx(4.0)
    # atoms from 3 to 13 A, margins of 3 A: the vacuum is 16 to 30 A
    assert found["upper"].region_angstrom == pytest.approx((16.0, 30.0))


@given(st.floats(-10, 10), st.floats(-3, 3), st.floats(21.5, 24.5))
def test_a_compensated_dipole_has_a_level_on_each_side(level, step, place):
    found = levels(profile(level, level + step, place), slab())
    assert found["upper"].level_ev == pytest.approx(level, abs=0.03)
    assert found["lower"].level_ev == pytest.approx(level + step, abs=0.03)
    for one in found.values():
        assert one.spread_ev <= 0.05


def test_the_faces_are_not_mixed_up_when_the_vacuum_wraps_around():
    whole = profile(5.0, 4.0)
    shift = 100  # by 10 A: the slab is at 13 to 23 A, the vacuum goes through the boundary
    found = levels(np.roll(whole, shift), slab(13.0, 23.0))
    assert found["upper"].level_ev == pytest.approx(5.0, abs=0.01)
    assert found["lower"].level_ev == pytest.approx(4.0, abs=0.01)
    assert found["upper"].region_angstrom[0] < 0 < found["lower"].region_angstrom[0]


@pytest.mark.parametrize("drop", [0.1, 0.5, 3.0])
def test_a_slope_is_no_level(drop):
    z = np.where(Z < 2.0, Z + HEIGHT, Z)
    tilted = np.where((Z >= 2.0) & (Z <= 14.0), -8.0, 4.0 + drop * (z - 14.0) / 18.0)
    with pytest.raises(PotentialError, match=r"upper face isn't flat: .* A, and .*LDIPOL.*LVHAR"):
        levels(tilted, slab())


def test_a_ripple_of_less_than_the_allowed_spread_is_a_level():
    ripple = np.where((Z >= 2.0) & (Z <= 14.0), -8.0, 4.0 + 0.02 * np.cos(2 * np.pi * Z / 2.0))
    found = levels(ripple, slab())
    assert found["upper"].spread_ev == pytest.approx(0.04, abs=1e-3)


def test_no_vacuum():
    thick = slab(3.0, 27.0)
    assert not has_vacuum(potential_profile(np.zeros((2, 2, N)), thick, (2.0,)), thick)
    with pytest.raises(PotentialError, match=r"no vacuum: .* is 6\.00 A high, and 8 A"):
        levels(np.zeros(N), thick)
    assert has_vacuum(potential_profile(np.zeros((2, 2, N)), slab(), (2.0,)), slab())
