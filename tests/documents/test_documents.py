from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydantic import ValidationError
from store_calculations import calculation

from llo_dft.documents.calculation import CalculationDocument
from llo_dft.documents.labels import host_label
from llo_dft.documents.plan import StudyPlan, index_after_removal

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"energy_ev": None}, "completed calculation needs energy and structure"),
        ({"structure": None}, "completed calculation needs energy and structure"),
        ({"energy_ev": float("nan")}, "finite number"),
        ({"energy_ev": float("inf")}, "finite number"),
        ({"magmoms_mu_b": [0.0, float("nan")]}, "finite number"),
        ({"fingerprint": None}, "completed calculation needs a fingerprint"),
        ({"status": "failed", "reason": "x"}, "failed calculation can't have an energy"),
        ({"status": "failed", "energy_ev": None}, "failed calculation needs a reason"),
        ({"status": "missing", "energy_ev": None, "reason": ""}, "missing calculation needs a"),
        ({"status": "done"}, "'completed', 'failed', 'skipped' or 'missing'"),
        ({"kind": "relax"}, "'bulk_relax', 'slab_relax', 'molecule_relax' or 'static'"),
        ({"energy_ry": -1.0}, "Extra inputs are not permitted"),
    ],
)
def test_a_calculation_that_contradicts_itself_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        CalculationDocument(**(dict(calculation("k")) | changes))


def test_only_what_was_skipped_has_no_fingerprint() -> None:
    fields = {"status": "skipped", "energy_ev": None, "structure": None, "reason": "no host"}
    assert calculation("", fingerprint=None, **fields).fingerprint is None


def test_a_document_can_not_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        calculation("k").energy_ev = 0.0


def test_a_structure_comes_back_from_json_to_the_last_bit() -> None:
    structure = calculation("k").structure.copy()
    structure.perturb(0.1)
    structure.add_site_property("magmom", [1 / 3, -0.1])
    document = calculation("k", structure=structure)
    read = CalculationDocument.model_validate_json(document.model_dump_json())
    assert np.array_equal(read.structure.frac_coords, structure.frac_coords)
    assert np.array_equal(read.structure.lattice.matrix, structure.lattice.matrix)
    assert read.structure.site_properties == structure.site_properties
    assert read == document


def test_a_plan_comes_back_from_json(plan: StudyPlan) -> None:
    assert StudyPlan.model_validate_json(plan.model_dump_json()) == plan


def test_the_planned_structures_lack_what_the_plan_removes(plan: StudyPlan) -> None:
    atoms = np.array([site.coords for site in plan.slab])
    for host in plan.hosts:
        made = plan.host_structure(host)
        kept = [i for i in range(len(plan.slab)) if i not in host.removed]
        assert np.allclose([site.coords for site in made], atoms[kept])
        for vacancy in host.vacancies:
            lacking = plan.vacancy_structure(host, vacancy)
            before, after = made.composition, lacking.composition
            assert before["O"] - after["O"] == len(vacancy.removed)
            assert before["Li"] == after["Li"]
            gone = {
                tuple(made[index_after_removal(i, host.removed)].coords) for i in vacancy.removed
            }
            assert gone.isdisjoint({tuple(site.coords) for site in lacking})
    assert plan.n_calculations == 3 + 3 + 3 * 2  # O2, Li and bulk; hosts; vacancies


@pytest.mark.parametrize(
    ("index", "removed", "expected"), [(0, [], 0), (5, [1, 7], 4), (2, [3], 2)]
)
def test_an_index_falls_by_the_removed_sites_before_it(
    index: int, removed: list[int], expected: int
) -> None:
    assert index_after_removal(index, removed) == expected
    left: Callable[[int], bool] = lambda i: i not in removed  # noqa: E731
    assert list(filter(left, range(9)))[expected] == index


def test_a_removed_site_has_no_index() -> None:
    with pytest.raises(ValueError, match="site 3 is among the removed sites"):
        index_after_removal(3, [1, 3])


def test_a_host_is_named_by_its_fraction() -> None:
    assert host_label("bare", 4 / 7) == "bare_x0.5714"
    assert host_label("coated", 1.0) == "coated_x1.0000"
