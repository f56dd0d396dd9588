from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pymatgen
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llo_dft.analysis.oxygen.chemical_potential import (
    MP2020_SHIFT_EV,
    OXYGEN_SCHEMES,
    oxygen_chemical_potential,
    refused_schemes,
)
from llo_dft.analysis.oxygen.gas import delta_mu_oxygen_ev
from llo_dft.documents.calculation import Fingerprint
from llo_dft.units import KJ_PER_MOL_PER_EV

temperatures = st.floats(100, 2000)


def mu(scheme: Any = "wang2006", **changes: Any) -> Any:
    arguments = {
        "scheme": scheme,
        "o2_energy_ev_per_atom": -4.93,
        "o2_energy_source": "PBE, this study",
        "temperature_k": 298.15,
        "pressure_bar": 0.21,
    }
    return oxygen_chemical_potential(**(arguments | changes))


def test_schemes_by_hand_in_air() -> None:
    # T S / 2 at 298.15 K is 0.31697 eV, H(298.15) - H(0) is 0.04500 eV per O, and
    # (k T / 2) ln 0.21 = 0.012846 eV * -1.560648 = -0.02005 eV.
    to_298, entropy, pressure = 0.04500, 0.31697, -0.02005
    expected = {
        "none": -4.93 + to_298 - entropy + pressure,
        "wang2006": -4.93 + 0.68 - entropy + pressure,
        "mp2020": -4.93 + 0.687 - entropy + pressure,
        "potential": -4.93 - entropy + pressure,
    }
    assert {scheme: mu(scheme).mu_ev for scheme in OXYGEN_SCHEMES} == pytest.approx(
        expected, abs=2e-5
    )


def test_corrections_fitted_at_298_k_go_with_the_enthalpy_of_298_k() -> None:
    assert {scheme: mu(scheme).delta_mu_reference_k for scheme in OXYGEN_SCHEMES} == {
        "none": 0.0,
        "wang2006": 298.15,
        "mp2020": 298.15,
        "potential": 298.15,
    }


def test_mp2020_as_a_shift_of_mu_is_the_correction_of_the_solids() -> None:
    # 0.687 per oxide O is taken from host (4 O) and vacancy (3 O): the difference is the shift.
    per_oxide = -0.687
    assert mu("mp2020").correction_ev == pytest.approx(3 * per_oxide - 4 * per_oxide)
    assert mu("mp2020", oxide_kind="peroxide").correction_ev == pytest.approx(0.465)
    assert mu("mp2020", oxide_kind="superoxide").correction_ev == pytest.approx(0.161)


def test_mp2020_values_are_those_pymatgen_applies() -> None:
    name = "MP2020Compatibility.yaml"  # read as text: importing its reader takes seconds
    file = next(path for root in pymatgen.__path__ for path in Path(root).rglob(name))
    corrections = file.read_text().split("Uncertainties")[0]
    for kind, shift in MP2020_SHIFT_EV.items():
        assert re.search(rf"^ *{kind}: -{shift}$", corrections, re.MULTILINE)


def test_the_document_adds_up() -> None:
    document = mu()
    parts = (
        document.o2_energy_ev_per_atom
        + document.correction_ev
        + document.delta_mu_ev
        + document.pressure_term_ev
    )
    assert document.mu_ev == pytest.approx(parts)
    assert document.o2_energy_source == "PBE, this study"


def test_no_pressure_term_at_one_bar() -> None:
    assert mu(pressure_bar=1.0).pressure_term_ev == 0


def test_zero_kelvin() -> None:
    assert delta_mu_oxygen_ev(0.0) == 0
    assert delta_mu_oxygen_ev(0.0, 298.15) == pytest.approx(-8.683 / 2 / KJ_PER_MOL_PER_EV)
    assert mu("none", temperature_k=0.0).mu_ev == pytest.approx(-4.93)


@given(temperatures)
def test_the_two_references_differ_by_the_enthalpy_from_0_to_298_k(temperature: float) -> None:
    difference = delta_mu_oxygen_ev(temperature) - delta_mu_oxygen_ev(temperature, 298.15)
    assert difference == pytest.approx(0.0450, abs=1e-4)


@given(temperatures, temperatures)
def test_mu_falls_with_temperature(first: float, second: float) -> None:
    low, high = sorted((first, second))
    if high - low > 0.1:
        assert delta_mu_oxygen_ev(high) < delta_mu_oxygen_ev(low)


@given(st.floats(1e-12, 100), st.floats(1.01, 1e6), temperatures)
def test_pressure_raises_mu_by_half_kt_per_e_fold(p: float, ratio: float, t: float) -> None:
    rise = (
        mu(pressure_bar=p * ratio, temperature_k=t).mu_ev
        - mu(pressure_bar=p, temperature_k=t).mu_ev
    )
    assert rise == pytest.approx(8.617333262e-5 * t * math.log(ratio) / 2, abs=1e-9)


@pytest.mark.parametrize("temperature", [99.9, 2000.1, -5.0, math.nan, math.inf])
def test_temperature_outside_the_fit(temperature: float) -> None:
    with pytest.raises(ValueError, match=r"holds from 100 to 2000 K .or exactly 0 K., got"):
        mu(temperature_k=temperature)


@pytest.mark.parametrize("pressure", [0.0, -1.0, math.nan, math.inf])
def test_pressure_that_is_none(pressure: float) -> None:
    with pytest.raises(ValueError, match="pressure must be positive and finite"):
        mu(pressure_bar=pressure)


@pytest.mark.parametrize("scheme", ["Wang2006", "", None, "wang2006+mp2020", 1.36])
def test_unknown_scheme(scheme: object) -> None:
    with pytest.raises(ValueError, match=r"Unknown O2 scheme .*exactly one of none, wang2006"):
        mu(scheme)


def test_what_else_is_refused() -> None:
    with pytest.raises(ValueError, match=r"o2_energy_ev_per_atom\n.*finite number"):
        mu(o2_energy_ev_per_atom=math.nan)
    with pytest.raises(ValueError, match=r"zero at 0 or 298\.15 K, got 300"):
        delta_mu_oxygen_ev(500, 300)


def of(functional: str, **fields: Any) -> Fingerprint:
    return Fingerprint(engine="vasp", engine_version="6.4.2", functional=functional, **fields)


@pytest.mark.parametrize("functional", ["PBE", "PBE+U", "PBE+U(LDAUTYPE=1)"])
def test_pbe_goes_with_what_was_fitted_to_it(functional: str) -> None:
    assert list(refused_schemes(of(functional))) == ["potential"]


@pytest.mark.parametrize(
    "functional",
    [
        "HSE06",
        "HSE06(HFSCREEN=0.207)",
        "SCAN",
        "r2SCAN",
        "r2SCAN+U",
        "PBE0",
        "PBEsol",
        "LDA",
        "RPBE",
    ],
)
def test_others_go_with_none_only(functional: str) -> None:
    refused = refused_schemes(of(functional))
    assert list(refused) == ["wang2006", "mp2020", "potential"]
    assert refused["wang2006"].endswith(f"these are {functional}; use 'none'")


POTCARS = {"Li": "PAW_PBE Li_sv 10Sep2004", "Mn": "PAW_PBE Mn_pv 02Aug2007"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"u_values_ev": {"Mn": 3.9}}, None),
        ({"u_values_ev": {"Mn(2)": 3.9}}, None),
        ({"u_values_ev": {"Mn": 4.5}}, "with U(Mn) 3.9 eV, and here it is 4.5 eV; use 'wang2006'"),
        ({}, "with U(Mn) 3.9 eV, and here it is 0 eV; use 'wang2006'"),
        ({"u_values_ev": {"Mn": 3.9}, "dispersion": "D3(BJ)"}, "and these have D3(BJ); use 'wang"),
    ],
)
def test_mp2020_goes_with_the_u_that_it_was_fitted_with(
    fields: dict[str, Any], reason: str | None
) -> None:
    refused = refused_schemes(of("PBE+U", pseudopotentials=POTCARS, **fields))
    assert "wang2006" not in refused
    assert ("mp2020" in refused) == (reason is not None)
    assert (reason or "") in refused.get("mp2020", "")
