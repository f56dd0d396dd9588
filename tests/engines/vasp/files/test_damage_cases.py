"""How many damaged files the tests of the readers read in one run of ``pytest -m fuzz``."""

from __future__ import annotations

from damage_cases import CASES, PROMISED


def test_as_many_damaged_files_are_read_as_promised() -> None:
    """Each test of damage asserts that it did its share of these."""
    assert all(CASES.values())
    assert sum(CASES.values()) >= PROMISED, CASES
