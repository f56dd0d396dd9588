"""The table against pymatgen's data: charges that exist, Shannon's radii, ladders in order."""

from __future__ import annotations

import pytest
from pymatgen.core import Element, Species

from llo_dft.chemistry.element_table import ELEMENTS, OXIDISED, REDUCED, symbols_of
from llo_dft.resources import load_structure

#: Charge and spin of the largest ion that the ladders reach, where it is not the usual one.
LARGEST = {
    "Mn": (2, "High Spin"),
    "Co": (2, "High Spin"),
    "Fe": (2, "High Spin"),
    "Ti": (3, ""),
    "Ru": (3, ""),
    "Mo": (3, ""),
}
TETRAHEDRAL = {"B", "C", "Si", "P"}


@pytest.mark.parametrize("symbol", ELEMENTS)
def test_every_charge_is_a_known_oxidation_state(symbol: str) -> None:
    assert ELEMENTS[symbol].charge in Element(symbol).oxidation_states


@pytest.mark.parametrize("symbol", sorted(set(ELEMENTS) - {"H"}))
def test_radii_are_shannons(symbol: str) -> None:
    charge, spin = LARGEST.get(symbol, (ELEMENTS[symbol].charge, ""))
    ion = Species(symbol, charge)
    shannon = ion.get_shannon_radius("IV" if symbol in TETRAHEDRAL else "VI", spin, "ionic")
    assert ELEMENTS[symbol].radius_angstrom == pytest.approx(shannon)


def test_the_ladders_lead_away_from_the_usual_charges() -> None:
    assert all(limit > ELEMENTS[symbol].charge for symbol, limit in OXIDISED)
    assert all(limit < ELEMENTS[symbol].charge for symbol, limit in REDUCED)
    oxidised = [symbol for symbol, _ in OXIDISED]
    assert oxidised.index("Ni") < oxidised.index("Co") < oxidised.index("O") == len(oxidised) - 1
    assert "Mn" not in oxidised


@pytest.mark.parametrize("symbol", [s for s, e in ELEMENTS.items() if e.unpaired_electrons])
def test_unpaired_electrons_are_those_of_the_d_shell_at_most(symbol: str) -> None:
    group = Element(symbol).group
    for charge, unpaired in ELEMENTS[symbol].unpaired_electrons.items():
        n_d = group - charge
        assert unpaired <= min(n_d, 10 - n_d)
        assert (unpaired - n_d) % 2 == 0
        if ELEMENTS[symbol].empty_shell_charge == charge:
            assert n_d == unpaired == 0


def test_symbols_are_those_of_the_sites() -> None:
    cell = load_structure("Li2MnO3")
    assert symbols_of(cell) == [site.species_string for site in cell]
