from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_results import plain_host

from llo_dft.analysis.oxygen.chemical_potential import oxygen_chemical_potential
from llo_dft.analysis.oxygen.gas import delta_mu_oxygen_ev
from llo_dft.analysis.vacancy.vacancy_map import mu_at, turning_temperature, vacancy_map
from llo_dft.units import BOLTZMANN_EV_PER_K

if TYPE_CHECKING:
    from llo_dft.documents.study_result import OxygenChemicalPotential

TEMPERATURES_K = [300.0, 600.0, 900.0]
PRESSURES_BAR = [1e-6, 1.0]


@pytest.fixture(params=["none", "wang2006"])
def oxygen(request: pytest.FixtureRequest) -> OxygenChemicalPotential:
    return oxygen_chemical_potential(request.param, -4.9, "VASP", 298.15, 1.0)


def test_the_lowest_vacancy_of_each_host_that_has_one(oxygen: OxygenChemicalPotential) -> None:
    hosts = [
        plain_host("a", 2.0, None, 1.5),
        plain_host("b", None),
        plain_host("c"),
        plain_host("d", -0.1),
    ]
    found = vacancy_map(hosts, oxygen, [298.15], [1.0])
    assert [one.label for one in found.hosts] == ["a", "d"]
    values = [one.formation_energies_ev for one in found.hosts]
    assert values == [[[pytest.approx(1.5, abs=1e-12)]], [[pytest.approx(-0.1, abs=1e-12)]]]
    assert hosts[0].formation_energies_ev == [2.0, 1.5]


def test_heat_and_thin_gas_make_vacancies_cheaper(oxygen: OxygenChemicalPotential) -> None:
    (found,) = vacancy_map([plain_host("a", 2.0)], oxygen, TEMPERATURES_K, PRESSURES_BAR).hosts
    rows = found.formation_energies_ev
    assert (len(rows), len(rows[0])) == (3, 2)
    for column in zip(*rows, strict=True):
        assert list(column) == sorted(column, reverse=True)
    for temperature, (thin, dense) in zip(TEMPERATURES_K, rows, strict=True):
        # an ideal gas: (1/2) k T ln(p / p')
        gas = 0.5 * BOLTZMANN_EV_PER_K * temperature * math.log(1e6)
        assert dense - thin == pytest.approx(gas, abs=1e-9)


def test_a_scheme_shifts_mu_alike_everywhere(oxygen: OxygenChemicalPotential) -> None:
    # a scheme fitted at 298 K counts the enthalpy of O2 from there, which shifts mu by a constant
    plain = oxygen_chemical_potential("none", -4.9, "VASP", 298.15, 1.0)
    shifts = [mu_at(oxygen, t, p) - mu_at(plain, t, p) for t in TEMPERATURES_K for p in (0.2, 5.0)]
    assert shifts == pytest.approx([shifts[0]] * len(shifts), abs=1e-9)


def test_what_the_oxygen_is_taken_for_holds_all_over_the_map() -> None:
    oxygen = oxygen_chemical_potential("mp2020", -4.9, "VASP", 298.15, 1.0, "peroxide")
    assert mu_at(oxygen, 298.15, 1.0) == oxygen.mu_ev


def test_there_is_no_map_beyond_the_tables_of_o2(oxygen: OxygenChemicalPotential) -> None:
    with pytest.raises(ValueError, match="The fit for O2 holds"):
        vacancy_map([plain_host("a", 1.0)], oxygen, [5000.0], [1.0])


def at_gas(temperature_k: float = 298.15, pressure_bar: float = 1.0) -> OxygenChemicalPotential:
    return oxygen_chemical_potential("none", -4.9, "test", temperature_k, pressure_bar)


def test_an_energy_made_to_vanish_at_1000_k() -> None:
    energy = delta_mu_oxygen_ev(298.15) - delta_mu_oxygen_ev(1000.0)
    assert energy == pytest.approx(0.8275, abs=1e-3)
    found, reason = turning_temperature([2.0, energy], at_gas())
    assert found == pytest.approx(1000.0, abs=1e-3)
    assert reason is None


@given(st.floats(150, 1900), st.floats(1e-8, 10), st.floats(150, 1900))
def test_the_energy_recomputed_at_the_answer_is_zero(
    t0: float, pressure: float, turn: float
) -> None:
    start = at_gas(t0, pressure)
    energy = start.mu_ev - at_gas(turn, pressure).mu_ev
    found = turning_temperature([energy], start)[0]
    assert found == pytest.approx(turn, abs=0.05)  # the two fits meet within 4e-6 eV at 700 K


def test_less_oxygen_turns_earlier() -> None:
    def at(pressure: float) -> float:
        start = at_gas(pressure_bar=pressure)
        energy = 1.0 + start.mu_ev - at_gas().mu_ev  # one vacancy, seen at another pressure
        found = turning_temperature([energy], start)[0]
        assert found is not None
        return found

    assert at(1e-6) < at(0.21) < at(1.0)


def test_out_of_range_is_an_answer() -> None:
    high, why = turning_temperature([5.0], at_gas())
    assert high is None
    assert str(why).startswith("none in range: above zero up to 2000 K")
    low, why = turning_temperature([-1.0], at_gas())
    assert low is None
    assert str(why).startswith("none in range: below zero at 100 K already")
    assert turning_temperature([], at_gas()) == (None, "no formation energy completed")
