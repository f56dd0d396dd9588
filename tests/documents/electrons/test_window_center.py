from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from llo_dft.documents.electrons.window_center import WindowCenter


def test_it_is_stored_with_its_keys_and_read_back_strictly() -> None:
    stored = TypeAdapter(WindowCenter)
    one = WindowCenter(center_ev=-2.5, weight=3.0, width_ev=None)
    assert stored.dump_python(one) == {"center_ev": -2.5, "weight": 3.0, "width_ev": None}
    assert stored.validate_json(stored.dump_json(one)) == one
    with pytest.raises(ValidationError, match="finite number"):
        stored.validate_python({"center_ev": float("inf"), "weight": 3.0, "width_ev": None})
    with pytest.raises(ValidationError, match="Unexpected keyword argument"):
        stored.validate_python({"center_ev": 0.0, "weight": 3.0, "width_ev": None, "more": 1})
