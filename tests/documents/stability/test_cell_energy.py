"""Parameters of a cell: each has a unit and a source, and a value that can be."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from llo_dft.documents.stability.cell_energy import CellParameters


def test_each_parameter_has_a_unit_and_a_source():
    for name, about in CellParameters.model_fields.items():
        assert {"unit", "source"} == set(about.json_schema_extra), name
        assert about.description


def test_what_can_not_be_is_refused():
    with pytest.raises(ValidationError, match="active_fraction"):
        CellParameters(active_fraction=1.2)
    with pytest.raises(ValidationError, match="electrolyte_thickness"):
        CellParameters(electrolyte_thickness=-1.0)
