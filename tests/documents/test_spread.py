from __future__ import annotations

from made_spread import SPREAD

from llo_dft.documents.spread import StudySpread


def test_it_comes_back_from_json() -> None:
    assert StudySpread.model_validate_json(SPREAD.model_dump_json()) == SPREAD
