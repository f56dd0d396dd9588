"""The crystals of a study as phases: the lowest of each content, of one engine."""

from __future__ import annotations

import pytest

from llo_dft.errors import InputError
from llo_dft.runs.phases.study_crystals import crystal_phases, study_crystals
from llo_dft.study.study_files import stored_plan
from llo_dft.testing.fake_engine import FakeCalculation, FakeEngine


class NewerEngine(FakeEngine):
    def maker(self, kind):
        return FakeCalculation(kind, self.protocol, version="2")


def test_each_state_of_charge_is_a_phase(finished):
    plan = stored_plan(finished.folder)
    crystals = study_crystals(plan, finished.folder.calculations)
    found = crystal_phases(crystals, FakeEngine())
    n_li = {one.lithium_fraction: one.n_li for one in plan.bulk_hosts}
    assert {one.lithium_fraction for one, _ in crystals.values()} == {1.0, *n_li}
    for x, n in n_li.items():
        assert found[f"crystal at x = {x:.2f}"].composition.get("Li", 0) == n


def test_crystals_of_another_version_or_none_are_refused(finished, tmp_path):
    plan = stored_plan(finished.folder)
    crystals = study_crystals(plan, finished.folder.calculations)
    with pytest.raises(InputError, match="other settings or another version than fake has"):
        crystal_phases(crystals, NewerEngine())
    with pytest.raises(InputError, match="has no completed crystal"):
        study_crystals(plan, tmp_path)
