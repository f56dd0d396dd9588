"""Operations that turn a slab over, on cells small enough to see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.surface.symmetry import (
    distinct_sites,
    orbits,
    primitive_cell,
    symmetry_dataset,
    top_bottom_permutations,
    translations,
)
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from llo_dft.builders.surface.slab import SlabModel

    class MakeSlab(Protocol):
        def __call__(self, name: str, tm_layers: int = ...) -> SlabModel: ...


BOX = Lattice.orthorhombic(3.0, 4.0, 20.0)
#: Li above and below one O, all off the axes.
SANDWICH = Structure(BOX, ["Li", "Li", "O"], [[0.1, 0.2, 0.4], [0.1, 0.2, 0.6], [0.1, 0.2, 0.5]])
#: Li on one side only.
POLAR = Structure(BOX, ["Li", "O"], [[0.1, 0.2, 0.4], [0.1, 0.2, 0.5]])


def test_a_sandwich_has_one_way_to_exchange_its_faces() -> None:
    permutations = top_bottom_permutations(SANDWICH)
    assert [p.tolist() for p in permutations] == [[1, 0, 2]]


def test_a_polar_slab_has_none() -> None:
    assert top_bottom_permutations(POLAR) == []


def test_operations_that_leave_top_and_bottom_alone_do_not_count() -> None:
    """Two Li side by side are exchanged in the plane; the polar stack can't be turned over."""
    structure = Structure(
        BOX, ["Li", "Li", "O"], [[0.2, 0.2, 0.4], [0.8, 0.2, 0.4], [0.0, 0.0, 0.5]]
    )
    assert top_bottom_permutations(structure) == []


def test_an_operation_that_takes_four_turns_to_come_back_does_not_count() -> None:
    """Four Li of a rotation-reflection axis: each goes to the other face, but not to and fro."""
    x, y, z = 0.31, 0.12, 0.08
    four = [[x, y, z], [y, -x, -z], [-x, -y, z], [-y, x, -z]]
    structure = Structure(Lattice.tetragonal(6.0, 20.0), ["Li"] * 4, four)
    rotations = symmetry_dataset(structure).rotations
    assert any(rotation[2, 2] == -1 for rotation in rotations)
    assert top_bottom_permutations(structure) == []


@pytest.mark.parametrize("name", ["Li2MnO3", "NCM", "LiCoO2"])
def test_permutations_undo_themselves_keep_elements_and_distances(
    make_slab: MakeSlab, name: str
) -> None:
    slab = make_slab(name).structure
    symbols = np.array([site.specie.symbol for site in slab])
    distances = slab.distance_matrix
    permutations = top_bottom_permutations(slab)
    assert permutations
    for permutation in permutations:
        assert permutation[permutation].tolist() == list(range(len(slab)))
        assert (symbols[permutation] == symbols).all()
        assert np.allclose(distances[np.ix_(permutation, permutation)], distances, atol=1e-3)


def test_small_distortions_are_forgiven_and_large_ones_are_not() -> None:
    for shift, found in ((0.02, 1), (0.5, 0)):
        distorted = SANDWICH.copy()
        distorted.translate_sites([0], [0, 0, -shift], frac_coords=False)
        assert len(top_bottom_permutations(distorted)) == found
    assert len(top_bottom_permutations(distorted, tolerance=0.6)) == 1


def test_orbits_group_what_an_operation_exchanges() -> None:
    permutation = np.array([3, 1, 4, 0, 2])
    assert orbits([0, 1, 2, 3, 4], permutation) == [[0, 3], [1], [2, 4]]
    assert orbits([4, 2], permutation) == [[2, 4]]
    assert orbits([3, 1], None) == [[3], [1]]


def test_orbits_stay_inside_the_given_sites() -> None:
    with pytest.raises(ValueError, match="takes site 0 to 3, not one of the given"):
        orbits([0, 1], np.array([3, 1, 4, 0, 2]))


def test_distinct_sites_name_the_first_of_the_given() -> None:
    assert distinct_sites(SANDWICH, [2, 1, 0]) == {2: 2, 1: 1, 0: 1}
    assert distinct_sites(POLAR, [0, 1]) == {0: 0, 1: 1}


def test_space_groups_of_the_crystals(li2mno3: Structure) -> None:
    assert symmetry_dataset(li2mno3).international == "C2/m"


def test_sites_that_elements_share_are_alike_if_their_shares_are() -> None:
    """Two mixed sites in a cell are a centring; of other shares they are none."""

    def n_translations(*shares: float) -> int:
        species = [{"Ni": share, "Mn": 1 - share} for share in shares]
        cell = Structure(Lattice.cubic(4), species, [[0, 0, 0], [0.5, 0.5, 0.5]])
        return len(translations(cell))

    assert n_translations(0.8, 0.8) == 2
    assert n_translations(0.8, 0.7) == 1


@pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")
def test_atoms_on_top_of_each_other_have_no_symmetry() -> None:
    clash = Structure(BOX, ["Li", "Li"], [[0.1, 0.2, 0.4], [0.1, 0.2, 0.4]])
    with pytest.raises(ValueError, match="no symmetry could be found for Li2: atoms may overlap"):
        symmetry_dataset(clash)


def test_a_primitive_cell_stands_as_the_crystal_did_and_tells_sites_apart() -> None:
    crystal = load_structure("LiCoO2") * (2, 1, 1)
    crystal.translate_sites([0], [0.004, 0.0, 0.0])  # 0.02 angstrom
    found = primitive_cell(crystal)
    assert len(found) == 4
    inside = found.lattice.matrix @ np.linalg.inv(crystal.lattice.matrix)
    assert np.abs(6 * inside - np.round(6 * inside)).max() < 1e-6  # halves and thirds of it
    lithium = found[0].coords if found[0].specie.symbol == "Li" else found[-1].coords
    assert min(site.distance_from_point(lithium) for site in crystal) < 0.02
    marked = crystal.copy(site_properties={"one": [i == 0 for i in range(len(crystal))]})
    assert len(primitive_cell(marked)) == len(crystal)
