"""One source of energies a diagram."""

from __future__ import annotations

from pathlib import Path

import pytest

from llo_dft.analysis.stability.phase_diagrams import StabilityError
from llo_dft.resources import resource_path
from llo_dft.runs.phases.phase_source import PhaseSource
from llo_dft.testing.fake_engine import FakeEngine

ENTRIES = Path(__file__).parents[2] / "data" / "formation_enthalpies.json"


def test_two_sources_are_refused():
    with pytest.raises(StabilityError, match="a diagram has one source of energies"):
        PhaseSource(entries=ENTRIES, materials_project=True)
    with pytest.raises(StabilityError, match="neither a file of entries, nor runs, nor an engine"):
        PhaseSource().energies({"Li"})


def test_a_file_of_entries_is_asked_for_its_own_phases():
    source = PhaseSource(entries=ENTRIES)
    assert source.elements_of("Li3PO4") == {"Li", "P", "O"}
    with pytest.raises(StabilityError, match="LiNbO3 is not in its own diagram"):
        source.elements_of("LiNbO3")
    with pytest.raises(StabilityError, match="only an engine computes a CIF file"):
        source.name_of("x.cif")


def test_an_engine_computes_formulas_structures_and_cif_files(tmp_path):
    source = PhaseSource(engine=FakeEngine(), folder=tmp_path / "phases")
    assert source.elements_of("Li3PO4_beta") == source.elements_of("Li3PO4") == {"Li", "P", "O"}
    own = tmp_path / "mine.cif"
    own.write_text(resource_path("structures", "competing/Li2O.cif").read_text())
    assert source.name_of(str(own)) == "mine"
    assert source.elements_of("mine") == {"Li", "O"}
    found = source.energies({"O", "Li"})
    assert "mine" in {one.name for one in found.phases}
    assert source.energies(["Li", "O"]) is found


def test_what_is_neither_a_formula_nor_a_file_is_refused(tmp_path):
    source = PhaseSource(engine=FakeEngine())
    with pytest.raises(StabilityError, match="'no such' is not a formula, a CIF file"):
        source.elements_of("no such")
    with pytest.raises(StabilityError, match="Li9Xx: Xx is not an element"):
        source.elements_of("Li9Xx")
    (tmp_path / "bad.cif").write_text("nothing")
    with pytest.raises(StabilityError, match=r"bad.cif can't be read as a crystal"):
        source.name_of(str(tmp_path / "bad.cif"))
