"""Bonds across an interface and its energies, by hand."""

from __future__ import annotations

from typing import Any

import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.analysis.interface.adhesion import (
    Excess,
    bonded_oxygens,
    counted_element,
    excess_atoms,
    interface_bonds,
    lowest_energy,
    work_of_adhesion_j_per_m2,
)
from llo_dft.documents.atom_identity import with_bare_sites, without_atoms
from llo_dft.documents.sites import InterfaceBond

#: Site by site: oxide O, oxide O, coating P, coating O, oxide Mn, coating P, oxide O.
SYMBOLS = ["O", "O", "P", "O", "Mn", "P", "O"]
BARE_SITES = [0, 2, -1, -1, 3, -1, 4]

#: 1 eV on 16.0218 A^2 is 1 J/m^2: the area of a cell of that much.
ONE_J_PER_M2 = Lattice.orthorhombic(16.0218, 1.0, 20.0)


def interface(*heights: float) -> Structure:
    """Columns 4 angstrom apart, too far for bonds: (O0 P2), (O1 P5), (O6), (O3), (Mn)."""
    columns = [0.0, 4.0, 0.0, 12.0, 16.0, 4.0, 8.0]
    coords = [[x, 0.0, z] for x, z in zip(columns, heights, strict=True)]
    return Structure(Lattice.orthorhombic(20, 10, 20), SYMBOLS, coords, coords_are_cartesian=True)


def bonds_of(structure: Structure) -> list[tuple[int, int, float]]:
    found = interface_bonds(with_bare_sites(structure, BARE_SITES))
    return [(b.former, b.oxygen, round(b.length_angstrom, 6)) for b in found]


def test_bonds_are_named_by_the_bare_slab_and_the_shortest_comes_first() -> None:
    # P2 is 1.7 above O0, which the bare slab calls 0; P5 1.6 above O1, which it calls 2
    made = interface(5.0, 5.0, 6.7, 9.0, 4.0, 6.6, 5.0)
    assert bonds_of(made) == [(5, 2, 1.6), (2, 0, 1.7)]
    made[1] = "F"  # of a doped oxide: no O to take
    assert bonds_of(made) == [(2, 0, 1.7)]


@pytest.mark.parametrize(("height", "bonded"), [(6.87, True), (6.89, False)])
def test_a_bond_is_1_88_angstrom_at_most(height: float, bonded: bool) -> None:  # noqa: FBT001
    made = interface(5.0, 5.0, height, 9.0, 4.0, 9.0, 5.0)
    assert bool(bonds_of(made)) == bonded


def test_a_bond_through_the_face_of_the_cell_counts() -> None:
    made = interface(0.5, 5.0, 18.9, 9.0, 4.0, 9.0, 5.0)
    assert bonds_of(made) == [(2, 0, 1.6)]


def test_of_two_images_in_reach_the_nearer_one_is_the_bond() -> None:
    cell = Lattice.orthorhombic(3.4, 10, 20)
    made = Structure(cell, ["O", "P"], [[0, 0, 5], [1.65, 0, 5]], coords_are_cartesian=True)
    (bond,) = interface_bonds(with_bare_sites(made, [0, -1]))
    assert bond.length_angstrom == pytest.approx(1.65)


def test_o_of_the_coating_and_what_is_no_o_have_no_bond() -> None:
    made = Structure(
        Lattice.cubic(20),
        SYMBOLS,
        [
            *([5, 5, 0], [9, 9, 0], [0, 0, 10], [0, 0, 11.5], [0, 1.5, 10], [1.5, 0, 10]),
            [15, 15, 0],
        ],
        coords_are_cartesian=True,
    )
    assert bonds_of(made) == []


def test_without_p_or_without_o_there_is_no_bond() -> None:
    made = interface(5.0, 5.0, 6.7, 9.0, 4.0, 6.6, 5.0)
    no_former = without_atoms(with_bare_sites(made, [0, 2, 8, -1, 3, 9, 4]), [8, 9])
    assert interface_bonds(no_former) == []
    no_oxygen = without_atoms(with_bare_sites(made, BARE_SITES), [0, 2, 4])
    assert interface_bonds(no_oxygen) == []


def bond(former: int, oxygen: int, length: float) -> InterfaceBond:
    return InterfaceBond(former=former, oxygen=oxygen, length_angstrom=length)


def test_bonded_o_are_listed_once_each_by_number_whatever_the_lengths() -> None:
    bonds = [bond(7, 3, 1.5), bond(8, 1, 1.55), bond(9, 3, 1.6), bond(9, 2, 1.7)]
    assert bonded_oxygens(bonds) == [1, 2, 3]
    assert bonded_oxygens([]) == []


def test_the_lowest_of_those_that_completed(make_calculation: Any) -> None:
    failed = make_calculation(status="failed", reason="x", energy_ev=None, structure=None)
    low, high = make_calculation(energy_ev=-3.0), make_calculation(energy_ev=-2.0)
    assert lowest_energy([None, high, failed, low]) == 3
    assert lowest_energy([high, low, low]) == 1
    assert lowest_energy([failed, None]) is None
    assert lowest_energy([]) is None


def test_work_of_adhesion_by_hand() -> None:
    # together 3 eV lower on 32.0436 A^2: 1.5 J/m^2; parts that do not hold are negative
    assert work_of_adhesion_j_per_m2(-10.0, -5.0, -18.0, 32.0435327) == pytest.approx(1.5)
    assert work_of_adhesion_j_per_m2(-10.0, -5.0, -14.0, 16.02176634) == pytest.approx(-1.0)


def atoms(formula: dict[str, int]) -> Structure:
    symbols = [symbol for symbol, n in formula.items() for _ in range(n)]
    places = [[i / len(symbols), 0, 0] for i in range(len(symbols))]
    return Structure(ONE_J_PER_M2, symbols, places)


def test_excess_is_counted_beyond_whole_li3po4() -> None:
    bare = atoms({"Li": 4, "Mn": 2, "O": 6})
    # two Li3PO4 less one Li and with one O to spare
    coated = atoms({"Li": 9, "Mn": 2, "O": 15, "P": 2})
    unit = {"Li": 3, "P": 1, "O": 4}
    assert excess_atoms(coated, bare, unit) == Excess(2, -1, 1)
    assert excess_atoms(bare, bare, unit) == Excess(0, 0, 0)


def test_other_coatings_are_counted_by_their_former_or_anion() -> None:
    bare = atoms({"Li": 4, "Mn": 2, "O": 6})
    coated = atoms({"Li": 5, "Mn": 2, "O": 13, "Nb": 2})
    assert excess_atoms(coated, bare, {"Li": 1, "Nb": 1, "O": 3}) == Excess(2, -1, 1)
    salted = atoms({"Li": 10, "Mn": 2, "O": 6, "In": 1, "Cl": 5})
    assert excess_atoms(salted, bare, {"Li": 3, "In": 1, "Cl": 6}) == Excess(1, 3, 0, ("Cl",))
    assert counted_element({"Li": 1, "F": 1}) == "F"
    assert counted_element({"Li": 6, "P": 1, "S": 5, "Cl": 1}) == "P"
