from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from llo_dft.documents.study_result import HostResult, StudyResult, VacancyResult, lattice_rebuilt


def vacancy(energy_ev: float | None = 1.0, **fields: Any) -> VacancyResult:
    return VacancyResult(
        **{
            "site": 7,
            "pair": "O7",
            "site_class": "3TM",
            "environment": None,
            "formation_energy_ev": energy_ev,
            "status": "completed",
        }
        | fields
    )


def result(*vacancies: VacancyResult, **fields: Any) -> StudyResult:
    host = HostResult(
        system="bare",
        lithium_fraction=4 / 7,
        requested_lithium_fraction=0.6,
        status="completed",
        vacancies=list(vacancies),
    )
    return StudyResult(
        **{
            "study": "tiny",
            "engine": "fake",
            "protocol": "balanced",
            "fingerprint": None,
            "seed": 0,
            "composition": "Li2MnO3",
            "requested_composition": "Li2MnO3",
            "oxygen": None,
            "hosts": [host],
            "counts": {"completed": 5},
            "calculations": [],
        }
        | fields
    )


@pytest.mark.parametrize(
    ("flags", "rebuilt"),
    [
        ([], False),
        (["moment of Mn4 changed by 1.2 mu_B"], False),
        (["moment of Mn4 changed by 1.2 mu_B", "Li3 moved 1.4 A"], True),
        (["bond P2-O5 is gone"], True),
    ],
)
def test_a_moment_alone_is_no_other_lattice(flags: list[str], rebuilt: bool) -> None:  # noqa: FBT001
    assert lattice_rebuilt(flags) is rebuilt
    assert vacancy(flags=flags).rebuilt is rebuilt


def test_complete_is_when_all_completed_and_each_vacancy_has_its_energy() -> None:
    assert result(vacancy()).is_complete
    assert not result(vacancy(), counts={"completed": 4, "failed": 1}).is_complete
    assert not result(vacancy(), vacancy(None, reason="no O2")).is_complete
    assert result().is_complete


def test_a_result_comes_back_from_json_and_of_another_schema_is_refused() -> None:
    one = result(vacancy())
    assert StudyResult.model_validate_json(one.model_dump_json()) == one
    older = one.model_dump(mode="json") | {"schema_version": 3}
    with pytest.raises(ValidationError, match=r"schema_version\n  Input should be"):
        StudyResult.model_validate(older)
