"""Registries: counted by hand, and held against the distances across the built interface.

The fingerprint of an interface is made of the distances from one side to the other, which
know nothing of space groups.
"""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.interface.registries import registry_grid
from llo_dft.chemistry.element_table import symbols_of

SQUARE, HEXAGONAL = (6.0, 6.0, 90.0), (6.0, 6.0, 120.0)
RECTANGULAR, RHOMBIC = (5.0, 7.3, 90.0), (5.5, 5.5, 105.0)

#: Plane groups: cell, and generators (linear part by rows, translation) on column coordinates.
TWO, MX, MY = [-1, 0, 0, -1], [-1, 0, 0, 1], [1, 0, 0, -1]
FOUR, THREE, SIX = [0, -1, 1, 0], [0, -1, 1, -1], [1, -1, 1, 0]
SWAP, ANTISWAP = [0, 1, 1, 0], [0, -1, -1, 0]
GROUPS = {
    "p1": (RECTANGULAR, []),
    "p2": (RECTANGULAR, [(TWO, (0, 0))]),
    "pm": (RECTANGULAR, [(MX, (0, 0))]),
    "pg": (RECTANGULAR, [(MX, (0, 0.5))]),
    "p2mm": (RECTANGULAR, [(TWO, (0, 0)), (MX, (0, 0))]),
    "p2mg": (RECTANGULAR, [(TWO, (0, 0)), (MX, (0.5, 0))]),
    "p2gg": (RECTANGULAR, [(TWO, (0, 0)), (MX, (0.5, 0.5))]),
    "cm": (RHOMBIC, [(SWAP, (0, 0))]),
    "c2mm": (RHOMBIC, [(TWO, (0, 0)), (SWAP, (0, 0))]),
    "p4": (SQUARE, [(FOUR, (0, 0))]),
    "p4mm": (SQUARE, [(FOUR, (0, 0)), (MX, (0, 0))]),
    "p4gm": (SQUARE, [(FOUR, (0, 0)), (MX, (0.5, 0.5))]),
    "p3": (HEXAGONAL, [(THREE, (0, 0))]),
    "p3m1": (HEXAGONAL, [(THREE, (0, 0)), (ANTISWAP, (0, 0))]),
    "p31m": (HEXAGONAL, [(THREE, (0, 0)), (SWAP, (0, 0))]),
    "p6": (HEXAGONAL, [(SIX, (0, 0))]),
    "p6mm": (HEXAGONAL, [(SIX, (0, 0)), (SWAP, (0, 0))]),
}


def orbit(group: str, position: tuple[float, float]) -> list[tuple[float, float]]:
    points, new = [], [np.array(position)]
    while new:
        current = np.mod(np.round(new.pop(), 9), 1.0)
        if any(np.allclose((current - p + 0.5) % 1.0, 0.5, atol=1e-6) for p in points):
            continue
        points.append(current)
        for linear, shift in GROUPS[group][1]:
            new.append(np.reshape(linear, (2, 2)) @ current + shift)
    return [tuple(p) for p in points]


def sheet(
    group: str,
    atoms: list[tuple[str, tuple[float, float]]],
    origin: tuple[float, float] = (0, 0),
    cell: tuple[float, float, float] | None = None,
) -> Structure:
    """Return a slab of two planes or more with the symmetry of a plane group."""
    a, b, gamma = cell or GROUPS[group][0]
    lattice = Lattice.from_parameters(a, b, 12.0, 90, 90, gamma)
    symbols, coords = [], []
    for level, (symbol, position) in enumerate(atoms):
        for x, y in orbit(group, position):
            symbols.append(symbol)
            coords.append((x + origin[0], y + origin[1], 0.1 + 0.07 * level))
    return Structure(lattice, symbols, coords)


def stack(llo: Structure, coating: Structure, shift: tuple[float, float]) -> Structure:
    """Return the coating 2 angstrom above the other slab, without the package's own builder."""
    both = llo.copy()
    for site in coating:
        height = site.frac_coords[2] + (2.0 / 12.0 + 0.14)
        both.append(site.specie, [*(site.frac_coords[:2] + shift), height])
    return both


def fingerprint(llo: Structure, coating: Structure, shift: tuple[float, float]) -> np.ndarray:
    """Return, for each atom of either side, how near the elements of the other side are.

    Sorted within an element, so that it does not matter which atom is which. Taken for each
    atom, not for the interface as a whole: two equal sheets have the same distances between
    them at r and at -r, and are not the same interface.
    """
    apart = coating.frac_coords[None] - llo.frac_coords[:, None] + [*shift, 2.0 / 12.0 + 0.14]
    apart[..., :2] -= np.round(apart[..., :2])
    images = np.array(list(product(range(-3, 4), range(-3, 4), [0])))
    vectors = (apart[:, :, None] + images) @ llo.lattice.matrix
    # what lies beyond the images, 12 angstrom away, adds nothing
    near = np.exp(-((vectors / 2.5) ** 2).sum(axis=-1)).sum(axis=-1)
    below, above = (np.array(symbols_of(side)) for side in (llo, coating))
    parts = []
    for one, other in product(sorted(set(below)), sorted(set(above))):
        block = near[np.ix_(below == one, above == other)]
        parts += [np.sort(block.sum(axis=0)), np.sort(block.sum(axis=1))]
    return np.concatenate(parts)


def same(first: np.ndarray, second: np.ndarray) -> bool:
    return bool(np.abs(first - second).max() < 1e-7)


def check_classes(llo: Structure, coating: Structure, spacing: float) -> None:
    grid = registry_grid(llo, coating, spacing)
    prints = []
    for registry in grid:
        ours, *others = (fingerprint(llo, coating, shift) for shift in registry)
        assert all(same(ours, other) for other in others)
        prints.append(ours)
    assert not any(same(one, other) for one, other in combinations(prints, 2))


coordinate = st.integers(0, 96).map(lambda i: i / 97)
position = st.tuples(coordinate, coordinate)
same_cell = st.sampled_from([RECTANGULAR, RHOMBIC, SQUARE, HEXAGONAL]).flatmap(
    lambda cell: st.tuples(
        *[st.sampled_from([g for g in GROUPS if GROUPS[g][0] == cell])] * 2,
    )
)


@settings(max_examples=60, deadline=None)
@given(groups=same_cell, below=st.tuples(position, position), above=st.tuples(position, position))
def test_classes_are_those_of_the_distances_across_the_interface(groups, below, above) -> None:
    llo = sheet(groups[0], [("Li", below[0]), ("O", below[1])])
    coating = sheet(groups[1], [("P", above[0]), ("O", above[1])], origin=(0.137, 0.291))
    check_classes(llo, coating, spacing=2.0)


def test_without_symmetry_every_point_stands_for_itself() -> None:
    llo = sheet("p1", [("Li", (0.1, 0.2)), ("O", (0.37, 0.55)), ("O", (0.7, 0.81))])
    coating = sheet("p1", [("P", (0.33, 0.1)), ("O", (0.58, 0.6)), ("Li", (0.05, 0.7))])
    grid = registry_grid(llo, coating, 1.0)
    # 5.0 and 7.3 angstrom: 6 and 8 points, the next even numbers
    assert len(grid) == 48
    assert {len(registry) for registry in grid} == {1}


@pytest.mark.parametrize(
    ("group", "spacing", "points", "distinct"),
    [
        # the wedge of the square: (n/2 + 1)(n/2 + 2)/2 for n = 4, 6
        ("p4mm", 1.5, 16, 6),
        ("p4mm", 1.0, 36, 10),
        # the 6 x 6 points of the hexagon, as known from k-point grids
        ("p6mm", 1.0, 36, 7),
        # a two-fold axis leaves 4 points in place: (n + 4)/2
        ("p2", 1.25, 24, 14),
        # mirror lines at 0 and 1/2 of 4 columns of 6: 3 columns are left
        ("pm", 1.25, 24, 18),
        # glides of both add to a mirror: the same
        ("pg", 1.25, 24, 18),
    ],
)
def test_counts_by_hand(group: str, spacing: float, points: int, distinct: int) -> None:
    atoms = [(0.13, 0.31), (0.42, 0.07), (0.23, 0.35)]
    llo = sheet(group, [("Li", atoms[0]), ("O", atoms[1])])
    coating = sheet(group, [("P", atoms[2]), ("O", atoms[0])], origin=(0.21, 0.43))
    grid = registry_grid(llo, coating, spacing)
    assert sum(len(registry) for registry in grid) == points
    assert len(grid) == distinct


def test_a_glide_on_a_mirror_moves_every_point() -> None:
    llo = sheet("pg", [("Li", (0.13, 0.31)), ("O", (0.42, 0.07))])
    coating = sheet("pm", [("P", (0.23, 0.35)), ("O", (0.13, 0.11))])
    grid = registry_grid(llo, coating, 1.25)
    assert {len(registry) for registry in grid} == {2}
    check_classes(llo, coating, 1.25)


def test_the_grid_covers_one_cell_of_the_sum_of_both_lattices() -> None:
    atoms = [("Li", (0.1, 0.2)), ("O", (0.37, 0.55)), ("O", (0.7, 0.81))]
    small = sheet("p1", atoms, cell=(4.0, 5.0, 90.0))
    llo, coating = small * (3, 1, 1), small * (1, 2, 1)
    coating = Structure(llo.lattice, coating.species, coating.frac_coords)
    # 12 x 5, shared: translations by a/3 of one and b/2 of the other leave a cell of 4 x 2.5
    grid = registry_grid(llo, coating, 1.0)
    shifts = np.array([registry[0] for registry in grid])
    assert sum(len(registry) for registry in grid) == 4 * 4
    assert len({tuple(s) for s in np.round(np.mod(shifts, [1 / 3, 1 / 2]), 6)}) == 16
    for shift in shifts[:4]:
        moved = shift + np.array([[1 / 3, 0], [0, 1 / 2], [-1 / 3, -1 / 2]])
        first = fingerprint(llo, coating, tuple(shift))
        assert all(same(first, fingerprint(llo, coating, tuple(m))) for m in moved)


def test_equivalent_interfaces_are_one_structure_to_pymatgen() -> None:
    llo = sheet("p2gg", [("Li", (0.13, 0.31)), ("O", (0.42, 0.07))])
    coating = sheet("p2mg", [("P", (0.23, 0.35)), ("O", (0.13, 0.11))], origin=(0.21, 0.43))
    matcher = StructureMatcher(
        ltol=1e-4, stol=1e-3, angle_tol=0.01, primitive_cell=False, scale=False
    )
    grid = [r for r in registry_grid(llo, coating, 1.9) if len(r) > 1]
    first, other = grid[0], grid[1]
    alone = stack(llo, coating, first[0])
    assert all(matcher.fit(alone, stack(llo, coating, m)) for m in first)
    assert not matcher.fit(alone, stack(llo, coating, other[0]))


def test_a_finer_spacing_never_leaves_wider_gaps() -> None:
    llo = sheet("p2", [("Li", (0.1, 0.2)), ("O", (0.37, 0.55))])
    for spacing in (0.3, 0.7, 1.3, 4.0):
        points = sum(len(r) for r in registry_grid(llo, llo, spacing))
        assert points >= 5.0 * 7.3 / spacing**2
