"""What is derived of stored windows and barriers."""

from __future__ import annotations

from llo_dft.documents.stability.phase_stability import BarrierLayer


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
