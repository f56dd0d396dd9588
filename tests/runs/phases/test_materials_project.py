"""The Materials Project's client, by one that is made up: no test asks the real one."""

from __future__ import annotations

import builtins
from contextlib import contextmanager

import pytest
from pymatgen.entries.computed_entries import ComputedEntry

from llo_dft.analysis.stability.phase_diagrams import StabilityError
from llo_dft.runs.phases.materials_project import KEY, materials_project_phases


class Client:
    asked: tuple = ()

    def get_entries_in_chemsys(self, elements, additional_criteria):
        Client.asked = (elements, additional_criteria)
        return [
            ComputedEntry({"Li": 1}, -1.9, entry_id="mp-135"),
            ComputedEntry({"Li": 2, "O": 1}, -14.0, -0.7, entry_id="mp-1960"),
        ]


def test_entries_of_one_kind_are_asked_for_with_the_users_key(monkeypatch):
    monkeypatch.setenv(KEY, "mine")
    keys = []

    @contextmanager
    def client(key):
        keys.append(key)
        yield Client()

    found = materials_project_phases({"O", "Li"}, client)
    assert keys == ["mine"]
    assert Client.asked == (["Li", "O"], {"thermo_types": ["GGA_GGA+U"]})
    assert found.corrections == "corrected"
    assert found.phases[1].energy_ev == pytest.approx(-14.7)


def test_without_a_key_or_the_client_one_line_says_what_to_do(monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    with pytest.raises(StabilityError, match="put it in the environment variable MP_API_KEY"):
        materials_project_phases({"Li"})
    monkeypatch.setenv(KEY, "mine")
    real = builtins.__import__

    def without(name, *arguments, **named):
        if name.startswith("mp_api"):
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(StabilityError, match="client is not installed: pip install"):
        materials_project_phases({"Li"})
