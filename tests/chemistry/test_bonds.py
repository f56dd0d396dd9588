"""Bonds: cutoffs between the shells of known crystals, and the search against pymatgen's."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from llo_dft.chemistry.bonds import cutoff, find_bonds, former_bonds, neighbours
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.resources import load_structure


def box(symbols: list[str], coords: list[tuple[float, float, float]], edge: float = 10.0):
    return Structure(Lattice.cubic(edge), symbols, coords, coords_are_cartesian=True)


@pytest.mark.parametrize(
    ("pair", "bonded", "apart"),
    [
        # P-O: axial bonds of PO5 reach 1.8; an O that P has not reached yet lies beyond 1.9
        (("P", "O"), 1.80, 1.90),
        # Li-O: 2.5 in relaxed slabs beside a vacancy; the next shell begins at 3.3
        (("Li", "O"), 2.55, 3.3),
        # LiMnO2: two of the six Mn3+-O are 2.31 long (Armstrong and Bruce, Nature 381, 499)
        (("Mn", "O"), 2.31, 3.3),
        (("Ni", "O"), 2.2, 3.3),
        (("Nb", "O"), 2.3, 3.0),
        (("Si", "O"), 1.8, 2.5),
        (("Li", "F"), 2.3, 3.0),
        (("Sb", "O"), 2.1, 3.0),
    ],
)
def test_a_cutoff_lies_between_two_shells(
    pair: tuple[str, str], bonded: float, apart: float
) -> None:
    assert bonded < cutoff(*pair) == cutoff(*reversed(pair)) < apart


@pytest.mark.parametrize("pair", [("O", "O"), ("Li", "Mn"), ("P", "P"), ("O", "F")])
def test_ions_of_one_sign_have_no_bond(pair: tuple[str, str]) -> None:
    assert cutoff(*pair) == 0.0


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("Li3PO4_beta", {"P": 4, "Li": 4}),
        ("Li3PO4_gamma", {"P": 4, "Li": 4}),
        ("Li2MnO3", {"Mn": 6, "Li": 6}),
        ("LiCoO2", {"Co": 6, "Li": 6}),
        ("LiNiO2", {"Ni": 6, "Li": 6}),
    ],
)
def test_cations_of_known_crystals_have_their_coordination(
    name: str, numbers: dict[str, int]
) -> None:
    crystal = load_structure(name)
    counts = Counter(bond.cation for bond in find_bonds(crystal))
    assert {(s, counts[i]) for i, s in enumerate(symbols_of(crystal)) if s != "O"} == {
        *numbers.items()
    }


def test_a_bond_has_its_ends_vector_and_image() -> None:
    made = box(["O", "P", "O"], [(1, 1, 9.4), (1, 1, 1), (1, 5, 5)])
    (bond,) = find_bonds(made)
    assert (bond.cation, bond.anion, bond.image) == (1, 0, (0, 0, -1))
    assert bond.vector == pytest.approx([0, 0, -1.6])
    assert bond.length == pytest.approx(1.6)


def test_both_images_of_an_anion_in_a_thin_cell_are_bonded() -> None:
    thin = Structure(Lattice.orthorhombic(3, 9, 9), ["Li", "O"], [[0, 0, 0], [0.5, 0, 0]])
    images = [bond.image for bond in find_bonds(thin)]
    assert sorted(images) == [(-1, 0, 0), (0, 0, 0)]


def test_bonds_of_a_coating_are_those_of_its_formers_to_the_oxide() -> None:
    # oxide O below, Nb and Li of the coating above it, and an O of the coating
    made = box(["O", "Nb", "Li", "O"], [(2, 2, 2), (2, 2, 4), (3, 2, 3.7), (2, 2, 5.9)])
    assert [(b.cation, b.anion) for b in former_bonds(made, [1, 2, 3], [0])] == [(1, 0)]
    assert former_bonds(made, [2, 3], [0]) == []


def test_without_anions_or_cations_there_is_no_bond() -> None:
    assert find_bonds(box(["O", "O"], [(0, 0, 0), (0, 0, 1.2)])) == []
    assert find_bonds(box(["Li", "P"], [(0, 0, 0), (0, 0, 1.2)])) == []


fraction = st.floats(-1.0, 2.0)
point = st.tuples(st.sampled_from(["Li", "O", "P", "Mn"]), fraction, fraction, fraction)


@settings(max_examples=40, deadline=None)
@given(
    atoms=st.lists(point, min_size=2, max_size=8),
    lengths=st.tuples(*[st.floats(2.5, 9)] * 3),
    angles=st.tuples(*[st.floats(65, 115)] * 3),
)
def test_neighbours_in_any_cell_are_those_of_pymatgen(atoms, lengths, angles) -> None:
    lattice = Lattice.from_parameters(*lengths, *angles)
    structure = Structure(lattice, [a[0] for a in atoms], [a[1:] for a in atoms])
    half, radius = len(atoms) // 2, 2.6
    first, second = range(half), range(half, len(atoms))
    expected = sorted(
        (a, near.index, round(near.nn_distance, 6))
        for a in first
        for near in structure.get_neighbors(structure[a], radius)
        if near.index in second and 1e-6 < near.nn_distance < radius - 1e-6
    )
    ones, others, images, distances = neighbours(
        lattice.matrix, structure.cart_coords, (first, second), radius
    )
    found = sorted(
        (a, b, round(d, 6))
        for a, b, d in zip(ones, others, distances, strict=True)
        if 1e-6 < d < radius - 1e-6
    )
    assert found == expected
    for a, b, image, distance in zip(ones, others, images, distances, strict=True):
        vector = structure[b].coords + image @ lattice.matrix - structure[a].coords
        assert np.linalg.norm(vector) == pytest.approx(distance, abs=1e-6)
