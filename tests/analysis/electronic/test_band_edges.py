from __future__ import annotations

import numpy as np
import pytest

from llo_dft.analysis.electronic.band_edges import band_edges

BANDS = np.array([[[-5.0, -1.0, 2.0], [-4.5, -0.5, 1.5]], [[-5.1, -1.2, 0.9], [-4.6, -0.9, 1.1]]])
FILLED = np.array([[[1.0, 1.0, 0.0]] * 2] * 2)


def test_an_insulator():
    edges = band_edges(BANDS, FILLED, 0.2)
    assert (edges.vbm_ev, edges.cbm_ev) == (-0.5, 0.9)
    assert edges.gap_ev == pytest.approx(1.4)
    assert edges.spin_gaps_ev == pytest.approx([2.0, 1.8])
    assert edges.occupied_top_ev == pytest.approx(0.2)
    assert not edges.is_metal


def test_where_the_fermi_level_floats_does_not_matter():
    first, second = (band_edges(BANDS, FILLED, fermi) for fermi in (-0.49, 0.89))
    assert first.model_copy(update={"fermi_ev": 0.89}) == second


def test_partly_filled_states_make_a_metal():
    filling = FILLED.copy()
    filling[0, 1, 1] = 0.6
    edges = band_edges(BANDS, filling, -0.45)
    assert (edges.vbm_ev, edges.cbm_ev, edges.gap_ev, edges.is_metal) == (-0.45, -0.45, 0.0, True)
    assert "partly filled" in edges.note
    assert edges.spin_gaps_ev == pytest.approx([0.0, 1.8])  # a half metal


def test_overlapping_bands_make_a_metal():
    bands = BANDS.copy()
    bands[1, 0, 2] = -0.7
    edges = band_edges(bands, FILLED, -0.6)
    assert (edges.gap_ev, edges.vbm_ev) == (0.0, -0.6)
    assert "empty state below a filled one" in edges.note


def test_traces_of_smearing_across_a_gap_are_none():
    filling = FILLED.copy()
    filling[..., 2] = 0.004
    assert band_edges(BANDS, filling, 0.2).gap_ev == pytest.approx(1.4)


def test_without_empty_bands_there_is_no_gap():
    edges = band_edges(BANDS, np.ones_like(FILLED), 3.0)
    assert (edges.gap_ev, edges.cbm_ev, edges.occupied_top_ev) == (None, None, None)
    assert "no empty bands" in edges.note


@pytest.mark.parametrize(
    ("bands", "filling", "match"),
    [
        (BANDS, FILLED[0], "of one shape"),
        (BANDS, np.zeros_like(FILLED), "No state is filled"),
        (np.full_like(BANDS, np.inf), FILLED, "must be finite"),
    ],
)
def test_what_has_no_edges_is_refused(bands, filling, match):
    with pytest.raises(ValueError, match=match):
        band_edges(bands, filling, 0.0)
