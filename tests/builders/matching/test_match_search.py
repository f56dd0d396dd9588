"""The bare search: which pairs of integer matrices it returns, before any are called alike."""

from __future__ import annotations

from itertools import product
from math import gcd

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llo_dft.builders.matching.match_search import Limits, search, stretches_of

SQUARE = np.eye(2) * 3.0
numbers = st.floats(-3, 3)


def limits(**changes: float | bool) -> Limits:
    return Limits(
        **{
            "max_area": 40.0,
            "max_strain": 0.05,
            "strain_share": 1.0,
        }
        | changes
    )


@given(numbers, numbers, numbers, numbers)
def test_stretches_are_singular_values(a: float, b: float, c: float, d: float) -> None:
    matrix = np.array([[a, b], [c, d]])
    expected = np.linalg.svd(matrix, compute_uv=False)
    np.testing.assert_allclose(stretches_of(matrix[None])[0], expected, atol=1e-10)


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [
        (1.0, 0.95, 1.05),  # the film alone is stretched
        (0.0, 1 / 1.05, 1 / 0.95),  # the substrate, the other way
        (0.5, 1 / 1.05**2, 1.05**2),  # the side that grows is at its limit first
    ],
)
def test_the_range_of_stretches_is_where_neither_side_exceeds_its_strain(
    share: float, low: float, high: float
) -> None:
    found = limits(strain_share=share).stretch_range()
    assert found == pytest.approx((low, high), rel=1e-8)
    for stretch in found:
        film, substrate = limits(strain_share=share).side_stretches(np.array([stretch]))
        assert max(abs(film - 1).max(), abs(substrate - 1).max()) <= 0.05 + 1e-6


def test_a_square_lattice_on_itself_has_its_pythagorean_turns_and_each_once() -> None:
    found = search(SQUARE, SQUARE, limits(max_strain=1e-6, max_area=9.0 * 13 + 1))
    gradients = np.linalg.inv(found.film) @ found.substrate
    for gradient in gradients:  # nothing but rotations
        np.testing.assert_allclose(gradient @ gradient.T, np.eye(2), atol=1e-12)
    # up to a half turn: 2 quarter turns of each rotation by (m + i n)^2, of index m^2 + n^2
    angles = {round(float(np.rad2deg(np.arctan2(g[0, 1], g[0, 0]))) % 180, 6) for g in gradients}
    expected = {
        round(float(np.rad2deg(2 * np.arctan2(n, m))) % 90 + quarter, 6) % 180
        for m, n in product(range(1, 4), range(-3, 4))
        if gcd(m, n) == 1 and (m + n) % 2 and m * m + n * n <= 13
        for quarter in (0, 90)
    }
    assert angles == expected
    assert len(angles) == len(gradients)


def test_what_is_too_large_or_too_strained_is_not_there() -> None:
    bigger = SQUARE * 1.08
    assert len(search(SQUARE, bigger, limits(max_area=11.0)).film) == 0
    (film,) = search(SQUARE, SQUARE * 1.04, limits(max_area=9.0 * 1.04**2)).film[:1]
    assert abs(round(np.linalg.det(film))) == 1
    assert len(search(SQUARE, SQUARE * 1.04, limits(max_area=9.0)).film) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_area": 0.0}, "max_area must be a positive area"),
        ({"max_area": float("inf")}, "max_area must be a positive area"),
        ({"max_strain": 1.0}, "max_strain must lie between 0 and 1"),
        ({"strain_share": 1.2}, "strain_share must lie between 0"),
    ],
)
def test_limits_that_nothing_meets_are_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        limits(**changes)
