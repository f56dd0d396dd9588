"""Two-dimensional lattices: bases, sublattices and point groups, by hand and by brute force."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from plane_lattices import bases, unimodular

from llo_dft.builders.matching.lattice2d import (
    hermite_normal_forms,
    in_plane_basis,
    lattice_point_group,
    reduction,
)

if TYPE_CHECKING:
    from llo_dft.typing import FloatArray, IntArray

EXACT = 1e-9

SQUARE = np.eye(2)
HEXAGONAL = np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])


@pytest.mark.parametrize("index", range(1, 21))
def test_there_are_as_many_sublattices_as_the_divisors_sum_to(index: int) -> None:
    forms = hermite_normal_forms(index)
    assert len(forms) == sum(d for d in range(1, index + 1) if index % d == 0)
    assert {round(np.linalg.det(form)) for form in forms} == {index}
    # two bases span one sublattice exactly if their quotient is an integer matrix
    quotients = [a @ np.linalg.inv(b) for a, b in product(forms, forms)]
    same = sum(np.allclose(q, np.round(q)) for q in quotients)
    assert same == len(forms)


@given(basis=bases(), change=unimodular())
def test_a_reduced_basis_holds_the_two_shortest_vectors(
    basis: FloatArray, change: IntArray
) -> None:
    transformation = reduction(change @ basis)
    a, b = transformation @ change @ basis
    assert abs(round(np.linalg.det(transformation))) == 1
    assert a[0] * b[1] - a[1] * b[0] > 0
    grid = np.array([v for v in product(range(-6, 7), repeat=2) if any(v)])
    shortest = np.linalg.norm(grid @ basis, axis=1).min()
    assert np.linalg.norm(a) == pytest.approx(shortest, rel=EXACT)
    assert abs(a @ b) <= a @ a / 2 * (1 + 1e-8)


@pytest.mark.parametrize(
    ("basis", "order"),
    [
        (SQUARE, 8),
        (HEXAGONAL, 12),
        ([[1, 0], [0, 1.3]], 4),
        ([[1, 0.4], [1, -0.4]], 4),
        ([[1, 0], [0.3, 1.2]], 2),
        ([[7, 2], [3, 1]], 8),  # a square lattice in a long basis
    ],
)
def test_point_group_of_a_lattice(basis: FloatArray, order: int) -> None:
    basis = np.array(basis, dtype=float)
    group = lattice_point_group(basis)
    assert len(group) == order
    assert (group[0] == np.eye(2)).all()
    for operation in group:
        moved = operation @ basis
        assert np.allclose(moved @ moved.T, basis @ basis.T)


def test_a_hexagonal_lattice_is_reduced_to_120_degrees() -> None:
    sixty = np.array([[1.0, 0.0], [0.5, np.sqrt(3) / 2]])
    a, b = reduction(sixty) @ sixty
    assert a @ b == pytest.approx(-0.5)


def test_three_dimensional_vectors_keep_their_lengths_and_angle_in_the_plane() -> None:
    vectors = np.array([[1.0, 2.0, 0.5], [-0.3, 1.0, 2.0]])
    basis = in_plane_basis(vectors)
    assert basis @ basis.T == pytest.approx(vectors @ vectors.T)
    assert basis[0, 1] == 0
    assert basis[1, 1] > 0
