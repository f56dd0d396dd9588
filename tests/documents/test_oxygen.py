from __future__ import annotations

import pytest

from llo_dft.chemistry.element_table import MATERIALS_PROJECT_U_EV
from llo_dft.documents.oxygen import HostMap, VacancyMap, schemes_not_fitted

MP_U = {"Mn": 3.9, "Ni": 6.2, "Co": 3.32}
LLO = ["Li", "Mn", "Ni", "Co", "O"]


def test_settings_of_the_materials_project_refuse_no_scheme() -> None:
    assert schemes_not_fitted("PBE+U", MP_U, LLO, "") == {}
    assert schemes_not_fitted("PBE", {}, ["Li", "P", "O"], "") == {}


@pytest.mark.parametrize("functional", ["r2SCAN", "HSE06", "PBEsol", "PBEsol+U"])
def test_another_functional_makes_another_error_for_o2(functional: str) -> None:
    refused = schemes_not_fitted(functional, {}, ["Li", "O"], "")
    assert set(refused) == {"wang2006", "mp2020"}
    assert all(f"these are {functional}; use 'none'" in reason for reason in refused.values())


@pytest.mark.parametrize(
    ("u_values", "found"), [(MP_U | {"Mn": 3.8}, "3.8 eV"), ({"Ni": 6.2, "Co": 3.32}, "0 eV")]
)
def test_mp2020_belongs_to_its_own_u(u_values: dict[str, float], found: str) -> None:
    refused = schemes_not_fitted("PBE+U", u_values, LLO, "")
    assert list(refused) == ["mp2020"]
    assert f"U(Mn) 3.9 eV, and here it is {found}; use 'wang2006'" in refused["mp2020"]


def test_the_u_of_an_element_that_is_not_there_does_not_count() -> None:
    assert schemes_not_fitted("PBE+U", MP_U | {"Fe": 1.0}, LLO, "") == {}
    for element, u in MATERIALS_PROJECT_U_EV.items():
        assert schemes_not_fitted("PBE+U", {element: u}, [element, "O"], "") == {}


def test_dispersion_was_not_in_the_fit_of_mp2020() -> None:
    refused = schemes_not_fitted("PBE+U", MP_U, LLO, "D3(BJ)")
    assert list(refused) == ["mp2020"]
    assert "without a dispersion correction, and these have D3(BJ)" in refused["mp2020"]


def test_a_map_comes_back_from_json() -> None:
    host = HostMap(
        label="host", system="bare", lithium_fraction=None, formation_energies_ev=[[1.0, 2.0]]
    )
    grid = VacancyMap(temperatures_k=[300.0], pressures_bar=[1.0, 0.1], hosts=[host])
    assert VacancyMap.model_validate_json(grid.model_dump_json()) == grid
