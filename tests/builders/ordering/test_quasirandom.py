"""Pairs of elements as in a random alloy, against counts by hand and all arrangements."""

from itertools import permutations

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.ordering.arrangement_search import OrderingProblem
from llo_dft.builders.ordering.quasirandom import pair_deviation, pair_shells, quasirandom

SPACING = 2.85


@pytest.fixture(scope="module")
def layer():
    """Eight sites of a triangular layer, layers far apart."""
    lattice = Lattice.hexagonal(SPACING, 20.0)
    return Structure(lattice, ["Ni"], [[0, 0, 0]]).make_supercell([4, 2, 1], in_place=False)


def problem(counts):
    n = sum(counts)
    return OrderingProblem(
        np.zeros((n, n)),
        np.zeros(n),
        np.ones(n, dtype=np.int64),
        np.arange(len(counts), dtype=float),
        np.array(counts),
        np.ones((n, len(counts)), dtype=bool),
    )


def test_each_site_of_a_triangular_layer_has_six_neighbours_in_each_shell(layer):
    shells = pair_shells(layer, range(8))
    # at a, sqrt(3) a and 2 a: 2.85, 4.94 and 5.70 angstrom
    assert shells.sum(axis=2).tolist() == [[6.0] * 8] * 3
    assert (shells == shells.transpose(0, 2, 1)).all()


def test_two_elements_in_rows_have_the_pairs_that_one_counts(layer):
    a = layer.frac_coords[:, 0]
    rows = np.round(a * 4).astype(int) % 2
    # of six neighbours two are in the same row; of the second shell two; of the third all
    share = (np.array([2, 2, 6]) / 6 - 0.5) / 2
    expected = (4 * np.abs(share) / [1, 2, 3]).sum()
    assert pair_deviation(pair_shells(layer, range(8)), rows[None])[0] == pytest.approx(expected)


def test_the_search_finds_the_best_of_all_arrangements(layer):
    shells = pair_shells(layer, range(8))
    every = np.array(sorted(set(permutations([0, 0, 0, 0, 1, 1, 2, 2]))))
    best = pair_deviation(shells, every).min()
    found = quasirandom(
        problem([4, 2, 2]), [[i] for i in range(8)], layer, [range(8)], seed=0, starts=20
    )
    values = [value for value, _ in found]
    assert values[0] == pytest.approx(best)
    assert values == sorted(values)
    for value, arrangement in found:
        assert np.bincount(arrangement).tolist() == [4, 2, 2]
        assert pair_deviation(shells, arrangement[None])[0] == pytest.approx(value)


def test_blocks_stay_together(layer):
    blocks = [[0, 7], [1, 6], [2, 5], [3, 4]]
    whole = problem([2, 2])
    sized = OrderingProblem(
        whole.coupling, whole.field, 2 * whole.sizes, whole.charges, np.array([4, 4]), whole.allowed
    )
    (_, best), *_ = quasirandom(sized, blocks, layer, [range(8)], seed=0, starts=5)
    assert np.bincount(best).tolist() == [2, 2]
