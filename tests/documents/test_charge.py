from __future__ import annotations

import pytest
from pydantic import ValidationError

from llo_dft.documents.charge import PlanarProfile, PotentialProfile

COLUMNS = {
    "coordinate_angstrom": [0.0, 1.0],
    "line_density_e_per_angstrom": [0.2, -0.2],
    "cumulative_angstrom": [0.5, 1.5],
    "cumulative_e": [0.2, 0.0],
}


@pytest.mark.parametrize("short", COLUMNS)
def test_the_columns_of_a_profile_are_of_one_length(short: str) -> None:
    whole = PlanarProfile(axis=2, start_fraction=0.0, **COLUMNS)
    assert PlanarProfile.model_validate_json(whole.model_dump_json()) == whole
    with pytest.raises(ValidationError, match=r"must be of one length, got \{1, 2\}"):
        PlanarProfile(axis=2, start_fraction=0.0, **(COLUMNS | {short: [0.0]}))


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
