"""Vacuum levels and alignments of potentials made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Structure

from llo_dft.analysis.electronic.potential_alignment import (
    PotentialError,
    align_by_vacuum,
    align_in_region,
    potential_profile,
)
from llo_dft.analysis.electronic.vacuum_levels import face_levels

HEIGHT, N = 30.0, 300
Z = np.arange(N) * HEIGHT / N


def slab(top=15.0):
    heights = np.arange(3.0, top, 2.0)
    cell = np.diag([4.0, 4.0, HEIGHT])
    return Structure(cell, ["O"] * len(heights), [[0, 0, z / HEIGHT] for z in heights])


def grid(level=0.0, top=15.0, tilt=0.0):
    """Wells of the period 2 A within the slab, a level outside, and a dipole's step."""
    inside = (Z > 2.0) & (top + 1.0 > Z)
    profile = level + np.where(inside, -8.0 + 3 * np.cos(np.pi * Z), 0.0) + tilt * Z / HEIGHT
    return np.broadcast_to(profile, (3, 4, N)).copy()


def profile_of(values, structure, windows=(2.0,)):
    return potential_profile(values, structure, windows)


def test_inside_the_slab_the_macroscopic_average_is_level():
    found = profile_of(grid(), slab())
    middle = [v for z, v in zip(Z, found.macroscopic_ev, strict=True) if 4.0 < z < 14.0]
    np.testing.assert_allclose(middle, -8.0, atol=0.05)


def test_alignments_give_back_the_shift_of_the_potential():
    bare, coated = profile_of(grid(), slab()), profile_of(grid(level=0.7), slab())
    levels = [face_levels(profile, slab())["upper"] for profile in (bare, coated)]
    by_vacuum = align_by_vacuum(*levels)
    in_region = align_in_region(bare, coated, (5.0, 13.0))
    for found in (by_vacuum, in_region):
        # levels of the second lie 0.7 eV too high
        assert found.shift_ev == pytest.approx(-0.7, abs=1e-9)
    assert (by_vacuum.method, in_region.method) == ("vacuum", "region")


def test_regions_are_periodic_and_not_empty():
    bare = profile_of(grid(), slab())
    assert align_in_region(bare, bare, (26.0, 31.0)).reference_ev == pytest.approx(0.0, abs=0.05)
    with pytest.raises(PotentialError, match="no plane from"):
        align_in_region(bare, bare, (5.01, 5.02))


def test_profiles_averaged_otherwise_are_refused():
    one, other = profile_of(grid(), slab()), profile_of(grid(), slab(), (2.0, 3.0))
    with pytest.raises(
        PotentialError, match=r"averaged alike, got .*\[2\.0\] and .*\[2\.0, 3\.0\]"
    ):
        align_in_region(one, other, (5.0, 13.0))
