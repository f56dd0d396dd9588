from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from llo_dft.analysis.electronic.band_center import joined_moments, window_moments

GRID = np.linspace(-10.0, 5.0, 301)
RANDOM = np.random.default_rng(3).uniform(0.0, 2.0, GRID.size)


def gaussian(center: float, width: float) -> np.ndarray:
    return np.exp(-(((GRID - center) / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))


def test_a_gaussian_has_its_centre_weight_and_width():
    found = window_moments(GRID, 3 * gaussian(-2.5, 0.5))
    assert found.center_ev == pytest.approx(-2.5, abs=1e-9)
    assert found.weight == pytest.approx(3.0, abs=1e-9)
    assert found.width_ev == pytest.approx(0.5, abs=1e-9)


def test_a_box_cut_by_a_window_between_grid_points():
    # g = 1 from -4.03 to -1.02 eV, the window's ends off the grid of 0.05 eV
    found = window_moments(GRID, np.ones_like(GRID), (-4.03, -1.02))
    assert found.weight == pytest.approx(3.01, abs=1e-12)
    assert found.center_ev == pytest.approx(-2.525, abs=1e-3)
    assert found.width_ev == pytest.approx(3.01 / np.sqrt(12), abs=1e-3)


def test_a_line_is_cut_where_it_stands_at_the_ends():
    # g = E on [0, 1.01]: the last bin is a fifth of the others; its integral is exact
    assert window_moments(GRID, GRID, (0.0, 1.01)).weight == pytest.approx(1.01**2 / 2, abs=1e-12)


@pytest.mark.parametrize("window", [None, (-6.3, 1.234), (-20.0, 20.0)])
def test_a_shift_of_energies_shifts_the_centre_and_nothing_else(window):
    shift = 1.7320508
    before = window_moments(GRID, RANDOM, window)
    moved = None if window is None else (window[0] + shift, window[1] + shift)
    after = window_moments(GRID + shift, RANDOM, moved)
    assert before.center_ev is not None
    assert after.center_ev == pytest.approx(before.center_ev + shift, abs=1e-12)
    assert after.weight == pytest.approx(before.weight, abs=1e-12)
    assert after.width_ev == pytest.approx(before.width_ev, abs=1e-12)


def test_windows_that_meet_add_up():
    parts = [window_moments(GRID, RANDOM, limits) for limits in ((-9.0, -1.11), (-1.11, 4.0))]
    whole = window_moments(GRID, RANDOM, (-9.0, 4.0))
    assert sum(part.weight for part in parts) == pytest.approx(whole.weight, abs=1e-3)


def test_moments_of_parts_join_to_those_of_their_sum():
    parts = [3 * gaussian(-2.5, 0.5), gaussian(-1.0, 0.25), np.zeros_like(GRID)]
    joined = joined_moments([window_moments(GRID, part) for part in parts])
    whole = window_moments(GRID, sum(parts))
    assert joined.weight == pytest.approx(whole.weight, abs=1e-12)
    assert joined.center_ev == pytest.approx(whole.center_ev, abs=1e-12)
    assert joined.width_ev == pytest.approx(whole.width_ev, abs=1e-12)
    assert joined_moments([window_moments(GRID, np.zeros_like(GRID))] * 2).center_ev is None


def test_integrating_needs_neither_pydantic_nor_pymatgen():
    # reading a file of 272 MB takes less time than importing the two
    code = (
        "import sys, llo_dft.analysis.electronic.band_center as _;"
        "print([m for m in ('pydantic', 'pymatgen') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_too_little_weight_has_no_centre():
    found = window_moments(GRID, np.zeros_like(GRID))
    assert (found.center_ev, found.weight, found.width_ev) == (None, 0.0, None)
    assert window_moments(GRID, RANDOM, (6.0, 9.0)).center_ev is None  # beyond the grid
    assert window_moments(GRID, RANDOM, (1.0, 1.0)).center_ev is None


@pytest.mark.parametrize(
    ("energies", "density", "match"),
    [
        (GRID, GRID[1:], "same shape"),
        (GRID[::-1], RANDOM, "must ascend"),
        (GRID, np.full_like(GRID, np.nan), "must be finite"),
    ],
)
def test_what_can_not_be_integrated_is_refused(energies, density, match):
    with pytest.raises(ValueError, match=match):
        window_moments(energies, density)
