"""Reactions of two phases, on paper."""

from __future__ import annotations

import pytest

from llo_dft.analysis.stability.mixing_reactions import barrier_layer, pair_reactivity
from llo_dft.documents.stability.phase_stability import PhaseEnergies, PhaseEnergy
from llo_dft.errors import InputError


def test_lithium_and_its_peroxide_on_paper(lithium_oxygen):
    """2 Li + Li2O2 -> 2 Li2O gains 12 - 6.6 eV over six atoms, two of them of Li metal."""
    found = pair_reactivity(lithium_oxygen, "Li", "Li2O2", known=["Li2O", "LiO2"])
    assert found.worst.energy_ev_per_atom == pytest.approx(-5.4 / 6)
    assert found.worst.fraction_of_first == pytest.approx(2 / 6)
    assert found.worst.products == ["Li2O"]
    assert found.own_decomposition_ev_per_atom == 0.0
    assert found.mutual_ev_per_atom == found.worst.energy_ev_per_atom
    assert found.missing == ["LiO2"]


def test_at_a_voltage_energies_hold_what_each_phase_does_alone(lithium_oxygen):
    """At 3 V Li2O gives off Li by itself: Li2O -> Li + Li2O2 / 2 gains 3 - 2.7 eV per O."""
    found = pair_reactivity(lithium_oxygen, "Li2O", "O2", voltage_v=3.0)
    assert found.own_decomposition_ev_per_atom == pytest.approx(-0.3)
    # O2 + 2 Li -> Li2O2 gains 6.6 - 2 x 3 eV over two O, by itself too
    ends = {r.fraction_of_first: r.energy_ev_per_atom for r in found.reactions}
    assert ends[0.0] == pytest.approx(-0.3)
    # both become Li2O2 alone, and nothing else together
    assert found.mutual_ev_per_atom == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("voltage", [None, 3.0])
def test_names_are_not_read_as_formulas(lithium_oxygen, voltage):
    renamed = [
        one.model_copy(update={"name": f"{one.name}_alpha"}) for one in lithium_oxygen.phases
    ]
    energies = lithium_oxygen.model_copy(update={"phases": renamed})
    found = pair_reactivity(energies, "Li2O_alpha", "O2", voltage)
    wanted = pair_reactivity(lithium_oxygen, "Li2O", "O2", voltage)
    assert found.reactions == wanted.reactions


@pytest.fixture
def three() -> PhaseEnergies:
    """A, B, C are elements; AB is deep, AC and BC are shallow."""
    deep = {"AgAu": -2.0, "AgCu": -0.2, "AuCu": -0.1}
    cells = [({"Ag": 1}, 0.0), ({"Au": 1}, 0.0), ({"Cu": 1}, 0.0)]
    cells += [({name[:2]: 1, name[2:]: 1}, energy) for name, energy in deep.items()]
    return PhaseEnergies(
        source="paper",
        corrections="raw",
        phases=[
            PhaseEnergy(name="".join(atoms), composition=atoms, energy_ev=energy)
            for atoms, energy in cells
        ],
    )


def test_a_coating_is_worth_what_its_two_contacts_are(three):
    layer = barrier_layer(three, "Ag", "Au", "Cu")
    assert layer.without_ev_per_atom == pytest.approx(-1.0)
    assert layer.with_first_ev_per_atom == pytest.approx(-0.1)
    assert layer.with_second_ev_per_atom == pytest.approx(-0.05)
    assert layer.with_ev_per_atom == pytest.approx(-0.1)


@pytest.mark.parametrize(("voltage", "share"), [(None, 1.0), (3.0, 0.5)])
def test_the_higher_of_two_phases_of_one_composition_counts_from_its_own_energy(
    lithium_oxygen, voltage, share
):
    """0.2 eV an atom more of Li2O2, of whose atoms half are O, which alone count beside Li."""
    (peroxide,) = [one for one in lithium_oxygen.phases if one.name == "Li2O2"]
    high = peroxide.model_copy(update={"name": "high", "energy_ev": peroxide.energy_ev + 1.6})
    energies = lithium_oxygen.model_copy(update={"phases": [*lithium_oxygen.phases, high]})
    found = pair_reactivity(energies, "Li2O", "high", voltage)
    wanted = pair_reactivity(energies, "Li2O", "Li2O2", voltage)
    ends = {r.fraction_of_first: r.energy_ev_per_atom for r in found.reactions}
    usual = {r.fraction_of_first: r.energy_ev_per_atom for r in wanted.reactions}
    assert ends[0.0] == pytest.approx(usual[0.0] - 0.2 / share)
    assert ends[1.0] == pytest.approx(usual[1.0])
    assert found.mutual_ev_per_atom == pytest.approx(wanted.mutual_ev_per_atom, abs=1e-9)


def test_what_is_no_pair_is_refused(lithium_oxygen):
    with pytest.raises(InputError, match="Li2O and Li4O2 are one phase"):
        pair_reactivity(lithium_oxygen, "Li2O", "Li4O2")
    with pytest.raises(InputError, match="Li metal itself reacts with nothing"):
        pair_reactivity(lithium_oxygen, "Li", "Li2O", voltage_v=0.0)
    high = PhaseEnergy(name="high", composition={"Li": 1, "O": 2}, energy_ev=1.0)
    energies = lithium_oxygen.model_copy(update={"phases": [*lithium_oxygen.phases, high]})
    with pytest.raises(InputError, match=r"high \(LiO2\) lies above its own elements"):
        pair_reactivity(energies, "high", "Li2O")
