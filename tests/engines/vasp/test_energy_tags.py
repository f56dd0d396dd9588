from __future__ import annotations

import json
from importlib import resources

import pytest

from llo_dft.engines.vasp.energy_tags import deciding_tags, known_tags, tag_of

#: Of other codes and forks than VASP itself, or newer than pymatgen's list of tags.
KNOWN = set(json.loads((resources.files("pymatgen.io.vasp") / "incar_parameters.json").read_text()))


def test_each_tag_stands_once_and_has_a_reason() -> None:
    text = (resources.files("llo_dft.engines.vasp") / "energy_tags.toml").read_text()
    for name, tag in known_tags().items():
        assert tag.reason
        switches = text.count(f'if = "{name}"')
        assert text.count(f'"{name}"') - switches + text.count(f" {name} = ") == 1, name


def test_what_pymatgen_knows_is_sorted_but_for_little() -> None:
    """A tag that VASP has for long and that is in no group is a gap in the table."""
    missing = {name for name in KNOWN if tag_of(name).reason.startswith("not known")}
    assert len(missing) < 15, sorted(missing)


@pytest.mark.parametrize(
    ("incar", "parameters", "name", "value"),
    [
        ({"PREC": "Accurate"}, {"PREC": "accura"}, "PREC", "Accurate"),
        ({}, {"PREC": "normal"}, "PREC", "Normal"),
        ({"LREAL": "A"}, {"LREAL": True}, "LREAL", "Auto"),  # VASP writes only T
        ({"LREAL": ".FALSE."}, {"LREAL": False}, "LREAL", False),
        ({"LREAL": "On"}, {"LREAL": True}, "LREAL", "On"),
        ({}, {"LREAL": True}, "LREAL", True),
        ({"LASPH": 1}, {}, "LASPH", True),  # as vaspout.h5 has it
        ({}, {}, "NUPDOWN", -1.0),
        ({}, {"ICHARG": 1}, "ICHARG", 2),  # a start from a density is no other energy
        ({}, {"ICHARG": 11}, "ICHARG", 11),
        ({"BEXT": 2.0}, {}, "BEXT", 2.0),
        ({"VCA": [0.5, 0.5, 1.0]}, {}, "VCA", [0.5, 0.5, 1.0]),
        ({"QSPIRAL": [0.5, 0.0, 0.0]}, {"LSPIRAL": True}, "QSPIRAL", [0.5, 0.0, 0.0]),
    ],
)
def test_values_as_they_are_compared(
    incar: dict[str, object], parameters: dict[str, object], name: str, value: object
) -> None:
    found = deciding_tags(incar, parameters)
    assert ({**found["refused"], **found["own"]})[name] == value


def test_a_width_counts_only_with_a_smearing_that_has_one() -> None:
    assert "SIGMA" not in deciding_tags({}, {"ISMEAR": -5, "SIGMA": 0.2})["own"]
    assert deciding_tags({}, {"ISMEAR": 0, "SIGMA": 0.2})["own"]["SIGMA"] == 0.2


def test_exact_exchange_counts_only_where_it_is_on() -> None:
    assert "AEXX" not in deciding_tags({"AEXX": 0.3}, {"LHFCALC": False})["refused"]
    assert deciding_tags({"AEXX": 0.3}, {"LHFCALC": True})["refused"]["AEXX"] == 0.3


def test_what_vasp_derives_is_compared_only_if_it_was_asked_for() -> None:
    used = {"NGX": 60, "ENAUG": 605.4}
    assert deciding_tags({}, used)["named"] == {}
    assert deciding_tags({"NGX": 60}, used)["named"] == {"NGX": 60}


def test_before_the_run_there_is_what_the_inputs_set_and_no_more() -> None:
    found = deciding_tags({"ISMEAR": 0, "SIGMA": 0.05, "LASPH": True, "NPAR": 4, "SYSTEM": "x"})
    assert found["refused"] == {"LASPH": True}
    assert found["own"] == {"ISMEAR": 0, "SIGMA": 0.05}
    assert found["harmless"] == found["named"] == {}
