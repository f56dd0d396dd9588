from __future__ import annotations

import pytest

from llo_dft.analysis.oxygen_schemes import refused_schemes
from llo_dft.documents.calculation import Fingerprint


def of(functional: str) -> Fingerprint:
    return Fingerprint(engine="vasp", engine_version="6.4.2", functional=functional)


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
