from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from studies import tiny_recipe

from llo_dft.recipe import Electronic
from llo_dft.study.planning.assemble import make_flow
from llo_dft.study.planning.electronic_plan import with_electronic
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.testing.fake_engine import FakeEngine

if TYPE_CHECKING:
    from pathlib import Path

    from jobflow import Flow

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.engines.base import CalculationMaker
    from llo_dft.typing import CalculationKind


def calculations(flow: Flow) -> list[str]:
    """Labels of what its jobs compute."""
    names = [job.name for job, _ in flow.iterflow()]
    return [name.removeprefix("calculate ") for name in names if name.startswith("calculate ")]


class ElectronsEngine(FakeEngine):
    capabilities = frozenset({"energy", "dos", "density"})


@pytest.mark.parametrize("coated", [False, True])
def test_every_planned_calculation_is_a_job_of_that_name(
    plan: StudyPlan,
    coated_plan: StudyPlan,
    tmp_path: Path,
    coated: bool,  # noqa: FBT001
) -> None:
    chosen = coated_plan if coated else plan
    jobs = calculations(make_flow(chosen, FakeEngine(), tmp_path))
    assert sorted(jobs) == sorted(chosen.labels)


def test_delithiated_crystals_are_jobs_too(tmp_path: Path) -> None:
    asked = {"fractions": [1.0, 0.5], "voltage": "bulk", "candidates": 4, "relaxed": 2}
    chosen = make_plan(tiny_recipe(delithiation=asked), tmp_path)
    jobs = calculations(make_flow(chosen, FakeEngine(), tmp_path))
    assert {"bulk_x0.5714", "bulk_x0.5714_1"} <= set(jobs)
    assert set(jobs) <= set(chosen.labels)


class GeometryEngine(FakeEngine):
    """Its structures come from elsewhere than its energies."""

    def geometry_maker(self, kind: CalculationKind) -> CalculationMaker:
        return replace(self.maker(kind), protocol="geometry")


@pytest.mark.parametrize(("voltage", "protocol"), [("slab", "geometry"), ("bulk", "balanced")])
def test_the_crystal_is_only_a_geometry_where_no_voltage_wants_its_energy(
    tmp_path: Path, voltage: str, protocol: str
) -> None:
    asked = {"fractions": [1.0, 0.5], "voltage": voltage}
    chosen = make_plan(tiny_recipe(delithiation=asked), tmp_path)
    flow = make_flow(chosen, GeometryEngine(), tmp_path)
    makers = {job.name: job.function_args[1] for job, _ in flow.iterflow() if job.function_args}
    assert makers["calculate bulk"].protocol == protocol
    assert makers["calculate Li"].protocol == "balanced"


def test_points_for_the_electrons_are_made_only_if_they_are_planned(
    coated_plan: StudyPlan, tmp_path: Path
) -> None:
    engine = ElectronsEngine()
    asked = with_electronic(coated_plan, Electronic(dos=True, density=True), engine)
    statics = {one.label for one in asked.statics}
    assert statics <= set(calculations(make_flow(asked, engine, tmp_path)))
    without = calculations(make_flow(coated_plan, engine, tmp_path))
    assert not statics & set(without)
