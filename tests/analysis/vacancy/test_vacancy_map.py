from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from plain_results import plain_host

from llo_dft.analysis.oxygen.chemical_potential import oxygen_chemical_potential
from llo_dft.analysis.vacancy.vacancy_map import mu_at, vacancy_map
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
