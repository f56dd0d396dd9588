"""Li that hopped, and the vacancy whose arrangement a host may take over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pymatgen.core import Lattice, Structure
from relaxed_by_hand import relaxed

from llo_dft.analysis.vacancy.lithium_moves import (
    has_other_arrangement,
    moved_lithium,
    vacancy_to_follow,
)
from llo_dft.documents.atom_identity import with_bare_sites, without_atoms

if TYPE_CHECKING:
    from llo_dft.documents.calculation import CalculationDocument

PLACES = [[x, y, z] for x in (0.1, 0.6) for y in (0.2, 0.7) for z in (0.0, 0.5)]
SYMBOLS = ["Li", "O", "Mn", "O", "O", "Li", "O", "Mn"]


def host() -> Structure:
    return with_bare_sites(Structure(Lattice.cubic(9), SYMBOLS, PLACES), range(8))


def vacancy(oxygen: int, energy_ev: float, **moved: float) -> CalculationDocument:
    """A relaxed vacancy; ``Li5=1.9`` moves that atom by so many angstrom."""
    made = without_atoms(host(), [oxygen])
    for name, by in moved.items():
        site = made.site_properties["bare_site"].index(int(name.lstrip("LiMn")))
        made.translate_sites([site], [0, by, 0], frac_coords=False)
    return relaxed(f"vac_O{oxygen}", made).model_copy(update={"energy_ev": energy_ev})


@pytest.mark.parametrize(
    ("moved", "expected"),
    [({}, []), ({"Li5": 1.1}, []), ({"Li5": 1.4}, [4]), ({"Mn2": 1.9}, []), ({"Li0": 1.8}, [0])],
)
def test_only_li_in_another_site_counts(moved: dict[str, float], expected: list[int]) -> None:
    structure = vacancy(1, 0.0, **moved).structure
    assert structure is not None
    assert moved_lithium(host(), structure) == expected
    # P and Mn count where a whole arrangement is compared
    assert has_other_arrangement(host(), structure) == bool(expected or moved == {"Mn2": 1.9})


def test_the_lowest_of_those_with_li_elsewhere_is_followed() -> None:
    parent = relaxed("host", host())
    still = vacancy(1, -9.0)
    high, low = vacancy(3, -2.0, Li5=1.5), vacancy(4, -3.0, Li0=1.5)
    assert vacancy_to_follow(parent, [still, None, high, low]) is low
    assert vacancy_to_follow(parent, [still, None]) is None


def test_energies_count_for_each_o_that_is_lacking() -> None:
    parent = relaxed("host", host())  # -1 eV
    one = vacancy(1, 4.0, Li5=1.5)
    two = without_atoms(host(), [3, 4])
    two.translate_sites([0], [0, 1.5, 0], frac_coords=False)
    both = relaxed("both", two).model_copy(update={"energy_ev": 8.0})
    assert vacancy_to_follow(parent, [one, both]) is both  # 4.5 eV each, not 5
