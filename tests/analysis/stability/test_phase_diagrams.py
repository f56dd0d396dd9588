"""What may stand in one diagram, and which phase is meant."""

from __future__ import annotations

import pytest

from llo_dft.analysis.stability.phase_diagrams import Phases, correction_state, find_phase
from llo_dft.documents.stability.phase_stability import PhaseEnergies, PhaseEnergy
from llo_dft.errors import InputError


def phase(name: str, atoms: dict[str, float], correction: float = 0.0, run_type: str = ""):
    return PhaseEnergy(
        name=name,
        composition=atoms,
        energy_ev=-5.0,
        correction_ev=correction,
        run_type=run_type,
    )


OXIDE = phase("Li2O", {"Li": 2, "O": 1})
CORRECTED = phase("Li2O2", {"Li": 2, "O": 2}, -0.9)
METAL = phase("Li", {"Li": 1})


def test_raw_and_corrected_compounds_of_one_anion_are_refused():
    with pytest.raises(InputError, match=r"of compounds of O, Li2O2 has a correction and Li2O"):
        correction_state([OXIDE, CORRECTED], "the file")
    assert correction_state([METAL, CORRECTED], "the file") == "corrected"
    assert correction_state([METAL, OXIDE], "the file") == "raw"
    # MP2020 corrects an ozonide by nothing
    ozonide = phase("LiO3", {"Li": 1, "O": 3})
    assert correction_state([METAL, CORRECTED, ozonide], "the file") == "corrected"


def test_raw_energies_of_several_functionals_are_refused():
    gga = phase("Li2O", {"Li": 2, "O": 1}, run_type="GGA")
    with_u = phase("MnO", {"Mn": 1, "O": 1}, run_type="GGA+U")
    scan = phase("MnO", {"Mn": 1, "O": 1}, run_type="R2SCAN")
    with pytest.raises(InputError, match=r"raw GGA \(Li2O\) and raw GGA\+U \(MnO\)"):
        correction_state([gga, with_u], "the file")
    with pytest.raises(InputError, match="mixes energies of GGA and R2SCAN"):
        correction_state([gga, scan], "the file")
    corrected = [one.model_copy(update={"correction_ev": -0.5}) for one in (gga, with_u)]
    assert correction_state(corrected, "the file") == "corrected"


def test_a_phase_is_found_by_name_or_as_the_lowest_of_its_formula():
    low = phase("low", {"Li": 1, "O": 0.5})  # -5 eV over 1.5 atoms
    energies = PhaseEnergies(source="s", corrections="raw", phases=[OXIDE, low])
    assert find_phase(energies, "Li2O") is OXIDE
    assert find_phase(energies, "Li4O2") is low
    for asked in ("Li3N", "no formula"):
        with pytest.raises(InputError, match=f"{asked} is not in its own diagram: s has"):
            find_phase(energies, asked)


def test_a_diagram_without_an_element_is_refused():
    energies = PhaseEnergies(source="s", corrections="raw", phases=[OXIDE, METAL])
    with pytest.raises(InputError, match="s has no energy of the element O"):
        Phases(energies, ["Li", "O"])
