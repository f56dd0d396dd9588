"""VASP runs in one diagram: held to the rules that hold for every difference of energies."""

from __future__ import annotations

import pytest

from llo_dft.analysis.comparability.fingerprints import ComparabilityError
from llo_dft.analysis.stability.phase_diagrams import StabilityError
from llo_dft.runs.phases.vasp_phases import vasp_phases
from llo_dft.testing import plain_run_writer as make


def test_compounds_and_elements_of_one_set_of_settings(tmp_path):
    runs = [
        make.lithium(tmp_path / "li"),
        make.host(tmp_path / "full", -80.0, 4),
        make.host(tmp_path / "empty", -55.0, 0),
        make.oxygen(tmp_path / "o2"),
    ]
    found = vasp_phases(runs)
    assert found.corrections == "raw"
    assert [one.energy_ev for one in found.phases] == pytest.approx([-3.8, -80.0, -55.0, -9.8])
    assert found.phases[2].composition == {"Mn": 2, "O": 6}


def test_other_settings_are_refused_unless_allowed(tmp_path):
    runs = [
        make.host(tmp_path / "a"),
        make.host(tmp_path / "b", -55.0, 0, u_values={"Mn": 4.5}),
    ]
    with pytest.raises(ComparabilityError, match=r"u_values_ev\[Mn\]: 3.9 and 4.5"):
        vasp_phases(runs)
    (note,) = vasp_phases(runs, ["u_values_ev"]).notes
    assert "3.9 and 4.5" in note


def test_runs_without_an_energy_or_a_compound_are_refused(tmp_path):
    with pytest.raises(StabilityError, match="none of the runs is of a compound"):
        vasp_phases([make.lithium(tmp_path / "li")])
    (tmp_path / "void").mkdir()
    with pytest.raises(StabilityError, match="void has no energy"):
        vasp_phases([tmp_path / "void"])
