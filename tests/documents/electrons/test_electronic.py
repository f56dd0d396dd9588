from __future__ import annotations

import pytest
from pydantic import ValidationError

from llo_dft.documents.electrons.electronic import WindowCenters
from llo_dft.documents.electrons.window_center import WindowCenter

NOTHING = {"center_ev": None, "weight": 0.0, "width_ev": None}


def in_windows(**fields: object) -> WindowCenters:
    one = NOTHING | fields
    return WindowCenters.model_validate({"valence": one, "full": NOTHING, "fixed": NOTHING})


def test_a_centre_may_be_missing_but_is_never_nan() -> None:
    found = in_windows()
    assert found.valence == WindowCenter(center_ev=None, weight=0.0, width_ev=None)
    assert WindowCenters.model_validate_json(found.model_dump_json()) == found
    with pytest.raises(ValidationError, match="finite number"):
        in_windows(center_ev=float("nan"))
    with pytest.raises(ValidationError, match="Unexpected keyword argument"):
        in_windows(height=1.0)
