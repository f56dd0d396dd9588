from __future__ import annotations

from made_screen import SCREEN

from llo_dft.documents.coating_screen import CoatingScreen


def test_a_screen_survives_storing() -> None:
    assert CoatingScreen.model_validate_json(SCREEN.model_dump_json()) == SCREEN


def test_its_charges_and_names() -> None:
    assert SCREEN.charges == [0.0, 0.5]
    assert [one.name for one in SCREEN.coatings][::4] == ["high, face", "none"]
