"""The last job of a study: from its calculations to its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobflow import job

from llo_dft.analysis.study_analysis import study_result

if TYPE_CHECKING:
    from llo_dft.documents.calculation import CalculationDocument
    from llo_dft.documents.oxygen import OxygenSettings
    from llo_dft.documents.plan import StudyPlan
    from llo_dft.documents.study_result import StudyResult


@job
def collect_study(
    plan: StudyPlan,
    oxygen: OxygenSettings,
    labels: list[str],
    calculations: list[CalculationDocument | None],
    *,
    engine: str,
    protocol: str,
) -> StudyResult:
    """Return the result of a study.

    ``calculations`` belong to ``labels`` one by one; None stands for a job that left nothing.
    """
    made = dict(zip(labels, calculations, strict=True))
    return study_result(plan, oxygen, made, engine=engine, protocol=protocol)
