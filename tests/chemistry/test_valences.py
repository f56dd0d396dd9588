from __future__ import annotations

import pytest
from pymatgen.core.periodic_table import Element

from llo_dft.chemistry.valences import FORMAL_CHARGES, LAYER_METALS, formal_charges
from llo_dft.resources import load_structure


@pytest.mark.parametrize("name", ["Li2MnO3", "LiCoO2", "Li3PO4_beta", "Li3PO4_gamma"])
def test_the_crystals_that_come_with_the_package_are_neutral(name: str) -> None:
    assert sum(formal_charges(site.specie.symbol for site in load_structure(name))) == 0.0


def test_every_charge_is_a_known_oxidation_state_of_its_element() -> None:
    for symbol, charge in FORMAL_CHARGES.items():
        assert charge in Element(symbol).oxidation_states, symbol


def test_lithium_oxygen_and_phosphorus_are_no_layer_metals() -> None:
    assert not LAYER_METALS & {"Li", "O", "P"}
    assert {"Mn", "Ni", "Co", "Al", "Mg"} <= LAYER_METALS


def test_an_unknown_element_is_named() -> None:
    with pytest.raises(ValueError, match=r"no formal charge is known for Na: expected one of Li"):
        formal_charges(["Li", "Na"])
