"""The lattices of crystal planes, against edges of cells and the volume of the primitive one."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pytest
from pymatgen.core import Lattice

from llo_dft.builders.surface.surface_lattice import (
    SurfaceLattice,
    place_slab,
    surface_lattice,
)
from llo_dft.resources import load_structure

LEANING = Lattice.from_parameters(3.0, 4.0, 6.0, 80.0, 70.0, 100.0)
COORDS = np.array([[0.1, 0.2, 0.9], [0.6, 0.7, 1.2], [-0.3, 1.4, 1.6]])


@cache
def surface(name: str, miller_index: tuple[int, int, int]) -> SurfaceLattice:
    return surface_lattice(load_structure(name), miller_index)


def llo() -> SurfaceLattice:
    return surface("Li2MnO3", (0, 0, 1))


def test_the_centring_halves_the_cell_of_the_001_plane_of_li2mno3() -> None:
    plane, bulk = llo(), load_structure("Li2MnO3")
    assert plane.area_a2 == pytest.approx(bulk.lattice.a * bulk.lattice.b / 2)
    assert plane.denominator == 2
    assert np.allclose(plane.numerators / 2 @ bulk.lattice.matrix, plane.vectors)


@pytest.mark.parametrize(
    ("name", "miller_index", "edges"),
    [
        ("Li3PO4_beta", (0, 1, 0), "ac"),
        ("Li3PO4_gamma", (0, 1, 0), "ac"),
        ("Li3PO4_gamma", (1, 0, 0), "bc"),
    ],
)
def test_planes_of_primitive_orthorhombic_cells(
    name: str, miller_index: tuple[int, int, int], edges: str
) -> None:
    plane, cell = surface(name, miller_index), load_structure(name).lattice
    expected = sorted(getattr(cell, edge) for edge in edges)
    assert np.linalg.norm(plane.vectors, axis=1) == pytest.approx(expected)


@pytest.mark.parametrize(
    "miller_index", [(0, 0, 1), (1, 0, 0), (0, 1, 0), (1, 1, 0), (2, 0, -1), (1, 1, 1), (3, -1, 2)]
)
@pytest.mark.parametrize("name", ["Li2MnO3", "LiCoO2", "Li3PO4_gamma"])
def test_a_plane_lattice_is_complete_and_lies_in_its_plane(
    name: str, miller_index: tuple[int, int, int]
) -> None:
    bulk, plane = load_structure(name), surface(name, miller_index)
    assert np.array(miller_index) @ plane.numerators.T == pytest.approx([0, 0])
    outward = bulk.lattice.reciprocal_lattice.matrix.T @ miller_index
    assert plane.normal == pytest.approx(outward / np.linalg.norm(outward))
    # area times spacing of lattice planes is the volume of the primitive cell
    primitive = bulk.get_primitive_structure()
    direct = primitive.lattice.matrix @ plane.normal
    spacing = min(
        abs(height)
        for v in product(range(-8, 9), repeat=3)
        if abs(height := np.array(v) @ direct) > 1e-4
    )
    assert plane.area_a2 * spacing == pytest.approx(primitive.volume, rel=1e-6)


def test_a_miller_index_has_a_size() -> None:
    with pytest.raises(ValueError, match=r"at most 100000 is expected, got \[10+, 1, 1"):
        surface_lattice(load_structure("Li3PO4_beta"), (10**20, 1, 1))


@pytest.mark.parametrize("miller_index", [(1, 2), (1, 0.5, 0)])
def test_a_miller_index_has_three_integers(miller_index: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="three integers"):
        surface_lattice(load_structure("Li3PO4_beta"), miller_index)


def test_the_zero_miller_index_names_no_plane() -> None:
    with pytest.raises(ValueError, match="names no plane"):
        surface_lattice(load_structure("Li3PO4_beta"), (0, 0, 0))


def test_a_common_factor_of_a_miller_index_is_divided_out() -> None:
    assert surface("Li2MnO3", (0, 0, 2)).miller_index == (0, 0, 1)
    assert np.allclose(surface("Li2MnO3", (0, 0, 2)).vectors, llo().vectors)


@pytest.mark.parametrize("vacuum", [5.0, 15.0])
def test_the_vacuum_is_exact_and_the_slab_in_the_middle(vacuum: float) -> None:
    slab = place_slab(LEANING, COORDS, ["Li", "Co", "O"], vacuum)
    heights = slab.cart_coords[:, 2]
    assert slab.lattice.c - np.ptp(heights) == pytest.approx(vacuum)
    assert heights.max() + heights.min() == pytest.approx(slab.lattice.c)


def test_distances_stay_and_atoms_keep_their_order() -> None:
    slab = place_slab(LEANING, COORDS, ["Li", "Co", "O"], 15.0)
    assert [site.specie.symbol for site in slab] == ["Li", "Co", "O"]
    expected = LEANING.get_cartesian_coords(COORDS)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        between = expected[j] - expected[i]
        # the same up to vectors of the plane: what leaned along c is an atom further along a, b
        images = [
            np.linalg.norm(between + m * LEANING.matrix[0] + n * LEANING.matrix[1])
            for m in range(-3, 4)
            for n in range(-3, 4)
        ]
        assert slab.get_distance(i, j) == pytest.approx(min(images))


def test_a_lies_along_x_and_the_normal_along_z() -> None:
    slab = place_slab(LEANING, COORDS, ["Li", "Co", "O"], 15.0)
    a, b, c = slab.lattice.matrix
    assert a == pytest.approx([3.0, 0.0, 0.0])
    assert b[2] == 0.0
    assert c[:2] == pytest.approx([0.0, 0.0])
    assert slab.lattice.gamma == pytest.approx(100.0)
    assert np.cross(a, b) @ c > 0
    assert ((slab.frac_coords[:, :2] >= 0) & (slab.frac_coords[:, :2] < 1)).all()
