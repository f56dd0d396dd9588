from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice

from llo_dft.builders.surface.placement import place_slab

LEANING = Lattice.from_parameters(3.0, 4.0, 6.0, 80.0, 70.0, 100.0)
COORDS = np.array([[0.1, 0.2, 0.9], [0.6, 0.7, 1.2], [-0.3, 1.4, 1.6]])


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
