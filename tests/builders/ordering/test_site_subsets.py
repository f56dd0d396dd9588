"""Subsets up to a group: rings counted by hand and in tables, random groups against all subsets."""

from __future__ import annotations

from itertools import combinations
from math import comb
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.ordering import site_subsets as orderings
from llo_dft.builders.ordering.site_subsets import count_orbits, site_group, subset_orbits
from llo_dft.resources import load_structure

Permutation = tuple[int, ...]


def generated(generators: list[Permutation]) -> np.ndarray:
    """Return all products of some permutations."""
    members = {tuple(range(len(generators[0])))}
    while True:
        products = {tuple(p[i] for i in q) for p in members for q in generators} | members
        if products == members:
            return np.array(sorted(members))
        members = products


def ring(n_sites: int, *, mirrors: bool) -> np.ndarray:
    sites = np.arange(n_sites)
    turns = [tuple(np.roll(sites, 1).tolist())]
    return generated(turns + [tuple(sites[::-1].tolist())] * mirrors)


def by_hand(group: np.ndarray, size: int) -> dict[Permutation, int]:
    """Return the first subset of each orbit, and the orbit's size, from all subsets."""
    subsets = combinations(range(group.shape[1]), size)
    orbits = {s: {tuple(sorted(p[i] for i in s)) for p in group.tolist()} for s in subsets}
    return {s: len(orbit) for s, orbit in orbits.items() if s == min(orbit)}


def listed(group: np.ndarray, size: int) -> dict[Permutation, int]:
    subsets, degeneracies = subset_orbits(group, size)
    return dict(zip(map(tuple, subsets.tolist()), degeneracies.tolist(), strict=True))


@st.composite
def groups(draw: st.DrawFn) -> np.ndarray:
    permutations = st.permutations(range(draw(st.integers(1, 6)))).map(tuple)
    return generated(draw(st.lists(permutations, min_size=1, max_size=2)))


def test_square_of_four() -> None:
    """Two on a square sit side by side (4 ways) or across (2 ways); the rest is one way."""
    square = ring(4, mirrors=True)
    assert len(square) == 8
    assert listed(square, 0) == {(): 1}
    assert listed(square, 1) == {(0,): 4}
    assert listed(square, 2) == {(0, 1): 4, (0, 2): 2}
    assert listed(square, 3) == {(0, 1, 2): 4}
    assert listed(square, 4) == {(0, 1, 2, 3): 1}


@pytest.mark.parametrize(
    ("mirrors", "expected"),
    # n black among 2 n beads: necklaces OEIS A003239, bracelets A005648
    [(False, [1, 2, 4, 10, 26, 80]), (True, [1, 2, 3, 8, 16, 50])],
)
def test_half_black_rings_of_the_tables(mirrors: bool, expected: list[int]) -> None:  # noqa: FBT001
    for n, number in enumerate(expected, start=1):
        group = ring(2 * n, mirrors=mirrors)
        assert count_orbits(group, n) == number
        assert len(listed(group, n)) == number


@given(group=groups(), size=st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_every_orbit_once_by_its_first_subset(group: np.ndarray, size: int) -> None:
    size = min(size, group.shape[1])
    found = listed(group, size)
    assert found == by_hand(group, size)
    assert list(found) == sorted(found)
    assert len(found) == count_orbits(group, size) == count_orbits(group, group.shape[1] - size)
    assert sum(found.values()) == comb(group.shape[1], size)


def test_rings_longer_than_a_machine_word() -> None:
    """On 70 sites pairs differ in their distance, 1 to 35; across there are half as many."""
    group = ring(70, mirrors=True)
    pairs = {(0, d): 70 if d < 35 else 35 for d in range(1, 36)}
    assert listed(group, 2) == pairs
    gaps = {(*range(70 - d - 1), *range(70 - d, 69)): number for (_, d), number in pairs.items()}
    assert listed(group, 68) == gaps
    assert list(listed(group, 68)) == sorted(gaps)


@pytest.mark.parametrize("size", [5, 7])
def test_the_answer_does_not_depend_on_how_much_is_held_at_once(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    group = ring(12, mirrors=False)
    expected = listed(group, size)
    monkeypatch.setattr(orderings, "IMAGES_AT_ONCE", 1)
    assert list(listed(group, size).items()) == list(expected.items())


def test_what_is_no_group_does_not_count() -> None:
    with pytest.raises(ValueError, match="2 permutations that do not form a group"):
        count_orbits(np.array([[0, 1, 2], [1, 2, 0]]), 1)


def test_square_lattice_acts_as_a_square() -> None:
    """2x2 cells of a square lattice: translations and the fourfold axis make eight."""
    square = Structure(Lattice.tetragonal(3.0, 5.0), ["Li"], [[0, 0, 0]]) * (2, 2, 1)
    assert square.frac_coords[3] - square.frac_coords[0] == pytest.approx([0.5, 0.5, 0])
    group = site_group(square, range(4))
    assert group.tolist() == generated([(1, 3, 0, 2), (1, 0, 3, 2)]).tolist()
    assert listed(group, 2) == {(0, 1): 4, (0, 3): 2}


@pytest.mark.parametrize(
    # eight operations a conventional cell, but the twofold axis along b moves no Li
    # until the cell is repeated along a
    ("supercell", "n_operations"),
    [((1, 1, 1), 4), ((1, 3, 1), 12), ((2, 1, 1), 16), ((2, 2, 1), 32)],
)
def test_operations_keep_distances_within_and_to_the_frame(
    supercell: tuple[int, ...], n_operations: int
) -> None:
    cell = load_structure("Li2MnO3") * supercell
    lithium = [i for i, site in enumerate(cell) if site.specie.symbol == "Li"]
    frame = [i for i, site in enumerate(cell) if site.specie.symbol != "Li"]
    distances = cell.distance_matrix
    within = distances[np.ix_(lithium, lithium)]
    outwards = np.sort(distances[np.ix_(lithium, frame)], axis=1)
    group = site_group(cell, lithium)
    assert len(group) == n_operations
    assert group[0].tolist() == list(range(len(lithium)))
    for permutation in group:
        assert np.allclose(within[np.ix_(permutation, permutation)], within, atol=1e-3)
        assert np.allclose(outwards[permutation], outwards, atol=1e-3)


def test_only_what_keeps_the_given_sites_together_counts() -> None:
    """On a ring of four Li, three of them: only the mirror through the middle one is left."""
    square = Structure(Lattice.tetragonal(3.0, 5.0), ["Li"], [[0, 0, 0]]) * (2, 2, 1)
    assert site_group(square, [0, 1, 3]).tolist() == [[0, 1, 2], [2, 1, 0]]


def test_a_shift_without_its_powers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Structure(Lattice.cubic(9.0), ["Li"] * 3, [[x / 3, 0, 0] for x in range(3)])
    found = SimpleNamespace(
        rotations=[np.eye(3)] * 2, translations=[np.zeros(3), np.array([1 / 3, 0, 0])]
    )
    monkeypatch.setattr(orderings, "symmetry_dataset", lambda *_: found)
    with pytest.raises(ValueError, match=r"symmetry of Li3 within 0\.05 A is not a group"):
        site_group(chain, range(3))
