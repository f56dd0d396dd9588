"""Labels are names of files too, and no two of a study are alike."""

from __future__ import annotations

import pytest

from llo_dft.documents import labels
from llo_dft.documents.plan import PlannedHost, PlannedStatic, StudyPlan


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (labels.host_label("bare", 0.5), "bare_x0.5000"),
        (labels.host_label("coated", 1.0, "step"), "coated_step_x1.0000"),
        (labels.bulk_label(0.5), "bulk_x0.5000"),
        (labels.bulk_label(0.5, 2), "bulk_x0.5000_2"),
        (labels.vacancy_label("bare_x0.5000", "O24"), "bare_x0.5000_vac_O24"),
        (labels.static_label("bare_x0.5000"), "bare_x0.5000_static"),
        (labels.static_label("coated_step_x1.0000", "oxide"), "coated_step_x1.0000_oxide_static"),
        (labels.interface_label("step", 1), "interface_step_1"),
        (labels.part_label("step", "coating"), "interface_step_coating"),
        (labels.system_name("coated", "step"), "coated, step"),
        (labels.system_name("bare", None), "bare"),
        (labels.system_name("bulk", None), "bulk"),
        (labels.relaxed_file("bulk"), "relaxed/bulk.cif"),
        (labels.density_of_states_file("bare_x1.0000"), "dos_bare_x1.0000.png"),
        (labels.charge_difference_folder("step"), "charge_difference_step"),
    ],
)
def test_each_is_spelt_so(label: str, expected: str) -> None:
    assert label == expected


def test_the_plan_spells_them_alike(coated_plan: StudyPlan) -> None:
    host: PlannedHost = coated_plan.hosts[-1]
    assert host.label == labels.host_label(host.system, host.lithium_fraction, host.termination)
    assert PlannedStatic(host=host.label).label == labels.static_label(host.label)
    assert len(set(coated_plan.labels)) == len(coated_plan.labels)
