from __future__ import annotations

import re
from typing import Annotated, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from llo_dft.documents.calculation import CalculationDocument
from llo_dft.typing import Part, Status, System, matching

WORD = TypeAdapter(Annotated[str, matching(re.compile(r"[a-z]+"), "lower-case letters")])


def test_a_text_matches_as_a_whole() -> None:
    assert WORD.validate_python("abc") == "abc"


@pytest.mark.parametrize("text", ["", "abc1", "abc\n", "ABC", " abc"])
def test_what_does_not_match_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValidationError, match="expected lower-case letters"):
        WORD.validate_python(text)


def test_the_vocabularies_do_not_overlap_where_labels_are_made_of_them() -> None:
    # "coating" names a part, "coated" a system: interface_X_coating is no host
    assert set(get_args(Part)).isdisjoint(get_args(System))


def test_a_calculation_takes_every_status_and_no_other() -> None:
    schema = CalculationDocument.model_json_schema()["properties"]["status"]
    assert tuple(schema["enum"]) == get_args(Status)
