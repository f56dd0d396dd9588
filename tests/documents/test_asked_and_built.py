from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from studies import tiny_recipe

from llo_dft.documents.asked_and_built import asked_and_built
from llo_dft.study.planning.make_plan import make_plan

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan


def test_a_fraction_that_moved_stands_beside_what_was_asked() -> None:
    plan = make_plan(tiny_recipe(delithiation={"fractions": [1.0, 0.5]}), Path())
    rows = [(row.what, row.asked, row.built) for row in asked_and_built(plan)]
    composition, charge, full, half = rows
    assert composition[:2] == ("composition", plan.requested_composition)
    assert composition[2] == f"{plan.composition} (off by at most 0.040 per O2)"
    assert charge == ("formal charge", "0 e per O2", "0 e per O2")
    assert full == ("bare", "x = 1", "x = 1.000, 0.000 holes per TM, 0 mAh/g")
    # three of its seven Li: 0.571 and not 0.5
    assert half[:2] == ("bare", "x = 0.5")
    assert half[2].startswith("x = 0.571, 0.600 holes per TM, ")


def test_a_coated_host_is_asked_for_the_holes_of_the_bare_one(coated_plan: StudyPlan) -> None:
    rows = [(row.what, row.asked, row.built) for row in asked_and_built(coated_plan)]
    assert ("coating flat-Li2-PO4", "no net charge", "neutral as it is") in rows
    assert ("coating step-Li0-PO3", "no net charge", "6 Li removed from the oxide") in rows
    (step,) = (r for r in rows if r[0] == "coated, step-Li0-PO3" and r[1].startswith("1.000"))
    assert step[1:] == (
        "1.000 holes per TM",
        "x = 0.125, 1.000 holes per TM, 229 mAh/g",
    )


@pytest.mark.parametrize(("formula", "mah_per_g"), [("Li2MnO3", 229.4)])
def test_capacity_of_one_electron_for_each_metal(
    coated_plan: StudyPlan, formula: str, mah_per_g: float
) -> None:
    """26801.5 mAh/mol over 116.83 g/mol; Li2MnO3's theoretical 459 mAh/g are two electrons."""
    assert coated_plan.slab.composition.reduced_formula == formula
    host = next(host for host in coated_plan.hosts if host.n_holes)
    charge = coated_plan.charge_of(host)
    assert charge.holes_per_tm == 1.0
    assert charge.capacity_mah_per_g == pytest.approx(mah_per_g, abs=0.05)
