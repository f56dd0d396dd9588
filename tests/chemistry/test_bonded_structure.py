"""Bonds and polyhedra that are drawn, against shapes known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.chemistry.bonded_structure import bonded_structure


def rock_salt() -> Structure:
    """One layer of NiO: each Ni amid six O, cubic, 2.09 angstrom away."""
    return Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(4.18), ["Ni", "O"], [[0] * 3, [0.5] * 3]
    )


def test_a_metal_in_rock_salt_has_a_whole_octahedron_around_it() -> None:
    drawn = bonded_structure(rock_salt())
    center, faces = drawn.polyhedra[0]
    assert len(faces) == 8
    corners = {corner for face in faces for corner in face}
    assert len(corners) == 6
    distances = np.linalg.norm(drawn.points[sorted(corners)] - drawn.points[center], axis=1)
    assert distances == pytest.approx(np.full(6, 2.09))


def test_faces_turn_anticlockwise_from_outside() -> None:
    drawn = bonded_structure(rock_salt())
    for center, faces in drawn.polyhedra:
        for face in faces:
            a, b, c = drawn.points[face]
            assert np.cross(b - a, c - a) @ (a - drawn.points[center]) > 0


def test_every_bond_is_as_long_as_it_is_in_the_crystal() -> None:
    drawn = bonded_structure(rock_salt())
    lengths = [np.linalg.norm(drawn.points[i] - drawn.points[j]) for i, j in drawn.bonds]
    assert lengths == pytest.approx(np.full(len(lengths), 2.09))


def test_lithium_has_no_bonds_drawn() -> None:
    slab = Structure(Lattice.cubic(10.0), ["Li", "O"], [[0.5, 0.5, 0.5], [0.5, 0.5, 0.7]])
    drawn = bonded_structure(slab)
    assert (drawn.bonds, drawn.polyhedra, len(drawn.points)) == ([], [], 2)


def test_three_corners_make_no_solid() -> None:
    places = [[0.5, 0.5, 0.5], [0.65, 0.5, 0.5], [0.5, 0.65, 0.5], [0.5, 0.5, 0.65]]
    drawn = bonded_structure(Structure(Lattice.cubic(10.0), ["P", "O", "O", "O"], places))
    assert (len(drawn.bonds), drawn.polyhedra) == (3, [])


def test_an_atom_on_the_side_of_the_cell_is_there_on_both_sides_but_not_on_top() -> None:
    drawn = bonded_structure(Structure(Lattice.cubic(5.0), ["Li"], [[0.0, 0.5, 0.0]]))
    assert sorted(drawn.points.tolist()) == [[0.0, 2.5, 0.0], [5.0, 2.5, 0.0]]
