from __future__ import annotations

import pytest

from llo_dft.documents.state_of_charge import OrderingResult, RevisitResult, StateOfCharge


def test_the_axis_is_of_holes_and_without_them_of_the_lithium_that_left() -> None:
    assert StateOfCharge(holes_per_tm=0.25, lithium_fraction=0.5).position == 0.25
    assert StateOfCharge(lithium_fraction=0.75).position == 0.25
    with pytest.raises(ValueError, match="neither the holes nor the lithium fraction is known"):
        StateOfCharge().position  # noqa: B018 (it raises)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"holes_per_tm": 0.5, "lithium_fraction": 0.75, "capacity_mah_per_g": 114.7},
            "0.50 holes per TM (x = 0.75, 115 mAh/g)",
        ),
        ({"holes_per_tm": 0.5}, "0.50 holes per TM"),
        ({"lithium_fraction": 0.75}, "x = 0.75"),
        ({}, "x not known"),
    ],
)
def test_in_words(fields: dict[str, float], text: str) -> None:
    assert StateOfCharge(**fields).text == text


def test_what_an_ordering_gained_comes_back_from_json() -> None:
    ordering = OrderingResult(
        n_ranked=40, n_relaxed=3, chosen=2, ranked_by="chgnet r2scan", relaxed_gain_ev=0.02
    )
    revisit = RevisitResult(vacancy="O12", gain_ev=None, reason="no power")
    for one in (ordering, revisit):
        assert type(one).model_validate_json(one.model_dump_json()) == one
