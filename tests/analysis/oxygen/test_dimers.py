from __future__ import annotations

import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.analysis.oxygen.dimers import OxygenPair, may_be_oxidised, oxygen_pairs

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


@pytest.mark.filterwarnings("ignore:No Pauling electronegativity")
@pytest.mark.parametrize(
    ("species", "oxidised"),
    [
        (["Li", "Li", "Mn", "O", "O", "O"], False),
        (["Li", "Mn", "O", "O", "O"], True),  # Mn4+ gives four electrons, Li one, and O takes six
        (["Li", "Ni", "O", "O"], False),  # Ni3+
        (["Ni", "O", "O"], False),  # Ni4+, the end of its ladder
        (["Ni", "Co", "Mn", "O", "O", "O", "O", "O", "O"], False),  # all of them 4+
        (["Og", "O"], True),  # of which nothing is known
    ],
)
def test_o_is_oxidised_where_no_metal_is_left_to_give(species: list[str], oxidised: bool) -> None:  # noqa: FBT001
    places = [[2.0 * i, 2.0 * (i % 2), 0] for i in range(len(species))]
    big = Lattice.orthorhombic(20, 10, 10)
    structure = Structure(big, species, places, coords_are_cartesian=True)
    assert may_be_oxidised(structure) is oxidised


def test_o_is_oxidised_in_a_short_pair() -> None:
    places = [[0, 0, 0], [2, 0, 0], [5, 5, 5], [5, 5, 6.45]]
    peroxide = Structure(BOX, ["Li", "Li", "O", "O"], places, coords_are_cartesian=True)
    assert may_be_oxidised(peroxide)
