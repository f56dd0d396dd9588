"""A former that lost its O goes, with its own O, to the next one that is free."""

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.builders.rebonding import REACH_ANGSTROM, rebonded
from llo_dft.documents.atom_identity import COATING, places, with_bare_sites, without_atoms

LENGTH = 1.6  # of the bond between P and the O below it, angstrom


def host(other: float = 2.8, third: float = 5.2, former: str = "P") -> Structure:
    """PO2 of a coating above the first of three O of an oxide in a row along a, and a Mn."""
    elements = ["O", "O", "O", "Mn", former, "O", "O"]
    heights = [0, 0, 0, -1.0, LENGTH, LENGTH + 1.0, LENGTH + 1.0]
    along = [0, other, third, 1.4, 0, 0, 0]
    aside = [0, 0, 0, 1.0, 0, 1.1, -1.1]
    coords = np.transpose([along, aside, np.add(heights, 4.0)])
    lattice = Lattice.orthorhombic(11, 9, 15)
    made = Structure(lattice, elements, coords, coords_are_cartesian=True)
    return with_bare_sites(made, [0, 1, 2, 3, COATING, COATING, COATING])


def test_it_goes_straight_to_the_nearest_free_o_as_a_whole():
    before = host()
    name, after = rebonded(without_atoms(before, [0]), before)
    assert name == "P moved to O1"
    assert after.get_distance(places(after)[1], 3) == pytest.approx(LENGTH)
    moves = after.cart_coords - without_atoms(before, [0]).cart_coords
    assert moves[:3] == pytest.approx(0.0)
    assert np.ptp(moves[3:], axis=0) == pytest.approx(0.0, abs=1e-9)
    far = np.hypot(2.8, LENGTH)
    assert moves[3] == pytest.approx(np.array([2.8, 0, -LENGTH]) * (1 - LENGTH / far))


def test_an_o_that_has_a_former_is_not_free():
    before = host(third=-3.5)
    before.append("P", np.add(before[1].coords, [0, 0, LENGTH]), coords_are_cartesian=True)
    before = with_bare_sites(before, [0, 1, 2, 3, *[COATING] * 4])
    name, after = rebonded(without_atoms(before, [0]), before)
    assert name == "P moved to O2"
    # through the cell's face, to an image
    assert after.get_distance(places(after)[2], 3) == pytest.approx(LENGTH)


def test_two_that_lost_their_o_take_two():
    before = host()
    for site in ("P", "O"):
        up = LENGTH + (site == "O") * 1.5
        before.append(site, np.add(before[2].coords, [0, 0, up]), coords_are_cartesian=True)
    before.append("O", np.add(before[1].coords, [0, 3.0, 0]), coords_are_cartesian=True)
    before = with_bare_sites(before, [0, 1, 2, 3, *[COATING] * 5, 4])
    name, after = rebonded(without_atoms(before, [0, 2]), before)
    assert name == "P moved to O1, P moved to O4"
    assert after.get_distance(places(after)[4], 5) == pytest.approx(LENGTH)


@pytest.mark.parametrize("lacking", [[], [1], [3]])
def test_where_no_former_lost_an_o_none_moves(lacking):
    before = host()
    assert rebonded(without_atoms(before, lacking), before) is None


def test_lithium_that_lost_its_o_stays():
    assert rebonded(without_atoms(host(former="Li"), [0]), host(former="Li")) is None


def test_where_no_o_is_free_within_reach_it_stays():
    far = np.sqrt(REACH_ANGSTROM**2 - LENGTH**2)
    for beyond in (-0.01, 0.01):
        before = host(other=far + beyond, third=far + beyond + 0.5)
        before.remove_sites([2])
        assert (rebonded(without_atoms(before, [0]), before) is None) == (beyond > 0)


def test_atoms_without_identities_and_parts_alone_stay():
    before = host()
    bare = before.copy()
    bare.remove_site_property("bare_site")
    assert rebonded(bare, before) is None
    assert rebonded(without_atoms(before, [0, 1, 2, 3]), before) is None
