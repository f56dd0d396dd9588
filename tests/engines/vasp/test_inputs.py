"""The engine's inputs of one calculation of each sort are those that were recorded, to the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from record_vasp_inputs import CASES, COMMAND, DATA, write_case

from llo_dft.testing.recorded import INPUT_FILES, assert_as_recorded

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", CASES)
def test_the_inputs_are_the_recorded_ones(name: str, tmp_path: Path):
    write_case(CASES[name], tmp_path)
    assert_as_recorded(tmp_path, DATA / name, COMMAND)


def test_nothing_is_recorded_that_is_not_tested():
    assert {path.name for path in DATA.iterdir()} == {*CASES, "structures"}
    for name in CASES:
        assert {path.name for path in (DATA / name).iterdir()} == set(INPUT_FILES)
    used = {case.structure for case in CASES.values()}
    assert {path.stem for path in (DATA / "structures").iterdir()} == used
