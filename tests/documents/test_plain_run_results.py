from __future__ import annotations

from typing import Any

from llo_dft.documents.plain_run_results import (
    RunHost,
    RunRecord,
    RunVacancy,
    VacancyRuns,
    VoltageRuns,
)
from llo_dft.documents.voltage import VoltageCurve

CURVE = VoltageCurve(
    average_v=3.7, steps=[], points=[], lithium_metal_ev_per_atom=-1.9, lithium_metal_source="Li"
)


def record(path: str, status: str = "completed") -> RunRecord:
    return RunRecord(path=path, status=status)


def vacancies(**fields: Any) -> VacancyRuns:
    host = RunHost(
        path="host",
        status="completed",
        system="bare",
        vacancies=[RunVacancy(path="vacancy", status="completed", n_removed=1)],
    )
    return VacancyRuns(
        **{"oxygen": None, "o2": record("o2"), "hosts": [host], "allowed": []} | fields
    )


def test_every_run_that_was_given_is_counted() -> None:
    found = vacancies(unread=[record("torn", "failed")])
    assert [run.path for run in found.runs] == ["o2", "host", "vacancy", "torn"]
    assert not found.is_complete
    assert vacancies().is_complete
    assert [run.path for run in vacancies(o2=None).runs] == ["host", "vacancy"]


def test_a_voltage_without_a_curve_is_not_complete() -> None:
    fields = {"lithium": record("li"), "hosts": [record("a"), record("b")], "fingerprint": None}
    assert VoltageRuns(curve=CURVE, allowed=[], **fields).is_complete
    assert not VoltageRuns(curve=None, allowed=[], **fields).is_complete
    torn = fields | {"hosts": [record("a"), record("b", "failed")]}
    found = VoltageRuns(curve=CURVE, allowed=[], **torn)
    assert not found.is_complete
    assert [run.path for run in found.runs] == ["li", "a", "b"]


def test_a_vacancy_whose_moment_alone_changed_is_not_rebuilt() -> None:
    one = RunVacancy(path="v", status="completed", n_removed=1, flags=["moment of Ni3 changed"])
    assert not one.rebuilt
    assert one.model_copy(update={"flags": ["Li2 moved 1.3 A"]}).rebuilt
