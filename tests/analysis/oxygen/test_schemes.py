from __future__ import annotations

from typing import Any

import pytest

from llo_dft.analysis.oxygen.schemes import refused_schemes
from llo_dft.documents.calculation import Fingerprint


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
