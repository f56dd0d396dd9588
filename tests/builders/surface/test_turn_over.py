from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import pytest

from llo_dft.builders.matching.common_cell import CommonCell, InterfaceError, SideStrain
from llo_dft.builders.surface.symmetry import top_bottom_permutations
from llo_dft.builders.surface.turn_over import find_turn_over

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from llo_dft.builders.surface.slab import SlabModel

    class MakeSlab(Protocol):
        def __call__(self, name: str, tm_layers: int = ...) -> SlabModel: ...


NO_STRAIN = SideStrain((0.0, 0.0))


def cell_of(slab: Structure) -> CommonCell:
    """A slab on its own cell; the coating is not looked at."""
    atoms = np.arange(len(slab))
    return CommonCell(slab, slab, atoms, atoms, NO_STRAIN, NO_STRAIN)


@pytest.fixture
def slab(make_slab: MakeSlab) -> Structure:
    return make_slab("Li2MnO3").structure.copy()


def test_turned_over_twice_an_atom_is_where_it_was(slab: Structure) -> None:
    operation = find_turn_over(cell_of(slab), None)
    adsorbed = np.array([[0.1, 0.2, 30.0], [0.7, 0.4, 31.5]])
    below = operation.image(adsorbed)
    # what lay above the slab lies as far below it
    middle = operation.height_sum / 2
    assert middle == pytest.approx(slab.lattice.c / 2, abs=0.02)
    np.testing.assert_allclose(middle - below[:, 2], adsorbed[:, 2] - middle)
    back = operation.image(below) - adsorbed
    np.testing.assert_allclose(back[:, :2], np.round(back[:, :2]), atol=1e-6)
    np.testing.assert_allclose(back[:, 2], 0.0, atol=1e-9)


def test_it_takes_each_atom_of_the_slab_where_its_permutation_says(slab: Structure) -> None:
    operation = find_turn_over(cell_of(slab), None)
    coords = np.column_stack([slab.frac_coords[:, :2], slab.cart_coords[:, 2]])
    images = operation.image(coords)
    apart = images - coords[operation.permutation]
    apart[:, :2] -= np.round(apart[:, :2])
    apart[:, :2] *= slab.lattice.abc[:2]
    assert np.abs(apart).max() < 0.05
    symbols = [site.specie.symbol for site in slab]
    assert [symbols[i] for i in operation.permutation] == symbols


def test_a_given_operation_is_the_one_that_is_taken(slab: Structure) -> None:
    for permutation in top_bottom_permutations(slab):
        operation = find_turn_over(cell_of(slab), np.asarray(permutation))
        assert operation.permutation.tolist() == list(permutation)


def test_an_operation_that_the_slab_does_not_have_is_refused(slab: Structure) -> None:
    with pytest.raises(
        InterfaceError, match=f"for each of the {len(slab)} atoms .* shape \\(3,\\)"
    ):
        find_turn_over(cell_of(slab), np.arange(3))
    with pytest.raises(InterfaceError, match="both_faces: not the given operation"):
        find_turn_over(cell_of(slab), np.arange(len(slab)))
    polar = slab.copy()
    polar.remove_sites([int(np.argmax(slab.cart_coords[:, 2]))])
    with pytest.raises(InterfaceError, match="both_faces: no operation turns the LLO slab over"):
        find_turn_over(cell_of(polar), None)
