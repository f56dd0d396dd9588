from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llo_dft.analysis.comparability.fingerprints import ComparabilityError
from llo_dft.analysis.vacancy.formation_energy import formation_energy_ev

if TYPE_CHECKING:
    from analysis.conftest import MakeCalculation

HOST = ("Li", "Mn", "O", "O", "O")


def test_one_vacancy_by_hand(make_calculation: MakeCalculation) -> None:
    host, vacancy = make_calculation(HOST, -40.0), make_calculation(HOST[:-1], -33.0)
    value, count = formation_energy_ev(host, vacancy, -5.0)
    assert count == 1
    assert value == pytest.approx(-33.0 + 40.0 - 5.0)


def test_two_vacancies_are_counted_per_oxygen(make_calculation: MakeCalculation) -> None:
    host, vacancy = make_calculation(HOST, -40.0), make_calculation(HOST[:-2], -25.0)
    value, count = formation_energy_ev(host, vacancy, -5.0)
    assert count == 2
    assert value == pytest.approx((-25.0 + 40.0 + 2 * -5.0) / 2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(e=st.floats(-1e3, 1e3), shift=st.floats(-1e3, 1e3), mu=st.floats(-10, 0))
def test_a_common_shift_of_both_energies_is_nothing(
    make_calculation: MakeCalculation, e: float, shift: float, mu: float
) -> None:
    values = [
        formation_energy_ev(
            make_calculation(HOST, -40.0 + s), make_calculation(HOST[:-1], e + s), mu
        )[0]
        for s in (0.0, shift)
    ]
    assert values[0] == pytest.approx(values[1], abs=1e-9)


def test_mu_enters_once_per_removed_oxygen(make_calculation: MakeCalculation) -> None:
    for size in (-1, -2):
        host, vacancy = make_calculation(HOST, -40.0), make_calculation(HOST[:size], -30.0)
        difference = (
            formation_energy_ev(host, vacancy, -4.0)[0]
            - formation_energy_ev(host, vacancy, -5.0)[0]
        )
        assert difference == pytest.approx(1.0)


@pytest.mark.parametrize(
    "symbols",
    [
        HOST,  # nothing removed
        (*HOST, "O"),  # an O added
        ("Mn", "O", "O"),  # Li removed as well
        ("Li", "Mn", "Mn", "O", "O"),  # an O swapped for Mn
    ],
)
def test_anything_but_removed_oxygen(
    make_calculation: MakeCalculation, symbols: tuple[str, ...]
) -> None:
    vacancy = make_calculation(symbols)
    with pytest.raises(ValueError, match=r"one or more O and nothing else; host 'Li1 Mn1 O3'"):
        formation_energy_ev(make_calculation(HOST), vacancy, -5.0)


def test_other_settings_are_refused(make_calculation: MakeCalculation) -> None:
    vacancy = make_calculation(HOST[:-1], settings={"functional": "HSE06"})
    with pytest.raises(ComparabilityError, match=r"functional: 'PBE\+U' and 'HSE06'"):
        formation_energy_ev(make_calculation(HOST), vacancy, -5.0)
