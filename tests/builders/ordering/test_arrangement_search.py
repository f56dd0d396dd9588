"""The search against the enumeration of all arrangements, and its bookkeeping of energies."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llo_dft.builders.ordering.arrangement_search import (
    OrderingError,
    OrderingProblem,
    _random_fill,
    ewald_matrix,
    reduce_to_blocks,
    search,
)
from llo_dft.documents.decoding.stored_structure import structure_from
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from llo_dft.typing import IntArray

    class BruteForce(Protocol):
        def __call__(self, problem: OrderingProblem) -> float | None: ...

    class MakeBulk(Protocol):
        def __call__(self, name: str) -> Structure: ...


ENERGY_TOLERANCE_EV = 1e-6
MASKS = ("none", "one species", "any")
FAST = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SIZES = st.lists(st.sampled_from([1, 2]), min_size=2, max_size=6)
SEEDS = st.integers(0, 2**32 - 1)


def random_problem(sizes: list[int], seed: int, mask: str) -> OrderingProblem:
    """Return a problem with random couplings that at least one assignment solves."""
    rng = np.random.default_rng(seed)
    n_blocks, n_species = len(sizes), int(rng.integers(2, 4))
    coupling = rng.normal(size=(n_blocks, n_blocks))
    solution = rng.integers(0, n_species, n_blocks)
    allowed = np.ones((n_blocks, n_species), dtype=bool)
    if mask == "one species":
        allowed[:, 0] = rng.random(n_blocks) < 0.5
    if mask == "any":
        allowed = rng.random((n_blocks, n_species)) < 0.6
    allowed[np.arange(n_blocks), solution] = True
    counts = np.bincount(solution, weights=sizes, minlength=n_species).astype(np.int64)
    return OrderingProblem(
        coupling=coupling + coupling.T,
        field=rng.normal(size=n_blocks),
        sizes=np.array(sizes, dtype=np.int64),
        charges=rng.choice([0.0, 1.0, 2.0, 3.0, 4.0], n_species, replace=False),
        counts=counts,
        allowed=allowed,
    )


def assert_valid(problem: OrderingProblem, assignment: IntArray) -> None:
    taken = np.bincount(assignment, weights=problem.sizes, minlength=len(problem.counts))
    assert taken.tolist() == problem.counts.tolist()
    assert problem.allowed[np.arange(len(assignment)), assignment].all()


@pytest.mark.parametrize("mask", MASKS)
@FAST
@given(sizes=SIZES, seed=SEEDS)
def test_search_reaches_the_optimum_of_all_arrangements(
    brute_force: BruteForce, mask: str, sizes: list[int], seed: int
) -> None:
    problem = random_problem(sizes, seed, mask)
    found = search(problem, seed=0, starts=40)
    assert_valid(problem, found)
    assert problem.energy_ev(found) == pytest.approx(brute_force(problem), abs=ENERGY_TOLERANCE_EV)


@FAST
@given(sizes=SIZES, seed=SEEDS, counts_seed=SEEDS)
def test_search_fails_exactly_where_no_arrangement_exists(
    brute_force: BruteForce, sizes: list[int], seed: int, counts_seed: int
) -> None:
    problem = random_problem(sizes, seed, "any")
    shuffled = np.random.default_rng(counts_seed).permutation(problem.counts)
    problem = replace(problem, counts=shuffled)
    if brute_force(problem) is None:
        with pytest.raises(OrderingError, match="can't be put on blocks of"):
            search(problem, seed=0, starts=2)
    else:
        assert_valid(problem, search(problem, seed=0, starts=2))


def test_an_arrangement_that_random_filling_never_meets_is_still_found() -> None:
    """Only the two singles may take species 1, and only they leave room for the pairs."""
    problem = OrderingProblem(
        coupling=np.zeros((5, 5)),
        field=np.zeros(5),
        sizes=np.array([2, 1, 1, 1, 2]),
        charges=np.array([0.0, 1.0]),
        counts=np.array([2, 5]),
        allowed=np.array([[1, 1], [1, 0], [0, 1], [1, 1], [0, 1]], dtype=bool),
    )
    assert search(problem, seed=0, starts=1).tolist() == [1, 0, 1, 0, 1]


@given(sizes=SIZES, seed=SEEDS, search_seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_same_seed_same_answer(sizes: list[int], seed: int, search_seed: int) -> None:
    problem = random_problem(sizes, seed, "one species")
    first, second = (search(problem, seed=search_seed, starts=3) for _ in range(2))
    assert first.tolist() == second.tolist()


def test_pairs_alone_cannot_hold_odd_counts() -> None:
    problem = replace(random_problem([2, 2, 2], 0, "none"), counts=np.array([3, 3]))
    problem = replace(problem, charges=np.array([1.0, 0.0]), allowed=np.ones((3, 2), dtype=bool))
    with pytest.raises(OrderingError, match=r"counts \[3, 3\] can't be put on blocks of \[2\]"):
        search(problem, seed=0, starts=1)


def test_of_equal_energies_the_first_in_order_is_returned() -> None:
    problem = OrderingProblem(
        coupling=np.zeros((4, 4)),
        field=np.zeros(4),
        sizes=np.ones(4, dtype=np.int64),
        charges=np.array([1.0, 0.0]),
        counts=np.array([2, 2]),
        allowed=np.ones((4, 2), dtype=bool),
    )
    for seed in range(5):
        assert search(problem, seed=seed, starts=60).tolist() == [0, 0, 1, 1]


def test_a_block_is_exchanged_against_two_of_half_its_size() -> None:
    """From (pair filled) only a split swap leads to (both singles filled), which is lower."""
    problem = OrderingProblem(
        coupling=np.zeros((3, 3)),
        field=np.array([5.0, 1.0, 1.0]),
        sizes=np.array([2, 1, 1]),
        charges=np.array([1.0, 0.0]),
        counts=np.array([2, 2]),
        allowed=np.ones((3, 2), dtype=bool),
    )
    for seed in range(10):
        assert search(problem, seed=seed, starts=1).tolist() == [1, 0, 0]


@given(seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_folding_onto_blocks_keeps_the_full_energy(seed: int) -> None:
    """E(blocks) + E(fixed) = q M q with the charges written out site by site."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(8, 8))
    matrix = matrix + matrix.T
    sites = rng.permutation(8)
    blocks = [[int(sites[0])], [int(sites[1]), int(sites[2])], [int(sites[3]), int(sites[4])]]
    fixed = np.zeros(8)
    fixed[sites[5:]] = rng.normal(size=3)
    coupling, field, sizes = reduce_to_blocks(matrix, fixed, blocks)
    charges = np.array([3.0, 1.0, -2.0])
    problem = OrderingProblem(
        coupling=coupling,
        field=field,
        sizes=sizes,
        charges=charges,
        counts=np.array([1, 2, 2]),
        allowed=np.ones((3, 3), dtype=bool),
    )
    assignment = rng.integers(0, 3, 3)
    full = fixed.copy()
    for block, species in zip(blocks, assignment, strict=True):
        full[block] = charges[species]
    assert sizes.tolist() == [1, 2, 2]
    assert problem.energy_ev(assignment) + fixed @ matrix @ fixed == pytest.approx(
        full @ matrix @ full, abs=1e-10
    )


def test_the_matrix_of_a_crystal_is_symmetric_and_follows_translations(make_bulk: MakeBulk) -> None:
    bulk = make_bulk("LiCoO2")
    matrix = ewald_matrix(bulk)
    assert np.allclose(matrix, matrix.T)
    moved = bulk.copy()
    moved.translate_sites(range(len(moved)), [0.3, 0.2, 0.7])
    assert np.allclose(ewald_matrix(moved), matrix, atol=1e-8)
    assert bulk.site_properties == make_bulk("LiCoO2").site_properties


def test_a_structure_that_was_stored_gives_no_warning() -> None:
    """It has a charge of its own, 0, which the unit charges here do not add up to."""
    cell = load_structure("Li2MnO3")
    stored = structure_from(cell.as_dict())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        matrix = ewald_matrix(stored)
    assert np.abs(matrix - ewald_matrix(cell)).max() < 1e-12


def test_random_fills_are_the_draws_of_numpys_own_weighted_choice() -> None:
    """The fill in Python's numbers and the one in arrays end alike, with the generator alike."""
    problem = OrderingProblem(
        coupling=np.zeros((12, 12)),
        field=np.zeros(12),
        sizes=np.array([2, 1, 1, 2, 1, 1, 2, 1, 1, 1, 1, 2]),
        charges=np.array([1.0, 3.0, 4.0]),
        counts=np.array([5, 4, 7]),
        allowed=np.array([[True, i % 3 > 0, True] for i in range(12)]),
    )
    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)
    for _ in range(20):
        made = _random_fill(problem, ours)
        left, room = problem.counts.copy(), problem.sizes @ problem.allowed
        expected = np.full(12, -1)
        order = theirs.permutation(12)
        for block in order[np.argsort(-problem.sizes[order], kind="stable")]:
            size = problem.sizes[block]
            fits = np.flatnonzero((left >= size) & problem.allowed[block])
            if not len(fits):
                break
            share = left[fits] / room[fits]
            share = np.where(share >= 1.0, share, 0.0) if share.max() >= 1.0 else share
            expected[block] = theirs.choice(fits, p=share / share.sum())
            left[expected[block]] -= size
            room = room - size * problem.allowed[block]
        assert made is None if (expected < 0).any() else (made == expected).all()
    assert ours.bit_generator.state == theirs.bit_generator.state
