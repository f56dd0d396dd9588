"""What is derived of stored windows and barriers."""

from __future__ import annotations

import pytest

from llo_dft.documents.stability.phase_stability import BarrierLayer, StabilityWindow


def test_a_window_has_a_width_only_where_there_is_one():
    fields = {"phase": "a", "formula": "Li2O", "above_hull_ev_per_atom": 0.0, "steps": []}
    there = StabilityWindow(**fields, reduction_v=0.5, oxidation_v=2.75)
    assert there.width_v == pytest.approx(2.25)
    assert StabilityWindow(**fields, reduction_v=None, oxidation_v=None).width_v is None


def test_of_the_two_contacts_of_a_coating_the_worse_counts():
    layer = BarrierLayer(
        first="A",
        second="B",
        coating="C",
        without_ev_per_atom=-0.3,
        with_first_ev_per_atom=-0.01,
        with_second_ev_per_atom=-0.08,
    )
    assert layer.with_ev_per_atom == -0.08
