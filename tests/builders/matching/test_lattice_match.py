from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.analysis.elasticity.strain import Strain

from llo_dft.builders.matching.lattice_match import LatticeMatch, NoMatchError, von_mises_strain
from llo_dft.errors import InputError

strains = st.floats(-0.3, 0.3)

FILM = np.array([[3.0, 0.0], [-1.0, 4.0]])
SUBSTRATE = np.array([[0.2, 3.1], [-4.0, 0.1]])


def match(share: float) -> LatticeMatch:
    """FILM on SUBSTRATE, cell on cell."""
    gradient = np.linalg.solve(FILM, SUBSTRATE).T
    s1, s2 = np.linalg.svd(gradient, compute_uv=False) - 1
    return LatticeMatch(
        area_a2=12.0,
        max_strain=max(abs(s1), abs(s2)),
        von_mises_strain=float(von_mises_strain(s1, s2)),
        principal_strains=(s1, s2),
        film_transformation=np.eye(2, dtype=np.int64),
        substrate_transformation=np.eye(2, dtype=np.int64),
        deformation_gradient=gradient,
        rotation_angle=90.0,
        strain_share=share,
        turned_over=False,
        n_atoms=None,
        on_front=True,
    )


@given(strains, strains)
def test_the_von_mises_strain_is_pymatgens_of_a_film_that_keeps_its_thickness(
    first: float, second: float
) -> None:
    expected = Strain(np.diag([first, second, 0.0])).von_mises_strain
    assert float(von_mises_strain(first, second)) == pytest.approx(expected, abs=1e-12)


def test_equal_strains_along_both_axes_still_shear_in_three_dimensions() -> None:
    assert float(von_mises_strain(0.03, 0.03)) == pytest.approx(2 / 3 * 0.03)
    assert von_mises_strain([0.03, 0.0], [-0.03, 0.0]).tolist() == pytest.approx(
        [2 / np.sqrt(3) * 0.03, 0.0]
    )


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_both_sides_meet_on_one_cell_whatever_their_shares(share: float) -> None:
    one = match(share)
    film = FILM @ one.film_deformation.T
    substrate = SUBSTRATE @ one.substrate_deformation.T
    np.testing.assert_allclose(film, substrate, atol=1e-12)
    stretches = np.linalg.svd(one.film_deformation, compute_uv=False)
    whole = 1 + np.array(one.principal_strains)
    np.testing.assert_allclose(stretches, whole**share, atol=1e-12)


def test_the_side_without_a_share_is_left_as_it_is() -> None:
    np.testing.assert_allclose(match(1.0).substrate_deformation, np.eye(2), atol=1e-12)
    turned = match(0.0).film_deformation  # a rotation alone
    np.testing.assert_allclose(turned @ turned.T, np.eye(2), atol=1e-12)


def test_a_search_without_result_keeps_what_came_nearest() -> None:
    nearest = match(1.0)
    error = NoMatchError("none below 1 %", nearest, None)
    assert isinstance(error, InputError)
    assert (error.smallest_strain, error.smallest_area) == (nearest, None)
