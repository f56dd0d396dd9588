"""Differences of densities whose displacement is known."""

from __future__ import annotations

import numpy as np
import pytest
from charge_models import CELL, LOWER, SHAPE, UPPER, gaussian, transfer
from pymatgen.core import Structure

from llo_dft.analysis.electronic.density_difference import (
    assign_parts,
    atom_planes_angstrom,
    bond_profile,
    bonds_across,
    check_residual,
    interpolate,
    moved_electrons,
    planar_profile,
)
from llo_dft.errors import InputError

VOLUME = abs(np.linalg.det(CELL))


def structure(atoms, cell=CELL):
    return Structure(cell, [name for name, _ in atoms], [place for _, place in atoms])


WHOLE, A, B = structure([*LOWER, *UPPER]), structure(LOWER), structure(UPPER)


class TestAssignment:
    def test_each_atom_has_its_part_in_any_order_and_image(self):
        moved = structure([(n, np.add(p, (1, -2, 3))) for n, p in reversed(UPPER)])
        parts, shift = assign_parts(WHOLE, A, moved)
        assert parts == ["a", "a", "a", "b", "b", "b"]
        assert shift < 1e-10

    def test_rounding_of_the_file_is_no_shift(self):
        places = [(n, np.array(p) + 4e-7) for n, p in UPPER]
        assert 0 < assign_parts(WHOLE, A, structure(places))[1] < 1e-4

    def test_a_relaxed_part_is_refused_with_the_atom(self):
        places = [*UPPER[:2], ("Li", [0.2, 0.1, 0.4525])]
        with pytest.raises(InputError, match=r"Li 3 of B .* nearest is 0\.040 A away"):
            assign_parts(WHOLE, A, structure(places))

    def test_an_atom_of_ab_in_neither(self):
        with pytest.raises(InputError, match=r"Li 6 of AB .* in neither A nor B"):
            assign_parts(WHOLE, A, structure(UPPER[:2]))

    def test_an_atom_in_both(self):
        with pytest.raises(InputError, match=r"O 4 of B .* atom 2 of AB, which is"):
            assign_parts(WHOLE, A, structure([*UPPER, LOWER[1]]))

    def test_an_element_that_ab_has_not(self):
        with pytest.raises(InputError, match=r"Na 1 of A .* \(none\)"):
            assign_parts(WHOLE, structure([("Na", [0, 0, 0])]), B)

    def test_another_cell_is_refused_with_both_vectors(self):
        other = structure(LOWER, CELL + np.diag([0, 0, 2e-3]))
        with pytest.raises(InputError, match=r"vector c is .*16\.002\] A and .*16\.0\] A"):
            assign_parts(WHOLE, other, B)


class TestResidual:
    def test_is_returned(self):
        assert check_residual([24.0004, 12.0, 12.0]) == pytest.approx(4e-4)

    @pytest.mark.parametrize("whole", [24.001, 23.5, float("nan")])
    def test_is_refused_with_all_counts(self, whole):
        with pytest.raises(InputError, match=r"AB has .* A 12\.0+ and B 12\.0+"):
            check_residual([whole, 12.0, 12.0])


class TestPlanarProfile:
    def test_integrates_to_the_total_and_ends_at_the_residual(self):
        profile = planar_profile(transfer(0.4) + 1e-6, WHOLE)
        step = 16.0 / SHAPE[2]
        assert sum(profile.line_density_e_per_angstrom) * step == pytest.approx(1e-6 * VOLUME)
        assert profile.cumulative_e[-1] == pytest.approx(1e-6 * VOLUME)

    def test_begins_in_the_vacuum(self):
        profile = planar_profile(transfer(0.4), WHOLE)
        heights = atom_planes_angstrom(WHOLE, profile)
        assert profile.coordinate_angstrom[0] < heights.min() - 4
        assert profile.coordinate_angstrom[-1] > heights.max() + 4
        np.testing.assert_allclose(heights, WHOLE.frac_coords[:, 2] * 16.0)

    @pytest.mark.parametrize("shift", [11, 30, 52])
    def test_a_rigid_translation_moves_the_profile_and_nothing_else(self, shift):
        fraction = shift / SHAPE[2]
        moved = WHOLE.copy()
        moved.translate_sites(range(len(moved)), [0, 0, fraction])
        first = planar_profile(transfer(0.4), WHOLE)
        second = planar_profile(np.roll(transfer(0.4), shift, axis=2), moved)
        np.testing.assert_allclose(
            first.line_density_e_per_angstrom, second.line_density_e_per_angstrom, atol=1e-13
        )
        np.testing.assert_allclose(first.cumulative_e, second.cumulative_e, atol=1e-13)
        between = np.subtract(second.coordinate_angstrom, first.coordinate_angstrom)
        assert np.ptp(between) < 1e-12
        # the profile may begin a whole cell earlier
        assert np.cos(2 * np.pi * (between[0] / 16 - fraction)) == pytest.approx(1.0)


class TestBonds:
    def test_p_of_one_with_o_of_the_other_only(self):
        parts, _ = assign_parts(WHOLE, A, B)
        (bond,) = bonds_across(WHOLE, parts)
        assert (bond.cation, bond.anion) == (3, 1)
        np.testing.assert_allclose(bond.vector, [0, 0, -1.6], atol=1e-12)

    def test_bond_across_the_cell_boundary(self):
        whole = WHOLE.copy()
        whole.translate_sites(range(6), [0.5, 0.5, 0.65])
        parts, _ = assign_parts(WHOLE, A, B)
        (bond,) = bonds_across(whole, parts)
        np.testing.assert_allclose(bond.vector, [0, 0, -1.6], atol=1e-12)

    @pytest.mark.parametrize(("length", "bonded"), [(1.80, True), (1.95, False)])
    def test_a_stretched_bond_counts_as_everywhere(self, length, bonded):
        stretched = WHOLE.copy()
        stretched.translate_sites([3], [0, 0, (length - 1.6) / 16])
        parts, _ = assign_parts(WHOLE, A, B)
        assert bool(bonds_across(stretched, parts)) == bonded

    def test_a_metal_of_the_coating_is_a_former_if_the_coating_is_known(self):
        whole = WHOLE.copy()
        whole.replace(3, "Nb")
        parts, _ = assign_parts(WHOLE, A, B)
        assert bonds_across(whole, parts) == bonds_across(whole, parts, "a") == []
        (bond,) = bonds_across(whole, parts, "b")
        assert (bond.cation, bond.anion) == (3, 1)

    def test_profile_follows_the_density(self):
        parts, _ = assign_parts(WHOLE, A, B)
        bond = bonds_across(WHOLE, parts)[0]
        profile = bond_profile(transfer(0.4), WHOLE, parts, bond)
        height = 6.4 - np.array(profile.distance_angstrom)  # O lies below P
        exact = (
            0.4
            * (
                np.exp(-((height - 5.28) ** 2) / (2 * 0.36))
                - np.exp(-((height - 6.72) ** 2) / 0.72)
            )
            / (0.6 * (2 * np.pi) ** 0.5) ** 3
        )
        # linear interpolation of a Gaussian errs by step^2 / 8 of its curvature
        np.testing.assert_allclose(profile.difference_e_per_a3, exact, atol=4e-3)
        assert profile.distance_angstrom[0] == pytest.approx(-0.8)
        assert profile.distance_angstrom[-1] == pytest.approx(2.4)
        assert profile.former_part == "b"


class TestInterpolation:
    grid = np.random.default_rng(2).random((4, 5, 6))

    def test_is_exact_on_the_points_and_periodic(self):
        index = np.array([[0, 0, 0], [3, 4, 5], [1, 2, 3]])
        expected = self.grid[tuple(index.T)]
        points = index / np.array(self.grid.shape)
        np.testing.assert_allclose(interpolate(self.grid, points), expected, atol=1e-14)
        np.testing.assert_allclose(
            interpolate(self.grid, points - [1, 2, -3]), expected, atol=1e-14
        )

    def test_is_the_mean_half_way_over_the_boundary(self):
        middle = interpolate(self.grid, np.array([[3.5 / 4, 0.2, 0.5]]))
        assert middle[0] == pytest.approx((self.grid[3, 1, 3] + self.grid[0, 1, 3]) / 2)


def test_moved_electrons_of_two_gaussians_far_apart():
    far = gaussian([0.5, 0.5, 0.2], 0.5) - gaussian([0.5, 0.5, 0.7], 0.5)
    assert moved_electrons(0.7 * far, VOLUME) == pytest.approx(0.7, rel=1e-6)
