from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llo_dft.analysis.oxygen.chemical_potential import delta_mu_oxygen_ev, oxygen_chemical_potential
from llo_dft.analysis.vacancy.turning_temperature import turning_temperature

if TYPE_CHECKING:
    from llo_dft.documents.study_result import OxygenChemicalPotential


def oxygen(temperature_k: float = 298.15, pressure_bar: float = 1.0) -> OxygenChemicalPotential:
    return oxygen_chemical_potential("none", -4.9, "test", temperature_k, pressure_bar)


def test_an_energy_made_to_vanish_at_1000_k() -> None:
    energy = delta_mu_oxygen_ev(298.15) - delta_mu_oxygen_ev(1000.0)
    assert energy == pytest.approx(0.8275, abs=1e-3)
    found, reason = turning_temperature([2.0, energy], oxygen())
    assert found == pytest.approx(1000.0, abs=1e-3)
    assert reason is None


@given(st.floats(150, 1900), st.floats(1e-8, 10), st.floats(150, 1900))
def test_the_energy_recomputed_at_the_answer_is_zero(
    t0: float, pressure: float, turn: float
) -> None:
    start = oxygen(t0, pressure)
    energy = start.mu_ev - oxygen(turn, pressure).mu_ev
    found = turning_temperature([energy], start)[0]
    assert found == pytest.approx(turn, abs=0.05)  # the two fits meet within 4e-6 eV at 700 K


def test_less_oxygen_turns_earlier() -> None:
    def at(pressure: float) -> float:
        start = oxygen(pressure_bar=pressure)
        energy = 1.0 + start.mu_ev - oxygen().mu_ev  # one vacancy, seen at another pressure
        found = turning_temperature([energy], start)[0]
        assert found is not None
        return found

    assert at(1e-6) < at(0.21) < at(1.0)


def test_out_of_range_is_an_answer() -> None:
    high, why = turning_temperature([5.0], oxygen())
    assert high is None
    assert str(why).startswith("none in range: above zero up to 2000 K")
    low, why = turning_temperature([-1.0], oxygen())
    assert low is None
    assert str(why).startswith("none in range: below zero at 100 K already")
    assert turning_temperature([], oxygen()) == (None, "no formation energy completed")


def test_energy_that_is_not_a_number() -> None:
    with pytest.raises(ValueError, match="must be finite, got"):
        turning_temperature([math.nan], oxygen())
