"""A former that lost its O goes, with its own O, to the next one that is free."""

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.builders.rebonding import (
    APPROACH,
    LITHIUM_ASIDE,
    LITHIUM_TOO_NEAR,
    REACH_ANGSTROM,
    SAME_FACE_ANGSTROM,
    rebonded,
)
from llo_dft.documents.atom_identity import COATING, places, with_bare_sites, without_atoms

LENGTH = 1.6  # of the bond between P and the O below it, angstrom


def host(other: float = 2.8, third: float = -3.9, former: str = "P") -> Structure:
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
    (name, after), (other, _) = rebonded(without_atoms(before, [0]), before)
    assert (name, other) == ("P moved to O1", "P moved to O2")
    assert after.get_distance(places(after)[1], 3) == pytest.approx(APPROACH * LENGTH)
    moves = after.cart_coords - without_atoms(before, [0]).cart_coords
    assert moves[:3] == pytest.approx(0.0)
    assert np.ptp(moves[3:], axis=0) == pytest.approx(0.0, abs=1e-9)
    far = np.hypot(2.8, LENGTH)
    assert moves[3] == pytest.approx(np.array([2.8, 0, -LENGTH]) * (1 - APPROACH * LENGTH / far))


def test_an_o_that_has_a_former_is_not_free():
    before = host()
    before.append("P", np.add(before[1].coords, [0, 0, LENGTH]), coords_are_cartesian=True)
    before = with_bare_sites(before, [0, 1, 2, 3, *[COATING] * 4])
    ((name, after),) = rebonded(without_atoms(before, [0]), before)
    assert name == "P moved to O2"
    # through the cell's face, to an image
    assert after.get_distance(places(after)[2], 3) == pytest.approx(APPROACH * LENGTH)


def test_an_o_of_the_layers_other_face_is_not_reached_for():
    for deeper in (-0.01, 0.01):
        before = host()
        before.translate_sites([1], [0, 0, -SAME_FACE_ANGSTROM - deeper], frac_coords=False)
        names = [name for name, _ in rebonded(without_atoms(before, [0]), before)]
        assert ("P moved to O1" in names) == (deeper < 0)


def test_two_that_lost_their_o_take_two():
    before = host(third=5.6)
    before.append("P", np.add(before[2].coords, [0, 0, LENGTH]), coords_are_cartesian=True)
    before = with_bare_sites(before, [0, 1, 2, 3, *[COATING] * 4])
    assert rebonded(without_atoms(before, [0, 2]), before) == [], "there is one for both"
    before.append("O", np.add(before[2].coords, [0, 2.9, 0]), coords_are_cartesian=True)
    before = with_bare_sites(before, [0, 1, 2, 3, *[COATING] * 4, 4])
    ((name, after),) = rebonded(without_atoms(before, [0, 2]), before)
    assert name == "P moved to O1, P moved to O4"
    assert after.get_distance(places(after)[4], 5) == pytest.approx(APPROACH * LENGTH)


def test_an_o_and_its_image_are_one():
    before = host(other=2.8, third=-3.9)
    before.remove_sites([2])
    narrow = Lattice.orthorhombic(5.6, 9, 15)
    before = Structure(
        narrow,
        before.species,
        before.cart_coords,
        coords_are_cartesian=True,
        site_properties=before.site_properties,
    )
    assert [name for name, _ in rebonded(without_atoms(before, [0]), before)] == ["P moved to O1"]


@pytest.mark.parametrize("beyond", [-0.02, 0.02])
def test_lithium_in_the_way_begins_beside_it(beyond):
    before = host()
    ((_, after), _) = rebonded(without_atoms(before, [0]), before)
    anion = 4  # of the group, where it went
    aside = np.array([0.3, 0.6, -0.2])
    aside *= (LITHIUM_TOO_NEAR + beyond) / np.linalg.norm(aside)
    before.append("Li", after[anion].coords + aside, coords_are_cartesian=True)
    before = with_bare_sites(before, [0, 1, 2, 3, *[COATING] * 3, 4])
    start = without_atoms(before, [0])
    ((_, after), _) = rebonded(start, before)
    distance = LITHIUM_ASIDE if beyond < 0 else LITHIUM_TOO_NEAR + beyond
    assert after.get_distance(anion, 6) == pytest.approx(distance)
    way = after[6].coords - after[anion].coords
    assert way / distance == pytest.approx(aside / np.linalg.norm(aside))


@pytest.mark.parametrize("lacking", [[], [1], [3]])
def test_where_no_former_lost_an_o_none_moves(lacking):
    before = host()
    assert rebonded(without_atoms(before, lacking), before) == []


def test_lithium_that_lost_its_o_stays():
    assert rebonded(without_atoms(host(former="Li"), [0]), host(former="Li")) == []


def test_where_no_o_is_free_within_reach_it_stays():
    far = np.sqrt(REACH_ANGSTROM**2 - LENGTH**2)
    for beyond in (-0.01, 0.01):
        before = host(other=far + beyond, third=5.4)
        before.remove_sites([2])
        assert (rebonded(without_atoms(before, [0]), before) == []) == (beyond > 0)


def test_atoms_without_identities_and_parts_alone_stay():
    before = host()
    bare = before.copy()
    bare.remove_site_property("bare_site")
    assert rebonded(bare, before) == []
    assert rebonded(without_atoms(before, [0, 1, 2, 3]), before) == []
