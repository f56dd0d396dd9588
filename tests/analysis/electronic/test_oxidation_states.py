from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from llo_dft.analysis.electronic.oxidation_states import (
    changed_state,
    metal_state,
    oxidation_states,
    state_name,
)
from llo_dft.chemistry.element_table import ELEMENTS
from llo_dft.resources import load_structure

METALS = sorted(symbol for symbol, entry in ELEMENTS.items() if entry.moment_ranges)
moments = st.floats(-6, 6)

#: d electrons of the ions told, and whether the spins are as parallel as they can be.
CONFIGURATIONS = {
    ("Mn", 4): (3, True),
    ("Mn", 3): (4, True),
    ("Mn", 2): (5, True),
    ("Ni", 4): (6, False),
    ("Ni", 3): (7, False),
    ("Ni", 2): (8, True),
    ("Co", 3): (6, False),
    ("Co", 4): (5, False),
    ("Co", 2): (7, True),
}


def unpaired_electrons(n_d: int, *, high_spin: bool) -> int:
    """In an octahedron: five levels, or three low ones and two high ones, by Hund's rule."""
    if high_spin:
        return n_d if n_d <= 5 else 10 - n_d
    return (n_d if n_d <= 3 else 6 - n_d) if n_d <= 6 else (n_d - 6 if n_d <= 8 else 10 - n_d)


@pytest.mark.parametrize(("element", "state"), CONFIGURATIONS)
def test_a_range_holds_a_little_less_than_the_unpaired_electrons(element: str, state: int) -> None:
    n_d, high = CONFIGURATIONS[element, state]
    spins = unpaired_electrons(n_d, high_spin=high)
    (one,) = (r for r in ELEMENTS[element].moment_ranges if r.state == state)
    assert max(0.0, 0.8 * spins - 0.1) <= (one.low + one.high) / 2 <= spins + 0.2
    if high:  # parallel spins leak out of the sphere, and are never more than there are
        assert one.low < 0.9 * spins
        assert one.high <= 1.16 * spins


@pytest.mark.parametrize("element", METALS)
def test_ranges_ascend_and_leave_gaps(element: str) -> None:
    ranges = ELEMENTS[element].moment_ranges
    assert all(one.low < one.high for one in ranges)
    assert all(one.high < other.low for one, other in pairwise(ranges))


@pytest.mark.parametrize(
    ("element", "moment", "state"),
    [
        ("Mn", 3.1, 4),
        ("Mn", -3.8, 3),
        ("Mn", 4.6, 2),
        ("Ni", 1.70, 2),
        ("Ni", -0.95, 3),
        ("Ni", 0.05, 4),
        ("Co", 0.0, 3),
        ("Co", 1.0, 4),
        ("Co", 2.7, 2),
        ("Mn", 2.74, 4),  # Li2MnO3 with plain PBE
    ],
)
def test_usual_moments(element: str, moment: float, state: int) -> None:
    assert metal_state(element, moment)[0] == state


@pytest.mark.parametrize(
    ("element", "moment", "reason"),
    [
        ("Ni", 1.3, "1.30 mu_B lies between low-spin Ni3+ (to 1.2) and Ni2+ (from 1.4)"),
        ("Mn", 2.0, "low-spin Mn3+ or Mn5+"),
        ("Mn", 0.1, "below low-spin Mn2+"),
        ("Mn", 5.5, "above Mn2+, the last of the ranges"),
        ("Co", 3.2, "high-spin Co3+ or Co4+"),
        ("Fe", 4.2, "no ranges of moments for Fe"),
    ],
)
def test_what_is_ambiguous_says_why(element: str, moment: float, reason: str) -> None:
    state, why = metal_state(element, moment)
    assert state is None
    assert reason in why


@given(st.sampled_from(METALS), moments)
def test_the_sign_is_the_order_not_the_charge(element: str, moment: float) -> None:
    assert metal_state(element, moment) == metal_state(element, -moment)


@given(st.sampled_from(METALS), moments, moments)
def test_a_change_is_the_same_both_ways_and_never_a_flip(
    element: str, before: float, after: float
) -> None:
    assert changed_state(element, before, after) == changed_state(element, after, -before)
    assert not changed_state(element, before, -before)
    if not math.isclose(abs(abs(before) - abs(after)), 0.5):
        wide = abs(abs(before) - abs(after)) > 0.5
        assert changed_state(element, before, after) >= wide


def test_a_small_change_between_two_states_counts_and_within_one_does_not() -> None:
    assert changed_state("Mn", 3.4, 3.75)  # Mn4+ to Mn3+
    assert not changed_state("Mn", 3.0, 3.4)
    assert not changed_state("Mn", 3.44, 3.56)  # noise across the bound
    assert not changed_state("Ni", 1.25, 1.6)  # where it came from is not told


def li2mno3(mn: float = 3.1, o: float = 0.05) -> tuple[Structure, list[float]]:
    structure = load_structure("Li2MnO3")
    by_element = {"Li": 0.0, "Mn": mn, "O": o}
    return structure, [by_element[site.specie.symbol] for site in structure]


def test_li2mno3_balances() -> None:
    structure, values = li2mno3()
    found = oxidation_states(structure, values)
    assert found.counts == {"Li+": 8, "Mn4+": 4, "O2-": 12}
    assert found.balanced is True
    assert [atom.site for atom in found.atoms] == list(range(24))


def test_states_that_do_not_add_up_are_said_to() -> None:
    structure, values = li2mno3(mn=3.8)
    found = oxidation_states(structure, values)
    assert found.balanced is False
    assert found.assigned_charge_e == -4
    assert "add up to -4 e" in found.note
    assert oxidation_states(structure, values, cell_charge_e=-4).balanced is True


def test_holes_on_oxygen_count_and_parts_of_holes_are_not_told() -> None:
    structure, values = li2mno3()
    gone = [i for i, site in enumerate(structure) if site.specie.symbol == "Li"][:2]
    kept = [value for i, value in enumerate(values) if i not in gone]
    delithiated = structure.copy()
    delithiated.remove_sites(gone)
    oxygens = [i for i, site in enumerate(delithiated) if site.specie.symbol == "O"]
    assert oxidation_states(delithiated, kept).balanced is False
    for site in oxygens[:2]:
        kept[site] = -0.6
    found = oxidation_states(delithiated, kept)
    assert found.counts["O-"] == 2
    assert found.balanced is True
    kept[oxygens[0]] = 0.35
    found = oxidation_states(delithiated, kept)
    assert (found.balanced, found.n_unassigned, found.counts["O?"]) == (None, 1, 1)
    assert "1 of 22 atoms have no state: they would need -1 e together" in found.note
    assert "a part of a hole" in found.atoms[oxygens[0]].reason


def test_a_peroxo_has_no_moment_and_is_seen_by_its_length() -> None:
    box = Lattice.cubic(8)
    places = [[0, 0, 0], [0, 0, 1.45], [4, 4, 0], [4, 4, 2]]
    peroxide = Structure(box, ["O", "O", "Li", "Li"], places, coords_are_cartesian=True)
    found = oxidation_states(peroxide, [0.0] * 4)
    assert found.counts == {"Li+": 2, "O-": 2}
    assert found.balanced is True
    assert found.atoms[0].reason == "peroxo pair of 1.45 A"
    molecule = Structure(box, ["O", "O"], [[0, 0, 0], [0, 0, 1.22]], coords_are_cartesian=True)
    assert oxidation_states(molecule, [0.8, 0.8]).counts == {"O 0": 2}
    superoxide = Structure(
        box, ["K", "O", "O"], [[4, 4, 4], [0, 0, 0], [0, 0, 1.33]], coords_are_cartesian=True
    )
    assert oxidation_states(superoxide, [0, 0.4, 0.4]).counts == {"K+": 1, "O0.5-": 2}


@pytest.mark.parametrize(
    ("state", "name"), [(4, "Mn4+"), (-1, "Mn-"), (None, "Mn?"), (0, "Mn 0"), (-0.5, "Mn0.5-")]
)
def test_names(state: float | None, name: str) -> None:
    assert state_name("Mn", state) == name
