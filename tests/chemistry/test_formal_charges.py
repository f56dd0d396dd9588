"""Charges of compositions: known compounds, the ladder step by step, pymatgen's guesses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core import Composition, Lattice, Structure

from llo_dft.chemistry.element_table import ELEMENTS, OXIDISED, REDUCED, symbols_of
from llo_dft.chemistry.formal_charges import (
    element_charges,
    formal_charges,
    hole_shares,
    unbalanced_charge,
    usual_charge,
)
from llo_dft.errors import InputError
from llo_dft.resources import load_structure

if TYPE_CHECKING:
    from collections.abc import Mapping

LLO = {"Li": 7, "Mn": 3, "Ni": 1, "Co": 1, "O": 12}


def charges_of(formula: str) -> dict[str, float]:
    return element_charges(Composition(formula).get_el_amt_dict())


def total(amounts: Mapping[str, float]) -> float:
    charges = element_charges(amounts)
    return sum(charges[element] * n for element, n in amounts.items())


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("LiNiO2", {"Ni": 3}),
        ("LiCoO2", {"Co": 3}),
        ("LiMnO2", {"Mn": 3}),
        ("LiMn2O4", {"Mn": 3.5}),
        ("LiFeO2", {"Fe": 3}),
        ("LiNi0.5Fe0.5O2", {"Ni": 3, "Fe": 3}),
        ("Li2MnO3", {"Mn": 4}),
        ("Li4Ti5O12", {"Ti": 4}),
        ("LiNi0.8Mn0.1Co0.1O2", {"Ni": 2.875, "Mn": 4, "Co": 3}),
        ("LiNi0.5Mn0.5O2", {"Ni": 2, "Mn": 4}),
        ("Li1.25Nb0.25Mn0.5O2", {"Nb": 5, "Mn": 3}),
        ("Li7Mn3NiCoO12", {"Mn": 4, "Ni": 2, "Co": 3, "O": -2}),
        ("CoO2", {"Co": 4, "O": -2}),
        ("Li3PO4", {"Li": 1, "P": 5, "O": -2}),
        ("LiNbO3", {"Nb": 5}),
    ],
)
def test_known_compounds(formula: str, expected: dict[str, float]) -> None:
    charges = charges_of(formula)
    assert {element: charges[element] for element in expected} == pytest.approx(expected)
    assert total(Composition(formula).get_el_amt_dict()) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    "formula", ["LiNiO2", "LiMn2O4", "Li10Ni8MnCoO20", "Li7Mn3NiCoO12", "LiFeO2"]
)
def test_the_ladder_is_among_pymatgens_guesses(formula: str) -> None:
    states = {e: {ELEMENTS[e].charge} for e in Composition(formula).get_el_amt_dict()}
    for element, limit in (*OXIDISED, *REDUCED):
        if element in states and element != "O":
            states[element] |= set(range(*sorted((limit, ELEMENTS[element].charge)))) | {limit}
    guesses = Composition(formula).oxi_state_guesses(
        oxi_states_override={element: sorted(found) for element, found in states.items()}
    )
    assert any(charges_of(formula) == pytest.approx(guess) for guess in guesses)


@given(n_lithium=st.integers(0, 14), n_vacancies=st.integers(0, 2))
def test_charges_balance_what_left(n_lithium: int, n_vacancies: int) -> None:
    counts = {"Li": n_lithium, "Mn": 7, "Ni": 2, "Co": 1, "O": 24 - n_vacancies}
    assert total(counts) == pytest.approx(0.0, abs=1e-9)


def test_nickel_is_oxidised_before_cobalt_and_that_before_oxygen() -> None:
    steps = [element_charges({**LLO, "Li": n}) for n in (7, 6, 5, 4, 3)]
    assert [q["Ni"] for q in steps] == [2, 3, 4, 4, 4]
    assert [q["Co"] for q in steps] == [3, 3, 3, 4, 4]
    assert [q["O"] for q in steps] == pytest.approx([-2, -2, -2, -2, -2 + 1 / 12])
    assert {q["Mn"] for q in steps} == {4}


def test_a_vacancy_in_a_full_oxide_reduces_manganese_and_in_an_empty_one_fills_holes() -> None:
    assert element_charges({"Li": 8, "Mn": 4, "O": 11})["Mn"] == pytest.approx(4 - 2 / 4)
    empty = element_charges({"Li": 2, "Mn": 4, "O": 11})
    assert (empty["Mn"], empty["O"]) == (4, pytest.approx(-2 + 4 / 11))


def test_of_a_charged_composition_the_ladder_takes_what_is_missing() -> None:
    """Li6Mn4O12 under a coating of 2 e: neutral together, so no O has given anything."""
    amounts = {"Li": 6, "Mn": 4, "O": 12}
    assert element_charges(amounts, -2.0)["O"] == -2.0
    assert element_charges(amounts)["O"] == pytest.approx(-2 + 2 / 12)


def test_a_metal_alone_has_no_charge() -> None:
    assert element_charges({"Li": 2}) == {"Li": 0.0}


def test_what_o_would_have_to_give_is_unbalanced() -> None:
    assert unbalanced_charge(LLO) == 0.0
    assert unbalanced_charge({"Li": 1, "Mg": 1, "O": 2}) == pytest.approx(-1.0)
    assert unbalanced_charge({"Li": 3, "P": 1, "O": 3}) == pytest.approx(2.0)
    # LiNiO2 is no fault of -1 e any more
    assert unbalanced_charge({"Li": 1, "Ni": 1, "O": 2}) == 0.0


@pytest.mark.parametrize("name", ["Li2MnO3", "LiCoO2", "LiNiO2", "Li3PO4_beta", "Li3PO4_gamma"])
def test_the_crystals_that_come_with_the_package_are_neutral(name: str) -> None:
    symbols = symbols_of(load_structure(name))
    assert sum(formal_charges(symbols, symbols)) == pytest.approx(0.0)
    assert (sum(formal_charges(symbols)) == 0.0) == (name != "LiNiO2")


def test_sites_of_a_part_have_the_charges_of_the_whole_and_the_usual_ones_beside_it() -> None:
    assert formal_charges(["Ni", "O", "P"], ["Li", "Ni", "O", "O"]) == [3.0, -2.0, 5.0]
    assert formal_charges(["Ni", "O"]) == [2.0, -2.0]


def test_pymatgen_guesses_what_the_table_lacks() -> None:
    assert charges_of("Li3ScMnO5")["Sc"] == 3.0
    assert charges_of("Li7Mn3SbCoO12") | {"Sb": 5.0} == charges_of("Li7Mn3SbCoO12")


def test_what_neither_knows_is_named() -> None:
    with pytest.raises(ValueError, match=r"no formal charge is known for Ne: expected one of Li"):
        usual_charge("Ne")
    with pytest.raises(ValueError, match="no formal charge is known for Ne, and none that makes"):
        charges_of("LiNeO2")


def crystal_of(formula: str) -> Structure:
    """Return atoms of a formula in a row: charges ask for no geometry."""
    species = [
        element
        for element, n in Composition(formula).get_el_amt_dict().items()
        for _ in range(round(n))
    ]
    x = np.arange(len(species)) / len(species)
    return Structure(Lattice.cubic(20.0), species, np.column_stack([x, x, x]))


def holes_by_element(
    structure: Structure, n_holes: float, oxide: list[int] | None = None
) -> dict[str, float]:
    shares = hole_shares(structure, n_holes, oxide)
    symbols = np.array(symbols_of(structure))
    sums = {str(e): float(shares[symbols == e].sum()) for e in dict.fromkeys(symbols)}
    return {element: total for element, total in sums.items() if abs(total) > 1e-9}


@pytest.mark.parametrize(
    ("formula", "n_holes", "expected"),
    [
        ("Li4Ni4O8", 2, {"Ni": 2}),  # Ni3+ has one electron to give, not two
        ("Li4Ni4O8", 4, {"Ni": 4}),
        ("Li8Mn4O12", 3, {"O": 3}),  # Mn4+ gives none
        ("Li4Mn4O8", 3, {"Mn": 3}),  # Mn3+ does
        ("Li12Ni6Mn2Co4O24", 12, {"Ni": 8, "Co": 4}),  # two Ni2+ (one a Mn4+) and four Ni3+
        ("Li14Mn6Co2Ni2O24", 3, {"Ni": 3}),
        ("Li14Mn6Co2Ni2O24", 5, {"Ni": 4, "Co": 1}),
        ("Li14Mn6Co2Ni2O24", 10, {"Ni": 4, "Co": 2, "O": 4}),
        ("Li14Mn6Co2Ni2O24", 0, {}),
    ],
)
def test_electrons_leave_nickel_then_cobalt_then_oxygen(
    formula: str, n_holes: int, expected: dict[str, float]
) -> None:
    assert holes_by_element(crystal_of(formula), n_holes) == pytest.approx(expected)


def test_atoms_of_an_element_give_alike() -> None:
    cell = load_structure("Li2MnO3")
    oxygen = np.array(symbols_of(cell)) == "O"
    shares = hole_shares(cell, 3)
    assert shares[oxygen] == pytest.approx(3 / oxygen.sum())
    assert not shares[~oxygen].any()


@given(n_holes=st.integers(0, 14))
def test_what_lost_lithium_is_neutral_and_charged_as_its_composition(n_holes: int) -> None:
    """The same as asking for the composition that is left."""
    whole = crystal_of("Li14Mn6Co2Ni2O24")
    symbols = symbols_of(whole)
    charges = np.array(formal_charges(symbols, symbols)) + hole_shares(whole, n_holes)
    left = element_charges({"Li": 14 - n_holes, "Mn": 6, "Co": 2, "Ni": 2, "O": 24})
    for symbol, charge in zip(symbols[n_holes:], charges[n_holes:], strict=True):
        assert charge == pytest.approx(left[symbol])
    assert charges[n_holes:].sum() == pytest.approx(0.0, abs=1e-9)


def test_a_coating_gives_nothing() -> None:
    """Li2 of the oxide left for (PO3)2O's charge: that part is charged, and takes no hole."""
    oxide, coating = crystal_of("Li6Mn4O12"), crystal_of("P2O9Li10")
    assert sum(formal_charges(symbols_of(oxide))) == -2.0
    assert sum(formal_charges(symbols_of(coating))) == 2.0
    both = Structure.from_sites([*oxide, *coating])
    mine = list(range(len(oxide)))
    assert hole_shares(both, 0, mine) == pytest.approx(0.0)
    shares = hole_shares(both, 3, mine)
    assert shares[len(oxide) :] == pytest.approx(0.0)
    assert shares[: len(oxide)].sum() == pytest.approx(3.0)
    assert shares[10:22] == pytest.approx(3 / 12)


def test_no_more_electrons_than_the_ladder_has() -> None:
    with pytest.raises(InputError, match=r"Li2 Mn1 O3 can't give 4 electrons: expected at most 3"):
        hole_shares(crystal_of("Li2MnO3"), 4)
    with pytest.raises(InputError, match="Li1 has no O to take up the charge"):
        hole_shares(Structure(Lattice.cubic(3), ["Li"], [[0, 0, 0]]), 1)


def test_an_oxide_under_a_charged_coating_gives_from_where_it_stands():
    # Li of the coating makes the oxide LiNi2O4 of charge -1: Ni3+, which gives one electron each
    symbols = ["Li", "Ni", "Ni", "O", "O", "O", "O", "Li"]
    made = Structure(Lattice.cubic(20), symbols, np.linspace(0, 0.9, 24).reshape(8, 3))
    shares = hole_shares(made, 2, oxide_sites=range(7))
    np.testing.assert_allclose(shares, [0, 1, 1, 0, 0, 0, 0, 0], atol=1e-12)
