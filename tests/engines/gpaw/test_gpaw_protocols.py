"""Named settings of GPAW, and what is refused of a recipe."""

from __future__ import annotations

from itertools import pairwise

import pytest

from llo_dft.engines.base import EngineError
from llo_dft.engines.gpaw.gpaw_protocols import GPAW_PROTOCOLS, gpaw_protocol


def test_each_protocol_is_finer_than_the_one_before():
    ladder = [GPAW_PROTOCOLS[name] for name in ("fast", "balanced", "stringent")]
    for coarse, fine in pairwise(ladder):
        assert fine.cutoff_ev > coarse.cutoff_ev
        assert fine.cell_cutoff_ev > coarse.cell_cutoff_ev
        for name in ("k_spacing", "eigenstates_ev2", "density_e", "force_tolerance"):
            assert getattr(fine, name) < getattr(coarse, name)


def test_u_is_merged_with_that_of_the_materials_project_and_pbe_has_none():
    found = gpaw_protocol("fast", {"u_values_ev": {"Mn": 4.5}})
    assert (found.u_values_ev["Mn"], found.u_values_ev["Ni"]) == (4.5, 6.2)
    assert gpaw_protocol("fast", {"functional": "PBE"}).u_values_ev == {}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"functional": "PBE", "u_values_ev": {"Mn": 3.9}}, 'does not go with functional = "PBE"'),
        ({"u_values_ev": {"O": 3.9}}, "O has no d shell"),
        ({"cell_cutoff_ev": 300.0}, "cell_cutoff_ev = 300 is below cutoff_ev = 400"),
        ({"encut_ev": 500.0}, "unknown key 'encut_ev'.* expected cell_cutoff_ev"),
        ({"functional": "SCAN"}, "engine.overrides.functional = 'SCAN'"),
    ],
)
def test_settings_that_do_not_fit_are_refused_in_one_line(overrides, message):
    with pytest.raises(EngineError, match=message) as caught:
        gpaw_protocol("fast", overrides)
    assert "\n" not in str(caught.value)


def test_an_unknown_protocol_is_refused_with_those_that_are_known():
    with pytest.raises(EngineError, match="'quick' is unknown; expected fast, balanced, stringent"):
        gpaw_protocol("quick", {})
