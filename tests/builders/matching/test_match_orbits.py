"""Which matches are one: the orbits of maps under the point groups of both sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from llo_dft.builders.matching.lattice2d import lattice_point_group
from llo_dft.builders.matching.match_orbits import Sides, distinct
from llo_dft.builders.matching.match_search import Candidates, Limits, search

SQUARE = np.eye(2) * 3.0
OBLIQUE = np.array([[3.0, 0.0], [-0.8, 4.1]])
EXACT = Limits(max_area=9.0 * 6, max_strain=1e-6, strain_share=1.0)


def sides(film: np.ndarray, substrate: np.ndarray) -> Sides:
    return Sides(
        film,
        substrate,
        lattice_point_group(film),
        lattice_point_group(substrate),
    )


def test_of_a_square_lattice_on_itself_two_matches_are_left_up_to_sigma_five() -> None:
    # cell on cell, and the sqrt(5) cell turned by 36.87 degrees; its mirror image is the same
    found = distinct(search(SQUARE, SQUARE, EXACT), sides(SQUARE, SQUARE))
    assert sorted(np.abs(found.angles).round(4)) == [0.0, 36.8699]


def test_without_mirrors_the_two_senses_of_a_turn_are_two_matches() -> None:
    both = sides(SQUARE, SQUARE)
    turns = both.film_group[np.round(np.linalg.det(both.film_group)) == 1]
    found = distinct(
        search(SQUARE, SQUARE, EXACT), replace(both, film_group=turns, substrate_group=turns)
    )
    assert sorted(found.angles.round(4)) == [-36.8699, 0.0, 36.8699]


def test_the_order_of_the_candidates_does_not_matter() -> None:
    candidates = search(SQUARE, OBLIQUE, Limits(120.0, 0.1, 1.0))
    assert len(candidates.film) > 3
    expected = distinct(candidates, sides(SQUARE, OBLIQUE))
    order = np.random.default_rng(0).permutation(len(candidates.film))
    shuffled = Candidates(candidates.film[order], candidates.substrate[order])
    found = distinct(shuffled, sides(SQUARE, OBLIQUE))
    np.testing.assert_array_equal(found.angles, expected.angles)
    np.testing.assert_allclose(found.gradients, expected.gradients, atol=1e-12)


def test_what_is_returned_is_consistent_with_its_gradient() -> None:
    both = sides(SQUARE, OBLIQUE)
    candidates = search(SQUARE, OBLIQUE, Limits(120.0, 0.1, 1.0))
    found = distinct(candidates, both)
    for film, substrate, gradient in zip(found.film, found.substrate, found.gradients, strict=True):
        np.testing.assert_allclose(
            film @ both.film @ gradient.T, substrate @ both.substrate, atol=1e-10
        )
        assert np.linalg.det(gradient) > 0
