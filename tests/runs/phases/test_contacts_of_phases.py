"""Which pairs of phases are looked at, and where a coating is put between."""

from __future__ import annotations

from pathlib import Path

import pytest

from llo_dft.documents.stability.phase_stability import StudyCrystal
from llo_dft.errors import InputError
from llo_dft.runs.phases.contacts_of_phases import contact_reactions
from llo_dft.runs.phases.phase_source import PhaseSource

ENTRIES = Path(__file__).parents[2] / "data" / "formation_enthalpies.json"

#: Phases of the file that stand in for a study's cathode, at two contents, and its coating.
CRYSTALS = {
    "Li2O": StudyCrystal(calculation="a", lithium_fraction=1.0),
    "Li2O2": StudyCrystal(calculation="b", lithium_fraction=0.5),
    "SiO2": StudyCrystal(calculation="c"),
}


def test_a_coating_is_between_all_pairs_that_it_is_none_of():
    found = contact_reactions(PhaseSource(entries=ENTRIES), ["Li2O", "SiO2", "LiF"], "LiF")
    assert len(found.pairs) == 3
    assert [(one.first, one.second) for one in found.barriers] == [("Li2O", "SiO2")]
    assert found.crystals == {}


def test_a_study_s_coating_meets_its_cathode_and_stands_between_it_and_others():
    found = contact_reactions(PhaseSource(entries=ENTRIES), ["LiF"], crystals=CRYSTALS)
    contacts = [(one.first, one.second) for one in found.pairs]
    assert contacts == [("Li2O", "LiF"), ("Li2O", "SiO2"), ("Li2O2", "LiF"), ("Li2O2", "SiO2")]
    assert [(one.first, one.coating) for one in found.barriers] == [
        ("Li2O", "SiO2"),
        ("Li2O2", "SiO2"),
    ]
    assert [(x, one.first) for x, one in found.cathode_and_coating] == [
        (1.0, "Li2O"),
        (0.5, "Li2O2"),
    ]
    alone = contact_reactions(PhaseSource(entries=ENTRIES), [], crystals=CRYSTALS)
    assert [one.second for one in alone.pairs] == ["SiO2", "SiO2"]


def test_one_phase_is_no_pair():
    with pytest.raises(InputError, match="a reaction needs two phases, or one and --study"):
        contact_reactions(PhaseSource(entries=ENTRIES), ["LiF"])
    with pytest.raises(InputError, match="LiF is named twice; a reaction needs two phases"):
        contact_reactions(PhaseSource(entries=ENTRIES), ["LiF", "LiF"])
