from __future__ import annotations

import re

import pytest
from pydantic import ValidationError
from pymatgen.core import Lattice, Structure

from llo_dft.documents.electrons.local_potential import (
    FaceLevels,
    PotentialProfile,
    PotentialSummary,
    VacuumLevel,
)

FACE = FaceLevels(vacuum=VacuumLevel(level_ev=5.0, spread_ev=0.0, region_angstrom=(14.0, 22.0)))


def summary(**faces: FaceLevels) -> PotentialSummary:
    profile = PotentialProfile(
        axis=2,
        height_angstrom=20.0,
        coordinate_angstrom=[0.0],
        planar_ev=[5.0],
        macroscopic_ev=[5.0],
        windows_angstrom=[2.0],
    )
    structure = Structure(Lattice.tetragonal(3.0, 20.0), ["Al"], [[0, 0, 0]])
    return PotentialSummary(path="run", structure=structure, profile=profile, faces=faces)


def test_a_slab_has_an_upper_and_a_lower_face_and_no_other() -> None:
    whole = summary(upper=FACE, lower=FACE)
    assert PotentialSummary.model_validate_json(whole.model_dump_json()) == whole
    assert summary().faces == {}
    with pytest.raises(ValidationError, match=re.escape("Input should be 'upper' or 'lower'")):
        summary(left=FACE)


def test_what_is_not_known_is_none_and_not_zero() -> None:
    assert FACE.work_function_ev is None
    assert FACE.ionization_energy_ev is None
    assert summary().alignment is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axis": 3}, "less than or equal to 2"),
        ({"height_angstrom": 0.0}, "greater than 0"),
        ({"planar_ev": [float("nan")]}, "finite number"),
    ],
)
def test_a_potential_profile_lies_in_a_cell(changes: dict[str, object], message: str) -> None:
    fields = {
        "axis": 2,
        "height_angstrom": 20.0,
        "coordinate_angstrom": [0.0],
        "planar_ev": [1.0],
        "macroscopic_ev": [1.0],
        "windows_angstrom": [],
    }
    PotentialProfile(**fields)
    with pytest.raises(ValidationError, match=message):
        PotentialProfile(**(fields | changes))
