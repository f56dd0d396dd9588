from __future__ import annotations

import pytest
from pydantic import ValidationError

from llo_dft.documents.electronic import BandEdges, WindowCenter


def edges(vbm_ev: float, cbm_ev: float | None, fermi_ev: float) -> BandEdges:
    gap = None if cbm_ev is None else cbm_ev - vbm_ev
    return BandEdges(
        vbm_ev=vbm_ev,
        cbm_ev=cbm_ev,
        gap_ev=gap,
        fermi_ev=fermi_ev,
        is_metal=gap == 0.0,
        spin_gaps_ev=[gap],
    )


@pytest.mark.parametrize("fermi_ev", [1.01, 2.0, 2.99])
def test_states_are_occupied_up_to_mid_gap_wherever_e_f_floats_in_it(fermi_ev: float) -> None:
    assert edges(1.0, 3.0, fermi_ev).occupied_top_ev == 2.0


def test_in_a_metal_they_are_up_to_e_f_and_without_empty_bands_it_is_not_known() -> None:
    assert edges(1.5, 1.5, 1.5).occupied_top_ev == 1.5
    assert edges(1.5, None, 1.5).occupied_top_ev is None


def test_a_centre_may_be_missing_but_is_never_nan() -> None:
    assert WindowCenter(center_ev=None, weight=0.0, width_ev=None).center_ev is None
    with pytest.raises(ValidationError, match="finite number"):
        WindowCenter(center_ev=float("nan"), weight=0.0, width_ev=None)
