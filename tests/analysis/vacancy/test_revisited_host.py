"""Which vacancy a host follows, and where its O is put back."""

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from relaxed_by_hand import relaxed

from llo_dft.analysis.vacancy.revisited_host import ANIONS_TOO_NEAR_ANGSTROM, host_to_revisit
from llo_dft.documents.atom_identity import bare_sites, places, with_bare_sites, without_atoms
from llo_dft.documents.calculation import CalculationDocument

PLACES = [[x, y, z] for x in (0.1, 0.6) for y in (0.2, 0.7) for z in (0.0, 0.5)]
ELEMENTS = ["Li", "O", "Mn", "O", "O", "Li", "O", "Mn"]


def host() -> Structure:
    return with_bare_sites(Structure(Lattice.cubic(9), ELEMENTS, PLACES), range(8))


PARENT = relaxed("host", host())  # -1 eV


def vacancy(lacking: list[int], energy_ev: float, moved: dict[int, float]) -> CalculationDocument:
    """A relaxed vacancy; atoms by their site in the host move by so many angstrom."""
    made = without_atoms(host(), lacking)
    for site, by in moved.items():
        made.translate_sites([places(made)[site]], [0, by, 0], frac_coords=False)
    document = relaxed(f"vac_O{lacking[0]}", made)
    return document.model_copy(update={"energy_ev": energy_ev})


def test_the_lowest_of_those_with_li_elsewhere_is_followed() -> None:
    still = vacancy([1], -9.0, {})
    high, low = vacancy([3], -2.0, {5: 1.5}), vacancy([4], -3.0, {0: 1.5})
    found = host_to_revisit(PARENT, [still, None, high, low])
    assert found[0] is low
    assert bare_sites(found[1]) == bare_sites(host())
    assert np.allclose(found[1].frac_coords[1:], host().frac_coords[1:])
    assert host_to_revisit(PARENT, [still, None]).startswith("no vacancy of host has its Li on")


def test_energies_count_for_each_o_that_is_lacking() -> None:
    one = vacancy([1], 4.0, {5: 1.5})
    both = vacancy([3, 4], 8.0, {0: 1.5})
    assert host_to_revisit(PARENT, [one, both])[0] is both  # 4.5 eV each, not 5


@pytest.mark.parametrize(
    ("distance", "taken"),
    [(ANIONS_TOO_NEAR_ANGSTROM - 0.01, True), (ANIONS_TOO_NEAR_ANGSTROM + 0.01, False)],
)
def test_an_anion_near_the_place_of_the_o_has_taken_it(distance: float, *, taken: bool) -> None:
    high = vacancy([4], -2.0, {5: 1.5})
    low = vacancy([1], -3.0, {0: 1.5})
    near = low.structure.copy()
    near.translate_sites(
        [places(near)[6]],
        np.subtract(host()[1].coords, host()[6].coords) + np.array([0, 0, distance]),
        frac_coords=False,
    )
    low = low.model_copy(update={"structure": near})
    found = host_to_revisit(PARENT, [high, low])
    assert found[0] is (high if taken else low), "the next one is tried"
    if taken:
        reason = "another atom has taken the place of the O that vac_O1 lacks"
        assert host_to_revisit(PARENT, [low]) == reason


def test_a_host_without_a_result_follows_none() -> None:
    failed = PARENT.model_copy(update={"structure": None, "energy_ev": None})
    assert host_to_revisit(failed, [vacancy([1], -3.0, {0: 1.5})]) == "host has no result"
