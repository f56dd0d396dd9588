from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from llo_dft.documents.electrons.electronic import (
    AtomOxidation,
    OxidationStates,
    WindowCenters,
)
from llo_dft.documents.electrons.window_center import WindowCenter

NOTHING = {"center_ev": None, "weight": 0.0, "width_ev": None}


def in_windows(**fields: object) -> WindowCenters:
    one = NOTHING | fields
    return WindowCenters.model_validate({"valence": one, "full": NOTHING, "fixed": NOTHING})


def test_a_centre_may_be_missing_but_is_never_nan() -> None:
    found = in_windows()
    assert found.valence == WindowCenter(center_ev=None, weight=0.0, width_ev=None)
    assert WindowCenters.model_validate_json(found.model_dump_json()) == found
    with pytest.raises(ValidationError, match="finite number"):
        in_windows(center_ev=float("nan"))
    with pytest.raises(ValidationError, match="Unexpected keyword argument"):
        in_windows(height=1.0)


def test_superoxo_oxygen_has_half_a_charge_and_a_doubtful_atom_none() -> None:
    superoxo, doubtful = (
        AtomOxidation(site=n, element="O", moment_mu_b=0.5, state=state, reason="by its moment")
        for n, state in enumerate((-0.5, None))
    )
    states = OxidationStates(
        atoms=[superoxo, doubtful],
        counts={"O0.5-": 1, "O?": 1},
        assigned_charge_e=-0.5,
        cell_charge_e=0.0,
        n_unassigned=1,
        balanced=None,
        note="one atom is not assigned",
    )
    back = OxidationStates.model_validate_json(states.model_dump_json())
    assert back == states
    assert [atom.state for atom in back.atoms] == [-0.5, None]


def test_a_state_is_a_number_or_none() -> None:
    with pytest.raises(ValidationError, match=re.escape("unable to parse string as a number")):
        AtomOxidation(site=0, element="Mn", moment_mu_b=3.0, state="4+", reason="")
