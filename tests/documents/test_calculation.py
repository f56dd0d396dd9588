from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from store_calculations import calculation

from llo_dft.documents.calculation import CalculationDocument


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"energy_ev": None}, "completed calculation needs energy and structure"),
        ({"structure": None}, "completed calculation needs energy and structure"),
        ({"energy_ev": float("nan")}, "finite number"),
        ({"energy_ev": float("inf")}, "finite number"),
        ({"magmoms_mu_b": [0.0, float("nan")]}, "finite number"),
        ({"fingerprint": None}, "completed calculation needs a fingerprint"),
        ({"status": "failed", "reason": "x"}, "failed calculation can't have an energy"),
        ({"status": "failed", "energy_ev": None}, "failed calculation needs a reason"),
        ({"status": "missing", "energy_ev": None, "reason": ""}, "missing calculation needs a"),
        ({"status": "done"}, "'completed', 'failed', 'skipped' or 'missing'"),
        ({"kind": "relax"}, "'bulk_relax', 'slab_relax', 'molecule_relax', 'static' or 'ranking'"),
        ({"energy_ry": -1.0}, "Extra inputs are not permitted"),
    ],
)
def test_a_calculation_that_contradicts_itself_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        CalculationDocument(**(dict(calculation("k")) | changes))


def test_only_what_was_skipped_has_no_fingerprint() -> None:
    fields = {"status": "skipped", "energy_ev": None, "structure": None, "reason": "no host"}
    assert calculation("", fingerprint=None, **fields).fingerprint is None


def test_a_document_can_not_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        calculation("k").energy_ev = 0.0


def test_a_structure_comes_back_from_json_to_the_last_bit() -> None:
    structure = calculation("k").structure.copy()
    structure.perturb(0.1)
    structure.add_site_property("magmom", [1 / 3, -0.1])
    document = calculation("k", structure=structure)
    read = CalculationDocument.model_validate_json(document.model_dump_json())
    assert np.array_equal(read.structure.frac_coords, structure.frac_coords)
    assert np.array_equal(read.structure.lattice.matrix, structure.lattice.matrix)
    assert read.structure.site_properties == structure.site_properties
    assert read == document
