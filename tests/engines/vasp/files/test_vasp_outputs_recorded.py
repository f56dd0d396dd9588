"""What the readers find in recorded outputs is what was recorded, to the field."""

from __future__ import annotations

import json

import pytest
from record_vasp_outputs import COMMAND, DATA, found_in

from llo_dft.testing.recorded import differences

RUNS = sorted(path.name for path in DATA.iterdir())


@pytest.mark.parametrize("name", RUNS)
def test_the_readers_find_what_was_recorded(name: str):
    recorded = json.loads((DATA / name / "found.json").read_text())
    written = json.loads(json.dumps(found_in(DATA / name)))
    found = differences(written, recorded)
    assert not found, "\n".join([*found, f"if all of this is wanted: {COMMAND}"])


def test_relaxation_and_single_point_are_both_recorded():
    assert RUNS == ["lithium_relaxation", "oxide_static"]
    found = {name: json.loads((DATA / name / "found.json").read_text()) for name in RUNS}
    assert len(found["lithium_relaxation"]["vasprun"]["steps"]) > 2
    assert found["oxide_static"]["charge"]["n_electrons"] == [pytest.approx(9 + 3 + 12, abs=1e-6)]
    assert all(run["problems"] == [] for run in found.values())
