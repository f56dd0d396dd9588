from __future__ import annotations

from typing import Any

import pytest
from store_calculations import calculation

from llo_dft.documents.comparison import (
    ComparedEngine,
    ComparedHost,
    MissingNumber,
    SpreadSummary,
    StudyComparison,
)
from llo_dft.documents.state_of_charge import StateOfCharge

NO_SPREAD = SpreadSummary(n=0, median_ev=None, largest_ev=None)


@pytest.mark.parametrize(("model", "expected"), [("CHGNet 0.3.0", True), ("", False)])
def test_a_potential_is_an_engine_with_a_model(model: str, expected: bool) -> None:  # noqa: FBT001
    fingerprint = calculation("k").fingerprint.model_copy(update={"model": model})
    fields: dict[str, Any] = {
        "name": "a",
        "folder": "a",
        "engine": "x",
        "protocol": "fast",
        "oxygen": None,
    }
    assert ComparedEngine(fingerprint=fingerprint, **fields).is_potential is expected
    assert not ComparedEngine(fingerprint=None, **fields).is_potential


def test_a_compared_host_has_the_name_that_it_has_in_its_studies() -> None:
    fields: dict[str, Any] = {"vacancies": []}
    charge = StateOfCharge(holes_per_tm=0.6, lithium_fraction=4 / 7)
    assert ComparedHost(system="bare", charge=charge, **fields).label == "bare_x0.5714"
    charge = StateOfCharge(holes_per_tm=0.0, lithium_fraction=0.625)
    coated = ComparedHost(system="coated", termination="PO3", charge=charge, **fields)
    assert coated.label == "coated_PO3_x0.6250"


def test_one_missing_number_makes_a_comparison_incomplete() -> None:
    whole = StudyComparison(
        study="tiny",
        composition="Li2MnO3",
        meaning="",
        engines=[],
        hosts=[],
        pairs=[],
        interfaces=[],
        turning_points=[],
        voltages=[],
        spread=NO_SPREAD,
        spread_not_rebuilt=NO_SPREAD,
        spread_of_pairs=NO_SPREAD,
        missing=[],
        mock=False,
    )
    assert whole.is_complete
    lack = MissingNumber(engine="a", label="bare_x1.0000", status="failed", reason="no forces")
    assert not whole.model_copy(update={"missing": [lack]}).is_complete
    assert StudyComparison.model_validate_json(whole.model_dump_json()) == whole
