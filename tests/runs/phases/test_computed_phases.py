"""Phases by an engine: each once, and what fails is named."""

from __future__ import annotations

import pytest

from llo_dft.runs.phases.computed_phases import computed_phases
from llo_dft.testing.fake_engine import LABEL_HALF_O2_EV, LITHIUM_METAL_EV, FakeEngine


def test_each_phase_of_the_elements_is_computed_once(tmp_path):
    counter = tmp_path / "counter"
    engine = FakeEngine(str(counter))
    named: list[str] = []
    found = computed_phases(engine, tmp_path / "phases", ["Li", "O"], progress=named.append)
    by_name = {one.name: one for one in found.phases}
    assert set(named) == set(by_name) == {"Li", "O2", "Li2O", "Li2O2"}
    assert by_name["Li"].energy_ev == pytest.approx(2 * LITHIUM_METAL_EV)
    # O2 is that of the engine's labels, and a note says so
    assert by_name["O2"].energy_ev == pytest.approx(2 * LABEL_HALF_O2_EV)
    assert "the labels of the fake engine" in found.notes[-1]
    assert found.corrections == "raw"
    n = len(counter.read_text().splitlines())
    assert computed_phases(engine, tmp_path / "phases", ["Li", "O"]).phases == found.phases
    assert len(counter.read_text().splitlines()) == n


def test_a_phase_that_fails_is_left_out_and_named(tmp_path):
    engine = FakeEngine(faults={"bulk_relax Li2 O1": "raise"})
    found = computed_phases(engine, tmp_path / "phases", ["Li", "O"])
    assert {one.name for one in found.phases} == {"Li", "O2", "Li2O2"}
    assert "Li2O is left out: failed, RuntimeError: the cluster is on fire" in found.notes
