from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llo_dft.recipe import Electronic
from llo_dft.study.planning.electronic_plan import with_electronic
from llo_dft.testing.fake_engine import FakeEngine

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan

BOTH = Electronic(dos=True, density=True)


def engine(*capabilities: str) -> FakeEngine:
    made = FakeEngine()
    made.capabilities = frozenset({"energy", *capabilities})
    return made


def test_what_is_not_asked_for_is_not_planned(plan: StudyPlan) -> None:
    found = with_electronic(plan, Electronic(), engine("dos", "density"))
    assert (found.statics, found.not_computed) == ([], [])


def test_each_host_gets_one_point_and_each_pristine_interface_three(
    coated_plan: StudyPlan,
) -> None:
    found = with_electronic(coated_plan, BOTH, engine("dos", "density"))
    labels = [static.label for static in found.statics]
    assert len(set(labels)) == len(labels)  # the whole of an interface serves both
    hosts = [host.label for host in coated_plan.hosts]
    assert labels[: len(hosts)] == [f"{host}_static" for host in hosts]
    pristine = [h.label for h in coated_plan.hosts if h.termination and not h.removed]
    assert len(pristine) == 2
    assert set(labels[len(hosts) :]) == {
        f"{host}_{part}_static" for host in pristine for part in ("oxide", "coating")
    }
    assert found.not_computed == []
    assert set(labels) <= set(found.labels)


def test_a_density_alone_is_of_the_pristine_interfaces(coated_plan: StudyPlan) -> None:
    found = with_electronic(coated_plan, Electronic(density=True), engine("density"))
    assert len(found.statics) == 2 * 3
    pristine = {coated_plan.pristine_label(name) for name in coated_plan.terminations}
    assert {static.host for static in found.statics} == pristine


@pytest.mark.parametrize(
    ("capabilities", "lacking"),
    [
        ((), ["fake gives no densities of states", "fake gives no charge density"]),
        (("dos",), ["fake gives no charge density"]),
        (("dos", "density"), ["it needs a [coating]"]),
    ],
)
def test_what_can_not_be_given_is_named(
    plan: StudyPlan, capabilities: tuple[str, ...], lacking: list[str]
) -> None:
    found = with_electronic(plan, BOTH, engine(*capabilities))
    assert [reason.split(": ")[1] for reason in found.not_computed] == lacking
    assert len(found.statics) == (len(plan.hosts) if "dos" in capabilities else 0)
