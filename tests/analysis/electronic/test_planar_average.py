"""Averages over planes against integrals that are known."""

from __future__ import annotations

import numpy as np
import pytest
from charge_models import CELL, SHAPE, gaussian
from scipy.special import erf

from llo_dft.analysis.electronic.planar_average import (
    cumulative_e,
    line_density_e_per_angstrom,
    macroscopic_average,
    planar_average,
    plane_area_a2,
    plane_height_angstrom,
    widest_gap,
)

SKEWED = np.array([[5.0, 0.3, -0.4], [1.0, 5.2, 0.2], [0.7, -0.9, 16.0]])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_line_density_integrates_to_the_total_in_a_skewed_cell(axis):
    grid = np.random.default_rng(1).random((6, 7, 9))
    density = line_density_e_per_angstrom(grid, SKEWED, axis)
    step = plane_height_angstrom(SKEWED, axis) / grid.shape[axis]
    total = grid.mean() * abs(np.linalg.det(SKEWED))
    assert density.sum() * step == pytest.approx(total, rel=1e-13)
    assert cumulative_e(density, step)[-1] == pytest.approx(total, rel=1e-13)


def test_height_times_area_is_the_volume_and_height_is_below_the_length():
    for axis in range(3):
        height = plane_height_angstrom(SKEWED, axis)
        assert height * plane_area_a2(SKEWED, axis) == pytest.approx(abs(np.linalg.det(SKEWED)))
        assert height < np.linalg.norm(SKEWED[axis])


def test_planar_average_is_over_the_other_two_axes():
    grid = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_allclose(planar_average(grid, 1), grid.mean(axis=2).mean(axis=0))


def test_two_shifted_gaussians_give_the_error_functions_between_them():
    width, low, high = 0.6, 5.0, 9.0  # angstrom along c, which is normal to the planes
    difference = gaussian([0.3, 0.4, low / 16], width) - gaussian([0.3, 0.4, high / 16], width)
    step = 16.0 / SHAPE[2]
    density = line_density_e_per_angstrom(difference, CELL, 2)
    cumulative = cumulative_e(density, step)
    z = (np.arange(SHAPE[2]) + 0.5) * step
    exact = (erf((z - low) / width / 2**0.5) - erf((z - high) / width / 2**0.5)) / 2
    np.testing.assert_allclose(cumulative, exact, atol=5e-3)  # the step is 0.4 of the width
    # one electron crossed the middle towards smaller z: positive, by the convention
    assert cumulative[round(7.0 / step)] == pytest.approx(1.0, abs=2e-3)
    assert abs(cumulative[-1]) < 1e-10


def test_widest_gap_goes_around_the_cell():
    assert widest_gap([0.9, 0.1, 0.4]) == pytest.approx((0.65, 0.5))
    assert widest_gap([0.3, 0.6, 0.5]) == pytest.approx((0.95, 0.7))
    assert widest_gap([0.25]) == pytest.approx((0.75, 1.0))


class TestMacroscopicAverage:
    height = 12.0
    z = np.arange(240) * 12.0 / 240

    def test_a_window_of_one_period_leaves_the_mean(self):
        profile = 3.0 + np.cos(2 * np.pi * self.z / 2.0)
        np.testing.assert_allclose(
            macroscopic_average(profile, self.height, [2.0]), 3.0, atol=1e-13
        )

    def test_a_window_of_another_length_leaves_the_known_part(self):
        profile = np.cos(2 * np.pi * self.z / 4.0)
        np.testing.assert_allclose(
            macroscopic_average(profile, self.height, [1.0]),
            profile * np.sin(np.pi / 4) / (np.pi / 4),
            atol=1e-13,
        )

    def test_two_windows_level_both_sides_of_a_step(self):
        left = self.z < 6.0
        profile = np.where(left, np.cos(2 * np.pi * self.z / 1.5), 2 + np.cos(2 * np.pi * self.z))
        average = macroscopic_average(profile, self.height, [1.5, 1.0])
        assert average[60] == pytest.approx(0.0, abs=0.01)
        assert average[180] == pytest.approx(2.0, abs=0.01)

    @pytest.mark.parametrize("window", [0.0, -1.0, 12.5])
    def test_window_out_of_range(self, window):
        with pytest.raises(ValueError, match="a window must be longer than 0 and at most"):
            macroscopic_average(np.zeros(10), self.height, [window])
