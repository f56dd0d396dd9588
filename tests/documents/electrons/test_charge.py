from __future__ import annotations

from llo_dft.documents.electrons.charge import PlanarProfile

COLUMNS = {
    "coordinate_angstrom": [0.0, 1.0],
    "line_density_e_per_angstrom": [0.2, -0.2],
    "cumulative_angstrom": [0.5, 1.5],
    "cumulative_e": [0.2, 0.0],
}


def test_a_profile_is_read_back_as_it_was_stored() -> None:
    whole = PlanarProfile(axis=2, start_fraction=0.0, **COLUMNS)
    assert PlanarProfile.model_validate_json(whole.model_dump_json()) == whole
