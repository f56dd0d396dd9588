from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from llo_dft.documents.electrons.oxidation import AtomOxidation, OxidationStates


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
