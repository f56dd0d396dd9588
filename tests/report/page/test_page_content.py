"""The light says where energies come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compared_studies import study

from llo_dft.documents.calculation import Fingerprint
from llo_dft.report.page.page_content import PageContent

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan


def light(plan: StudyPlan, **fields) -> str:
    result = study("some").model_copy(update=fields)
    return PageContent(result, plan, "", "complete", []).light[0]


def test_a_cutoff_is_of_dft_and_without_one_it_is_a_potential(plan: StudyPlan) -> None:
    potential = Fingerprint(engine="some", engine_version="1", model="m", functional="PBE")
    waves = potential.model_copy(update={"cutoff_ev": 520.0})
    assert light(plan, fingerprint=potential) == "potential"
    assert light(plan, fingerprint=waves) == "dft"
    assert light(plan, fingerprint=waves, mock=True) == "mock"
    assert light(plan, fingerprint=None) == "none"
