from __future__ import annotations

import pytest

from llo_dft.analysis.oxygen.gas import (
    SHOMATE_O2,
    delta_mu_oxygen_ev,
    oxygen_enthalpy_kj_per_mol,
    oxygen_entropy_j_per_mol_k,
)


@pytest.mark.parametrize(("t", "expected"), [(298.15, -0.272), (600, -0.611), (1000, -1.100)])
def test_values_that_the_design_states(t: float, expected: float) -> None:
    assert delta_mu_oxygen_ev(t) == pytest.approx(expected, abs=5e-4)


def test_the_two_ranges_meet_at_700_k() -> None:
    assert SHOMATE_O2[0].high_k == SHOMATE_O2[1].low_k == 700
    below, above = 700.0, 700.0 + 1e-9
    assert oxygen_enthalpy_kj_per_mol(below) == pytest.approx(
        oxygen_enthalpy_kj_per_mol(above), abs=3e-3
    )
    assert oxygen_entropy_j_per_mol_k(below) == pytest.approx(
        oxygen_entropy_j_per_mol_k(above), abs=5e-3
    )
    assert delta_mu_oxygen_ev(below) == pytest.approx(delta_mu_oxygen_ev(above), abs=1e-5)


def test_enthalpy_is_zero_at_298_k() -> None:
    assert oxygen_enthalpy_kj_per_mol(298.15) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("function", [oxygen_enthalpy_kj_per_mol, oxygen_entropy_j_per_mol_k])
def test_range(function: object) -> None:
    assert callable(function)
    with pytest.raises(ValueError, match="holds from 100 to 2000 K"):
        function(50)
