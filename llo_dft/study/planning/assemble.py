"""From a plan and an engine to the flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.flows.whole_study import StudyMaker

if TYPE_CHECKING:
    from pathlib import Path

    from jobflow import Flow

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.engines.base import Engine


def make_flow(plan: StudyPlan, engine: Engine, folder: Path) -> Flow:
    """Return the jobflow Flow of a plan; ``folder`` is the study's calculation cache."""
    return StudyMaker.of_engine(engine.maker, str(folder), electrons=bool(plan.statics)).make(plan)
