from __future__ import annotations

import pytest
from pydantic import ValidationError

from llo_dft.documents.electrons.charge import PlanarProfile

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
    with pytest.raises(ValidationError, match=r"must have the same length, got \{1, 2\}"):
        PlanarProfile(axis=2, start_fraction=0.0, **(COLUMNS | {short: [0.0]}))
