"""The last job of a study: from its calculations to its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jobflow import job

from llo_dft.analysis.study import StudyCalculations, study_result

if TYPE_CHECKING:
    from llo_dft.documents.oxygen import OxygenSettings
    from llo_dft.documents.plan import StudyPlan
    from llo_dft.documents.study import StudyResult


@job
def collect_study(
    plan: StudyPlan,
    oxygen: OxygenSettings,
    calculations: dict[str, Any],
    *,
    engine: str,
    protocol: str,
) -> StudyResult:
    """Return the result of a study.

    ``calculations`` holds the fields of ``StudyCalculations``; None stands for a job that left
    nothing.
    """
    made = StudyCalculations(**calculations)
    return study_result(plan, oxygen, made, engine=engine, protocol=protocol)
