"""Files of entries: only checked fields are read, and nothing that they name is imported."""

from __future__ import annotations

import builtins
import gzip
import json
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymatgen.entries.compatibility import MaterialsProject2020Compatibility
from pymatgen.entries.computed_entries import ComputedEntry

from llo_dft.errors import InputError
from llo_dft.runs.phases.entries_file import KEY, materials_project_phases, phases_of, read_entries

LI = {"composition": {"Li": 2.0}, "energy": -3.8, "correction": 0.0}
OXIDE = {"composition": {"Li": 2.0, "O": 1.0}, "energy": -14.0, "correction": 0.0, "entry_id": "a"}


def test_the_file_of_measured_enthalpies(tmp_path):
    path = Path(__file__).parents[2] / "data" / "formation_enthalpies.json"
    found = read_entries(path)
    assert found.corrections == "raw"
    by_name = {one.name: one for one in found.phases}
    assert by_name["Li3PO4"].energy_ev == pytest.approx(-2095.8 / 96.485332, abs=1e-5)
    packed = tmp_path / "entries.json.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read_entries(packed).phases == found.phases


def test_pymatgens_own_entries_keep_their_corrected_energy():
    """MP2020's adjustments add up as pymatgen adds them, and survive JSON."""
    parameters = {"run_type": "GGA", "is_hubbard": False, "hubbards": {}}
    entry = ComputedEntry("Li4O2", -28.0, parameters=parameters, entry_id="mp-1960")
    entry.data["oxidation_states"] = {"Li": 1, "O": -2}
    MaterialsProject2020Compatibility(check_potcar=False).process_entry(entry)
    assert entry.correction < -1
    found = phases_of(json.loads(json.dumps([entry.as_dict()])), "here").phases[0]
    assert found.energy_ev == pytest.approx(entry.energy)
    assert found.correction_ev == pytest.approx(entry.correction)
    assert (found.name, found.run_type) == ("mp-1960", "GGA")


def test_nothing_that_a_file_names_is_made(tmp_path):
    path = tmp_path / "evil.json"
    evil = {"@module": "os", "@class": "system", "command": f"touch {tmp_path / 'done'}"}
    path.write_text(json.dumps([{**OXIDE, "structure": evil, "data": evil}]))
    assert read_entries(path).phases[0].name == "a"
    assert not (tmp_path / "done").exists()
    path.write_text(json.dumps([evil]))
    with pytest.raises(InputError, match="entry 0 is a 'system'; expected one of Computed"):
        read_entries(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"composition": {}}, "entry 0 has no composition"),
        ({"composition": {"Xx": 1}}, "'Xx' is not an element"),
        ({"composition": {"Li": 0}}, "has 0 atoms of Li"),
        ({"energy": float("nan")}, "energy is 'nan'; expected a number"),
        ({"energy": None}, "energy is 'None'; expected a number"),
        ({"energy": True}, "energy is 'True'; expected a number"),
        ({"energy_adjustments": [{"value": -1.0}]}, "correction is 0 eV and its adjustments add"),
        ({"energy_adjustments": ["x"]}, "an adjustment is 'x'; expected fields"),
        ({"energy_adjustments": [{"adj_per_atom": 1}]}, "atoms of an adjustment is 'None'"),
    ],
)
def test_an_entry_that_is_none_is_refused(change: dict[str, Any], words: str):
    with pytest.raises(InputError, match=words):
        phases_of([OXIDE | change], "here")


def test_what_is_no_list_of_entries_is_refused(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("no json")
    with pytest.raises(InputError, match="is not a JSON file of entries"):
        read_entries(path)
    for listed in ({}, []):
        with pytest.raises(InputError, match="expected a list of entries"):
            phases_of(listed, "here")
    with pytest.raises(InputError, match="entry 1 is 'x'; expected an entry's fields"):
        phases_of([LI, "x"], "here")
    with pytest.raises(InputError, match="has the entry a twice"):
        phases_of([OXIDE, OXIDE], "here")


def test_a_mixture_of_corrections_is_refused():
    corrected = OXIDE | {"correction": -0.7, "entry_id": "b"}
    with pytest.raises(InputError, match="here mixes raw and corrected energies"):
        phases_of([LI, OXIDE, corrected], "here")


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
    with pytest.raises(InputError, match="put it in the environment variable MP_API_KEY"):
        materials_project_phases({"Li"})
    monkeypatch.setenv(KEY, "mine")
    real = builtins.__import__

    def without(name, *arguments, **named):
        if name.startswith("mp_api"):
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match="client is not installed: pip install"):
        materials_project_phases({"Li"})
