from __future__ import annotations

import pytest

from llo_dft.chemistry.roles import coating_role, element_role, site_roles


@pytest.mark.parametrize(
    ("symbol", "role"),
    [
        ("Li", "mobile"), ("Mn", "framework"), ("Al", "framework"), ("Nb", "framework"),
        ("P", "former"), ("Si", "former"), ("B", "former"), ("S", "anion"), ("O", "anion"),
        ("F", "anion"), ("Cl", "anion"), ("Sb", "former"), ("Sc", "framework"),
    ],
)  # fmt: skip
def test_what_an_element_is_in_an_oxide(symbol: str, role: str) -> None:
    assert element_role(symbol) == role


@pytest.mark.parametrize("symbol", ["P", "Si", "B", "C", "Al", "Nb", "Ta", "Zr", "W"])
def test_every_cation_of_a_coating_that_stays_makes_its_network(symbol: str) -> None:
    assert coating_role(symbol) == "former"
    assert site_roles([symbol, "O"], oxide_sites=[1])[0] == "former"


def test_the_same_element_is_what_its_part_makes_it() -> None:
    symbols = ["Nb", "Li", "O", "Nb", "Li", "O"]
    expected = ["framework", "mobile", "anion", "former", "coating_mobile", "anion"]
    assert site_roles(symbols, oxide_sites=[0, 1, 2]) == expected
    assert site_roles(symbols) == 2 * expected[:3]
