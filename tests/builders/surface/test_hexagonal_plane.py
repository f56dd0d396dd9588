"""Planes of the hexagonal cell in whatever cell a layered oxide has."""

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.own_crystal import layered_cell
from llo_dft.builders.surface.hexagonal_plane import index_in_cell
from llo_dft.builders.surface.slab import SlabError
from llo_dft.resources import load_structure

# of R-3m LiCoO2: d of (hkl) in the hexagonal cell, by 1/d^2 = 4/3 (h^2 + hk + k^2)/a^2 + l^2/c^2
A, C = 2.816, 14.054
PLANES = [(0, 0, 3), (1, 0, 4), (0, 1, 2), (1, 1, 0), (1, 0, 1), (0, 1, 5)]


def spacing(index):
    h, k, l = index  # noqa: E741
    return 1 / np.sqrt(4 / 3 * (h * h + h * k + k * k) / A**2 + l * l / C**2)


@pytest.mark.parametrize("index", PLANES)
def test_a_plane_has_the_same_spacing_in_the_primitive_cell(index):
    primitive = layered_cell(load_structure("LiCoO2").get_primitive_structure())
    found = index_in_cell(primitive, index)
    assert primitive.lattice.d_hkl(found) == pytest.approx(spacing(index))


@pytest.mark.parametrize("index", PLANES)
def test_and_nearly_so_in_the_monoclinic_cell_of_li2mno3(index):
    crystal = load_structure("Li2MnO3")
    found = index_in_cell(crystal, index)
    whole = crystal.lattice.d_hkl(found) / spacing(index)
    assert whole == pytest.approx(round(whole), rel=0.02)  # layers of ordered metals repeat later


def test_where_several_are_equivalent_the_smallest_cell_in_the_plane_is_taken():
    primitive = layered_cell(load_structure("LiCoO2").get_primitive_structure())
    for repeats in ((2, 3), (4, 1)):
        found = index_in_cell(primitive, (1, 0, 4), repeats)
        supercell = primitive * (*repeats, 1)
        d = supercell.lattice.d_hkl(found)
        others = [
            supercell.lattice.d_hkl(index_in_cell(primitive, other, repeats))
            for other in ((1, 0, 4), (-1, 1, 4), (0, -1, 4))
        ]
        assert others == pytest.approx([d] * 3)


def test_layers_that_are_not_hexagonal_name_no_plane():
    lattice = Lattice.orthorhombic(2.8, 4.0, 9.6)  # of an orthorhombic LiMnO2-like stack
    crystal = Structure(
        lattice,
        ["Mn", "Li", "O", "O"],
        [[0, 0, 0], [0, 0, 0.5], [0.5, 0, 0.1], [0, 0.5, 0.9]],
    )
    with pytest.raises(SlabError, match=r"\[1, 0, 4\]: the layers .* not those of a hex"):
        index_in_cell(crystal, (1, 0, 4))
