"""A former that lost its O goes, with its own O, to the next one that is free."""

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from llo_dft.builders.rebonding import (
    APPROACH,
    LITHIUM_TOO_NEAR,
    REACH_ANGSTROM,
    ROOM_BESIDE_OTHERS,
    ROOM_FOR_LITHIUM,
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
def test_where_an_o_would_come_on_a_lithium_there_is_no_start_with_it(beyond):
    before = host()
    ((_, after), _) = rebonded(without_atoms(before, [0]), before)
    anion = 4  # of the group, where it went
    aside = np.array([0.3, 0.6, -0.2])
    aside *= (LITHIUM_TOO_NEAR + beyond) / np.linalg.norm(aside)
    before.append("Li", after[anion].coords + aside, coords_are_cartesian=True)
    before = with_bare_sites(before, [0, 1, 2, 3, *[COATING] * 3, 4])
    start = without_atoms(before, [0])
    (name, after), *_ = rebonded(start, before)
    if beyond < 0:
        assert name == "P moved to O1 with Li pushed away"
        assert after.get_distance(anion, 6) > ROOM_FOR_LITHIUM["O"] - 0.02
    else:
        assert name == "P moved to O1"
        assert after.get_distance(anion, 6) == pytest.approx(LITHIUM_TOO_NEAR + beyond)


def crowded(*lithium: tuple[float, float, float]) -> tuple[Structure, Structure]:
    """Return a host with Li at some places beside where O4 of the group goes, and its vacancy."""
    before = host()
    _, after = rebonded(without_atoms(before, [0]), before)[0]
    for aside in lithium:
        before.append("Li", np.add(after[4].coords, aside), coords_are_cartesian=True)
    before = with_bare_sites(before, [0, 1, 2, 3, *[COATING] * 3, *range(4, 4 + len(lithium))])
    return before, without_atoms(before, [0])


def test_crowded_lithium_is_pushed_away_in_a_second_structure():
    before, start = crowded((0.6, 1.0, 0.2))
    (one, left), (two, pushed), *_ = rebonded(start, before)
    assert (one, two) == ("P moved to O1", "P moved to O1 with Li pushed away")
    assert left[6].coords == pytest.approx(start[6].coords)
    assert np.delete(pushed.cart_coords, 6, axis=0) == pytest.approx(
        np.delete(left.cart_coords, 6, axis=0)
    ), "only Li gives way"
    for i, room in [
        (3, ROOM_FOR_LITHIUM["P"]),
        (4, ROOM_FOR_LITHIUM["O"]),
        (2, ROOM_BESIDE_OTHERS),
    ]:
        assert pushed.get_distance(i, 6) > room - 0.02
    names = [name for name, _ in rebonded(start, before, both_ways=False)]
    assert names == ["P moved to O1 with Li pushed away", "P moved to O2"]


def test_pushed_lithium_keeps_off_lithium_and_goes_through_the_cells_faces():
    before, start = crowded((0.6, 1.0, 0.2), (1.1, 1.5, -1.0))
    _, (_, pushed), *_ = rebonded(start, before)
    lithium = pushed.indices_from_symbol("Li")
    assert pushed.get_distance(*lithium) > ROOM_BESIDE_OTHERS - 0.02
    moved = before.copy()
    moved.translate_sites(range(len(moved)), [4.3, 3.6, 0.0], frac_coords=False)
    _, (_, again), *_ = rebonded(without_atoms(moved, [0]), moved)
    assert again.distance_matrix == pytest.approx(pushed.distance_matrix, abs=1e-6)


def test_lithium_on_the_line_between_two_o_goes_aside():
    before, _ = crowded((0.0, 1.3, 0.0))
    before.append("O", np.add(before[7].coords, [0, 1.3, 0]), coords_are_cartesian=True)
    before = with_bare_sites(before, [0, 1, 2, 3, *[COATING] * 3, 4, COATING])
    _, (_, pushed), *_ = rebonded(without_atoms(before, [0]), before)
    assert min(pushed.get_distance(6, i) for i in (4, 7)) > ROOM_FOR_LITHIUM["O"] - 0.02


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
