from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.analysis.elasticity.strain import Strain

from llo_dft.chemistry.strain import principal_strains, von_mises_strain

strains = st.floats(-0.3, 0.3)


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


@given(strains, strains, st.floats(0.0, 6.28), st.floats(0.0, 6.28))
def test_principal_strains_are_found_whichever_way_the_vectors_lie(
    first: float, second: float, direction: float, turned: float
) -> None:
    start = np.array([[6.1, 0.0, 0.0], [1.2, 4.9, 0.3]])
    normal = np.cross(*start) / np.linalg.norm(np.cross(*start))
    a = start[0] / np.linalg.norm(start[0])
    b = np.cross(normal, a)
    one = np.cos(direction) * a + np.sin(direction) * b
    other = np.cross(normal, one)
    stretch = np.eye(3) + first * np.outer(one, one) + second * np.outer(other, other)
    cos, sin = np.cos(turned), np.sin(turned)
    turn = np.array([[cos, 0.0, -sin], [0.0, 1.0, 0.0], [sin, 0.0, cos]])
    found = principal_strains(start, start @ stretch @ turn.T)
    assert found == pytest.approx(sorted((first, second), reverse=True), abs=1e-7)
