from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.chemistry.heights import cell_height, heights_angstrom


@pytest.mark.parametrize("shift", [0.0, 0.35, 0.85, 0.999])
def test_a_slab_is_in_one_piece_wherever_the_cell_ends(shift: float) -> None:
    """The c axis leans, and only its part along the normal counts."""
    lattice = Lattice([[3, 0, 0], [1, 4, 0], [2, 1, 20]])
    fractions = [0.1, 0.2, 0.25, 0.4]
    slab = Structure(lattice, ["O"] * 4, [[0.3, 0.6, z + shift] for z in fractions])
    heights = heights_angstrom(slab)
    assert heights - heights[0] == pytest.approx(20 * (np.array(fractions) - 0.1))


def test_a_cell_is_as_high_as_its_c_axis_reaches_along_the_normal() -> None:
    leaning = Structure(Lattice([[3, 0, 0], [1, 4, 0], [2, 1, 20]]), ["O"], [[0, 0, 0]])
    assert cell_height(leaning) == pytest.approx(20.0)
