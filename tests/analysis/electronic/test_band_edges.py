from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from llo_dft.analysis.electronic.band_edges import band_edges

if TYPE_CHECKING:
    from llo_dft.documents.electrons.electronic import BandEdges

BANDS = np.array([[[-5.0, -1.0, 2.0], [-4.5, -0.5, 1.5]], [[-5.1, -1.2, 0.9], [-4.6, -0.9, 1.1]]])
FILLED = np.array([[[1.0, 1.0, 0.0]] * 2] * 2)


def test_an_insulator():
    edges = band_edges(BANDS, FILLED, 0.2)
    assert (edges.vbm_ev, edges.cbm_ev) == (-0.5, 0.9)
    assert edges.gap_ev == pytest.approx(1.4)
    assert edges.spin_gaps_ev == pytest.approx([2.0, 1.8])
    assert edges.valence_tops_ev == pytest.approx([0.2, 0.2])
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
    assert edges.valence_tops_ev == [-0.45, -0.45]
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


def test_a_twentieth_of_a_state_is_more_than_smearing_across_a_gap():
    filling = FILLED.copy()
    filling[0, 1, 1:] = 0.95, 0.05
    assert band_edges(BANDS, filling, 0.2).is_metal


def test_without_empty_bands_there_is_no_gap():
    edges = band_edges(BANDS, np.ones_like(FILLED), 3.0)
    assert (edges.gap_ev, edges.cbm_ev, edges.valence_tops_ev) == (None, None, [None, None])
    assert "no empty bands" in edges.note


def test_with_a_fixed_moment_each_spin_is_filled_up_to_its_own_level():
    up, down = [-5.0, -1.0, 2.0], [-5.0, -3.0, -2.0]  # the empty state down lies below one up
    edges = band_edges(np.array([[up], [down]]), np.array([[[1, 1, 0]], [[1, 0, 0]]]), None)
    assert edges.vbm_ev == -1.0
    assert edges.valence_tops_ev == [0.5, -4.0]
    none_down = band_edges(np.array([[up], [down]]), np.array([[[1, 1, 0]], [[0, 0, 0]]]), None)
    assert none_down.valence_tops_ev == [0.5, -5.0]
    all_up = band_edges(np.array([[up], [down]]), np.array([[[1, 1, 1]], [[1, 0, 0]]]), None)
    assert all_up.valence_tops_ev == [None, -4.0]


def flat(*levels: float, filled: int) -> BandEdges:
    return band_edges(np.array([[levels]]), np.array([[np.arange(len(levels)) < filled]]), None)


@pytest.mark.parametrize(
    ("levels", "filled", "bottom"),
    [
        ((-18.0, -17.0, -5.0, -3.0, -1.0, 0.0, 2.0), 6, -11.0),
        ((-18.0, -17.0, -9.5, -7.5, -5.0, -2.5, 0.0, 2.0), 7, -13.25),  # states of PO4 belong to it
        ((-50.0, -18.0, -5.0, -3.0, -1.0, 2.0), 5, -11.5),  # O 2s and not what is deeper
        ((-5.0, -3.0, -1.0, 2.0), 3, None),
    ],
)
def test_the_valence_band_ends_below_at_the_first_wide_gap(levels, filled, bottom):
    assert flat(*levels, filled=filled).valence_bottom_ev == (
        None if bottom is None else pytest.approx(bottom)
    )


def test_a_few_filled_levels_in_the_gap_are_no_valence_band():
    band = np.linspace(-6.0, 0.0, 40)
    edges = flat(-18.0, *band, 3.5, 5.0, filled=42)  # the electrons of a vacancy in a wide gap
    assert edges.vbm_ev == 3.5
    assert edges.valence_bottom_ev == pytest.approx(-12.0)


@pytest.mark.parametrize(
    ("bands", "filling", "match"),
    [
        (BANDS, FILLED[0], "same shape"),
        (BANDS, np.zeros_like(FILLED), "No state is filled"),
        (np.full_like(BANDS, np.inf), FILLED, "must be finite"),
    ],
)
def test_what_has_no_edges_is_refused(bands, filling, match):
    with pytest.raises(ValueError, match=match):
        band_edges(bands, filling, 0.0)
