from __future__ import annotations

import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.analysis.oxygen.dimers import OxygenPair, oxygen_pairs

BOX = Lattice.orthorhombic(10, 10, 10)


@pytest.mark.parametrize(
    ("length", "kind"),
    [(1.21, "o2"), (1.279, "o2"), (1.281, "superoxo"), (1.38, "superoxo"), (1.381, "peroxo")],
)
def test_the_length_tells_what_a_pair_is(length: float, kind: str) -> None:
    assert OxygenPair(0, 1, length).kind == kind


def test_pairs_are_found_across_the_boundary_and_only_between_oxygens() -> None:
    places = [[0, 0, 9.9], [3, 3, 3], [0, 0, 1.35], [3, 3, 4.4], [5, 5, 5], [5, 5, 6.7]]
    structure = Structure(
        BOX, ["O", "O", "O", "P", "O", "O"], places, coords_are_cartesian=True
    )  # O-P of 1.4 A is no pair, O-O of 1.7 A neither
    (pair,) = oxygen_pairs(structure)
    assert (pair.first, pair.second, pair.kind) == (0, 2, "peroxo")
    assert pair.length_angstrom == pytest.approx(1.45)
    assert oxygen_pairs(Structure(BOX, ["Li"], [[0, 0, 0]])) == []
