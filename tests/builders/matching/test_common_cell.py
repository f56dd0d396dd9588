from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.builders.matching.common_cell import (
    InterfaceError,
    heights_of,
    share_cell,
)
from llo_dft.builders.matching.find_matches import find_matches

if TYPE_CHECKING:
    from llo_dft.builders.matching.find_matches import LatticeMatch


def slab(a: float, symbols: str = "Co O", height: float = 20.0) -> Structure:
    """A square lattice of two atoms, one 2 angstrom above the other."""
    return Structure(
        Lattice.tetragonal(a, height),
        symbols.split(),
        [[0, 0, 5.0 / height], [0.5, 0.25, 7.0 / height]],
    )


def first_match(llo: Structure, coating: Structure, area: float, **options: float) -> LatticeMatch:
    return find_matches(
        coating.lattice.matrix[:2],
        llo.lattice.matrix[:2],
        max_area=area,
        max_strain=0.08,
        **options,
    )[0]


def test_one_cell_of_the_oxide_keeps_its_coordinates_and_the_coating_takes_the_strain() -> None:
    llo, coating = slab(3.0), slab(2.9, "P O")
    cell = share_cell(llo, coating, first_match(llo, coating, 9.1))
    np.testing.assert_allclose(cell.llo.cart_coords, llo.cart_coords, atol=1e-12)
    np.testing.assert_allclose(cell.llo.lattice.matrix, llo.lattice.matrix, atol=1e-12)
    np.testing.assert_allclose(cell.coating.lattice.abc, (3.0, 3.0, 20.0))
    assert cell.coating_strain == pytest.approx((3.0 / 2.9 - 1,) * 2)
    # heights stay as they are
    np.testing.assert_allclose(cell.coating.cart_coords[:, 2], coating.cart_coords[:, 2])


def test_a_turned_cell_holds_whole_copies_of_both_slabs() -> None:
    llo, coating = slab(3.0), slab(3.0 * np.sqrt(2), "P O")  # one coating cell on two of the oxide
    cell = share_cell(llo, coating, first_match(llo, coating, 18.1))
    assert (len(cell.llo), len(cell.coating)) == (4, 2)
    assert cell.llo_atoms.tolist() == [0, 0, 1, 1]
    bonds = [min(cell.llo.get_distance(i, j) for j in (2, 3)) for i in (0, 1)]
    assert bonds == pytest.approx([llo.get_distance(0, 1)] * 2)
    assert cell.llo.volume == pytest.approx(2 * llo.volume)


def test_a_shared_strain_is_split_between_both() -> None:
    llo, coating = slab(3.0), slab(2.9, "P O")
    cell = share_cell(llo, coating, first_match(llo, coating, 9.1, strain_share=0.5))
    a = np.sqrt(3.0 * 2.9)
    assert cell.llo.lattice.a == pytest.approx(a)
    assert cell.coating_strain == pytest.approx((a / 2.9 - 1,) * 2)


def test_a_match_of_other_lattices_is_refused() -> None:
    llo, coating = slab(3.0), slab(2.9, "P O")
    match = first_match(llo, coating, 9.1)
    with pytest.raises(InterfaceError, match="it was found for other lattices"):
        share_cell(llo, slab(2.95, "P O"), match)


def test_a_slab_across_the_boundary_is_put_together_below_it() -> None:
    whole = slab(3.0)
    moved = whole.copy()
    moved.translate_sites([0, 1], [0, 0, 0.7], frac_coords=True)  # 19 and 1 (21) angstrom
    heights = heights_of(moved)
    assert np.ptp(heights) == pytest.approx(2.0)
    assert heights == pytest.approx([-1.0, 1.0])


def test_a_crystal_has_no_heights() -> None:
    crystal = slab(3.0, height=4.0)
    with pytest.raises(InterfaceError, match="the slab has no vacuum: the widest gap"):
        heights_of(crystal)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[3, 0, 0], [0, 3, 0], [1, 0, 20]], "the LLO slab: expected c along the normal"),
        ([[0, 3, 0], [3, 0, 0], [0, 0, 20]], "the LLO slab: a, b and c are left-handed"),
    ],
)
def test_axes_that_are_not_a_slabs_are_refused(matrix: list[list[float]], message: str) -> None:
    llo, coating = slab(3.0), slab(2.9, "P O")
    match = first_match(llo, coating, 9.1)
    with pytest.raises(InterfaceError, match=message):
        share_cell(Structure(Lattice(matrix), llo.species, llo.frac_coords), coating, match)
