"""The constants against CODATA as scipy has it, and against one another."""

from __future__ import annotations

import math

import pytest
from scipy import constants

from llo_dft import units


def test_constants_are_codatas() -> None:
    boltzmann = constants.value("Boltzmann constant in eV/K")
    assert boltzmann == pytest.approx(units.BOLTZMANN_EV_PER_K, rel=1e-9)
    kilojoule = constants.e * constants.N_A / 1000
    assert kilojoule == pytest.approx(units.KJ_PER_MOL_PER_EV, rel=1e-9)
    bohr = constants.value("Bohr radius") / constants.angstrom
    assert bohr == pytest.approx(units.BOHR_ANGSTROM, rel=1e-8)


def test_energies_over_areas_and_volumes() -> None:
    per_area = constants.e / constants.angstrom**2
    assert per_area == pytest.approx(units.J_PER_M2_PER_EV_PER_A2, rel=1e-9)
    per_volume = 1e9 * constants.angstrom**3 / constants.e
    assert per_volume == pytest.approx(units.EV_PER_A3_PER_GPA, rel=1e-9)


def test_a_factor_of_ten_in_pressure_at_room_temperature() -> None:
    # (1/2) k T ln 10 of O2 is 29.6 meV per O, the half of the textbook's 59 mV per decade
    kt = units.BOLTZMANN_EV_PER_K * units.STANDARD_TEMPERATURE_K
    assert 0.5 * kt * math.log(10) == pytest.approx(0.02958, abs=1e-5)
    assert units.STANDARD_PRESSURE_BAR == 1.0
