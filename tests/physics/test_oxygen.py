"""O2 against the NIST-JANAF tables (4th edition, 1998), which the package doesn't hold."""

from __future__ import annotations

import math

import pytest

from llo_dft.analysis.oxygen.gas import (
    delta_mu_oxygen_ev,
    oxygen_enthalpy_kj_per_mol,
    oxygen_entropy_j_per_mol_k,
)

EV_PER_KJ_PER_MOL = 1 / 96.485

#: T in K, H - H(298.15) in kJ/mol, S in J/mol/K.
JANAF_O2 = [(298.15, 0.0, 205.147), (500.0, 6.084, 220.693), (1000.0, 22.703, 243.578)]


@pytest.mark.parametrize(("temperature", "enthalpy", "entropy"), JANAF_O2)
def test_enthalpy_and_entropy(temperature: float, enthalpy: float, entropy: float) -> None:
    assert oxygen_enthalpy_kj_per_mol(temperature) == pytest.approx(enthalpy, abs=2e-3)
    assert oxygen_entropy_j_per_mol_k(temperature) == pytest.approx(entropy, abs=2e-3)


@pytest.mark.parametrize(("temperature", "enthalpy", "entropy"), JANAF_O2)
def test_chemical_potential_from_the_table(
    temperature: float, enthalpy: float, entropy: float
) -> None:
    gibbs = enthalpy + 8.683 - temperature * entropy / 1000
    expected = gibbs / 2 * EV_PER_KJ_PER_MOL
    assert delta_mu_oxygen_ev(temperature) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("temperature", "enthalpy", "entropy"), JANAF_O2)
def test_slope_of_mu_is_minus_half_the_entropy(
    temperature: float, enthalpy: float, entropy: float
) -> None:
    del enthalpy
    step = 0.05
    rise = delta_mu_oxygen_ev(temperature + step) - delta_mu_oxygen_ev(temperature - step)
    slope = rise / (2 * step)
    assert slope == pytest.approx(-entropy / 2 / 1000 * EV_PER_KJ_PER_MOL, rel=2e-5)


def test_entropy_is_that_of_an_ideal_rotor_with_two_unpaired_electrons() -> None:
    """Sackur-Tetrode, rigid rotor, harmonic oscillator and spin 1, from spectroscopy alone."""
    gas_constant, boltzmann, planck = 8.314462618, 1.380649e-23, 6.62607015e-34
    temperature, pressure = 298.15, 1e5
    mass = 31.9988 * 1.66053907e-27
    rotational_k, vibrational_k = 2.0687, 2273.6  # B = 1.4377 and omega = 1580.2 1/cm
    thermal_length_cubed = (planck**2 / (2 * math.pi * mass * boltzmann * temperature)) ** 1.5
    volume = boltzmann * temperature / pressure
    translation = math.log(volume / thermal_length_cubed) + 2.5
    rotation = math.log(temperature / (2 * rotational_k)) + 1
    u = vibrational_k / temperature
    vibration = u / math.expm1(u) - math.log1p(-math.exp(-u))
    entropy = gas_constant * (translation + rotation + vibration + math.log(3))
    assert oxygen_entropy_j_per_mol_k(298.15) == pytest.approx(entropy, abs=0.2)
