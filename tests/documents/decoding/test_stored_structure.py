"""Structures from plain data: the same to the last bit, and nothing but numbers in them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Lattice, Species, Structure

from llo_dft.documents.decoding.stored_structure import structure_from


def example() -> Structure:
    random = np.random.default_rng(5)
    lattice = Lattice(random.normal(size=(3, 3)) * 5, pbc=(True, True, False))
    return Structure(
        lattice,
        ["Li", Species("Mn", 4), {"Ni": 0.25, "Co": 0.75}, "O"],
        random.normal(size=(4, 3)) * 3,
        charge=1.0,
        site_properties={
            "magmom": [0.1, -3.5, None, 0],
            "selective_dynamics": [[True, False, True]] * 4,
        },
        labels=["Li1", "Mn2", "M3", "O4"],
    )


def test_it_is_pymatgens_own_to_the_last_bit() -> None:
    fields = json.loads(json.dumps(example().as_dict()))
    ours, theirs = structure_from(fields), Structure.from_dict(fields)
    assert ours == theirs
    assert ours.lattice.matrix.tobytes() == theirs.lattice.matrix.tobytes()
    assert ours.frac_coords.tobytes() == theirs.frac_coords.tobytes()
    assert json.dumps(ours.as_dict()) == json.dumps(theirs.as_dict())
    assert ours.site_properties == theirs.site_properties
    assert (ours.charge, ours.lattice.pbc) == (1.0, (True, True, False))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("sites", 1, "properties", "magmom"), {"@module": "os"}, "site 1: .*expected a number"),
        (("sites", 1, "properties", "magmom"), "text", "site 1: 'text'; expected a number"),
        (("sites", 1, "properties", "tensor"), [0.0] * 10, "a property of 10 numbers"),
        (("sites", 1, "properties", "tensor"), [[0.0]], "expected a number"),
        (("sites", 2, "abc"), [0.0, 0.0], "site 2: .*expected three numbers"),
        (("sites", 2, "abc", 0), float("nan"), "site 2: 'nan'; expected a number"),
        (("sites", 0, "species", 0, "element"), "Qq", "site 0: 'Qq' is not an element"),
        (("sites", 0, "label"), "\x1b[2J", "expected a name"),
        (("lattice", "matrix", 0, 0), "1", "lattice: '1'; expected a number"),
        (("properties",), {"a": 1}, "it has properties beside those of its sites"),
        (("sites",), 3, "expected lattice, species and coordinates"),
    ],
)
def test_anything_else_is_refused_with_its_place(
    place: tuple[Any, ...], value: object, message: str
) -> None:
    fields = example().as_dict()
    inner: Any = fields
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(ValueError, match=message):
        structure_from(fields)
