from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.cell_checks import (
    check_usable,
    formal_charge,
    formal_dipole,
    is_stoichiometric,
    is_symmetric,
)
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

BOX = Lattice.orthorhombic(3.0, 4.0, 20.0)


def at_heights(symbols: Sequence[str], heights: Sequence[float], box: Lattice = BOX) -> Structure:
    """Return atoms above the same point of the plane, at heights along its normal, angstrom."""
    a, b, c = box.matrix
    normal = np.cross(a, b) / np.linalg.norm(np.cross(a, b))
    rise = c @ normal
    return Structure(box, symbols, [[0.1, 0.2, height / rise] for height in heights])


def test_whole_and_separate_atoms_are_usable() -> None:
    check_usable(at_heights(["Mg", "O"], [5.0, 7.0]), "slab")
    check_usable(at_heights(["O"], [5.0]), "one atom")


@pytest.mark.parametrize("species", [{"Mn": 0.5, "Ni": 0.5}, {"Li": 0.5}])
def test_partial_occupancy_is_refused_with_its_site(species: dict[str, float]) -> None:
    structure = Structure(BOX, ["O", species], [[0, 0, 0], [0.5, 0.5, 0.5]])
    with pytest.raises(InputError, match=r"my\.cif: site 1 has .*expected one element"):
        check_usable(structure, "my.cif")


def test_overlap_is_refused_with_its_pair_also_across_the_boundary() -> None:
    structure = Structure(BOX, ["Li", "O", "Mn"], [[0, 0, 0], [0.5, 0.5, 0.5], [0, 0, 0.98]])
    with pytest.raises(InputError, match=r"slab: Li0 and Mn2 are 0\.40 angstrom apart"):
        check_usable(structure, "slab")


@pytest.mark.parametrize(
    ("pair", "bond", "overlap"),
    [("PO", 1.45, 1.0), ("HO", 0.95, 0.5), ("CO", 1.13, 0.8), ("OO", 1.21, 0.7), ("HH", 0.74, 0.3)],
)
def test_distances_are_judged_by_their_elements(pair: str, bond: float, overlap: float) -> None:
    check_usable(at_heights(list(pair), [5.0, 5.0 + bond]), "bond")
    with pytest.raises(InputError, match="Atoms overlap"):
        check_usable(at_heights(list(pair), [5.0, 5.0 + overlap]), "overlap")


def test_metals_are_further_apart_than_hydrogen() -> None:
    with pytest.raises(InputError, match=r"Mn0 and O1 are 1\.10 angstrom apart; expected at"):
        check_usable(at_heights(["Mn", "O"], [5.0, 6.1]), "slab")


@pytest.mark.parametrize(
    ("symbols", "heights", "dipole"),
    [
        (["Mg", "O"], [2.0, 4.0], -4.0),  # +2 at -1 and -2 at +1 from the middle
        (["O", "Mg"], [2.0, 4.0], 4.0),  # turned over: the other sign
        (["Li", "O", "Li"], [2.0, 3.0, 4.0], 0.0),
        (["Li", "O"], [2.0, 5.0], -4.5),  # charged: +1 at -1.5 and -2 at +1.5
        (["O", "O"], [2.0, 5.0], 0.0),  # charged and symmetric
    ],
)
@pytest.mark.parametrize(
    "box", [BOX, Lattice([[3.0, 0, 0], [0, 4.0, 0], [2.0, 1.0, 20.0]])], ids=["straight", "oblique"]
)
def test_dipole_by_hand(
    symbols: Sequence[str], heights: Sequence[float], dipole: float, box: Lattice
) -> None:
    assert formal_dipole(at_heights(symbols, heights, box)) == pytest.approx(dipole)


def test_a_neutral_dipole_does_not_depend_on_where_the_slab_is() -> None:
    low, high = (at_heights(["Mg", "O"], [z, z + 2.0]) for z in (1.0, 11.0))
    assert formal_dipole(low) == pytest.approx(formal_dipole(high))


def test_formal_charge_by_hand() -> None:
    assert formal_charge(at_heights(["Li", "Mn", "O"], [2.0, 5.0, 8.0])) == pytest.approx(3.0)


def test_stoichiometry_is_that_of_the_bulk_to_the_atom() -> None:
    bulk = at_heights(["Mg", "O"], [2.0, 4.0])
    assert is_stoichiometric(at_heights(["Mg", "O", "O", "Mg"], [2, 4, 6, 8]), bulk)
    assert not is_stoichiometric(at_heights(["Mg", "O", "Mg"], [2, 4, 6]), bulk)


def test_symmetry_needs_the_same_elements_on_both_faces() -> None:
    assert is_symmetric(at_heights(["Mg", "O", "Mg"], [2, 4, 6]))
    assert not is_symmetric(at_heights(["Mg", "O", "Ni"], [2, 4, 6]))
    assert not is_symmetric(at_heights(["Mg", "O", "Mg"], [2, 4, 7]))
