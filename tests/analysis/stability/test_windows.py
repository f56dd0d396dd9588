"""Windows against Li: Li-O on paper, and a larger system against pymatgen called by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from pymatgen.analysis.phase_diagram import (
    GrandPotentialPhaseDiagram,
    GrandPotPDEntry,
    PDEntry,
)
from pymatgen.core import Composition, Element

from llo_dft.analysis.stability.windows import stability_window
from llo_dft.documents.stability.phase_stability import PhaseEnergy
from llo_dft.errors import InputError
from llo_dft.runs.phases.entries_file import read_entries

ENTRIES = Path(__file__).parents[2] / "data" / "formation_enthalpies.json"
LI = Element("Li")


def test_lithium_oxide_on_paper(lithium_oxygen):
    """2 Li2O -> Li2O2 + 2 Li costs 12 - 6.6 eV, so 2.7 V; Li2O2 -> 2 Li + O2 6.6 eV, so 3.3 V."""
    found = stability_window(lithium_oxygen, "Li2O")
    assert (found.reduction_v, found.oxidation_v) == pytest.approx((0.0, 2.7))
    assert found.fully_delithiated_v == pytest.approx(3.3)
    assert [step.products for step in found.steps] == [
        pytest.approx({"Li2O": 1.0}),
        pytest.approx({"Li2O2": 0.5}),
        pytest.approx({"O2": 0.5}),
    ]
    assert [step.li_exchanged for step in found.steps] == pytest.approx([0, -1, -2])
    # at 5 V Li2O -> 2 Li + O2 / 2 gains 2 x 5 - 6 eV, over three atoms
    assert found.steps[-1].energy_to_ev_per_atom == pytest.approx(-4 / 3)
    assert found.steps[1].energy_from_ev_per_atom == pytest.approx(0, abs=1e-9)


def test_lithium_peroxide_on_paper(lithium_oxygen):
    """Reduced below 2.7 V: Li2O2 + 2 Li -> 2 Li2O gains 5.4 eV at 0 V, over four atoms."""
    found = stability_window(lithium_oxygen, "Li2O2")
    assert (found.reduction_v, found.oxidation_v) == pytest.approx((2.7, 3.3))
    assert found.steps[0].energy_from_ev_per_atom == pytest.approx(-5.4 / 4)


def test_a_phase_above_the_hull_has_the_window_of_what_it_falls_apart_to(lithium_oxygen):
    """Raised by 0.4 eV per formula unit, Li2O2 is 0.1 eV per atom above the same window."""
    raised = PhaseEnergy(name="raised", composition={"Li": 2, "O": 2}, energy_ev=-6.2 - 13.6)
    energies = lithium_oxygen.model_copy(update={"phases": [*lithium_oxygen.phases, raised]})
    found = stability_window(energies, "raised")
    assert found.above_hull_ev_per_atom == pytest.approx(0.1)
    assert (found.reduction_v, found.oxidation_v) == pytest.approx((2.7, 3.3))
    assert found.steps[1].energy_from_ev_per_atom == pytest.approx(-0.1)


def test_a_missing_phase_only_widens_a_window(lithium_oxygen):
    """Without Li2O2, Li2O -> 2 Li + O2 / 2 costs 6 eV, so 3 V; and what lacks is named."""
    phases = [one for one in lithium_oxygen.phases if one.name != "Li2O2"]
    energies = lithium_oxygen.model_copy(update={"phases": phases})
    found = stability_window(energies, "Li2O", ["Li2O", "Li2O2", "LiNbO3"])
    assert found.oxidation_v == pytest.approx(3.0)
    assert found.missing == ["Li2O2"]


@pytest.mark.parametrize("formula", ["Li3PO4", "Li2CO3", "LiAlO2", "Li2SiO3"])
def test_the_arithmetic_is_that_of_pymatgen_called_by_hand(formula):
    """Energies above the hull of a grand potential diagram that is made anew at each voltage."""
    energies = read_entries(ENTRIES)
    found = stability_window(energies, formula)
    elements = set(Composition(formula).get_el_amt_dict())
    entries = [
        PDEntry(one.composition, one.energy_ev)
        for one in energies.phases
        if set(one.composition) <= elements
    ]
    own = next(e for e in entries if e.composition.reduced_formula == formula)
    others = sum(n for e, n in Composition(formula).items() if e != LI)
    for step in found.steps:
        for volt, energy in (
            (step.from_v, step.energy_from_ev_per_atom),
            (step.to_v, step.energy_to_ev_per_atom),
        ):
            diagram = GrandPotentialPhaseDiagram(entries, {LI: -volt})
            above = diagram.get_e_above_hull(GrandPotPDEntry(own, {LI: -volt}))
            by_hand = -above * others / Composition(formula).num_atoms
            assert energy == pytest.approx(by_hand, abs=1e-6)


def test_windows_of_formation_enthalpies():
    """Measured enthalpies by hand: Li3PO4 -> P2O5 / 2 + 3 Li + 3/4 O2, (2095.8 - 752.475) / 3 F."""
    energies = read_entries(ENTRIES)
    assert stability_window(energies, "Li3PO4").oxidation_v == pytest.approx(4.6408, abs=1e-4)
    # Li2SiO3 -> SiO2 + 2 Li + O2 / 2
    found = stability_window(energies, "Li2SiO3")
    assert found.oxidation_v == pytest.approx((1648.1 - 910.7) / 2 / 96.485332, abs=1e-4)


def test_what_has_no_window_of_its_own_is_refused(lithium_oxygen):
    with pytest.raises(InputError, match="Li is Li itself"):
        stability_window(lithium_oxygen, "Li")
    with pytest.raises(InputError, match="Li3PO4 is not in its own diagram: paper has"):
        stability_window(lithium_oxygen, "Li3PO4")
