"""From a plan and an engine to the flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.flows.vacancy_curve import VacancyCurveMaker

if TYPE_CHECKING:
    from pathlib import Path

    from jobflow import Flow

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.engines.base import Engine


def make_flow(plan: StudyPlan, engine: Engine, folder: Path) -> Flow:
    """Return the jobflow Flow of a plan; ``folder`` is the study's calculation cache."""
    maker = VacancyCurveMaker(
        bulk_maker=engine.maker("bulk_relax"),
        slab_maker=engine.maker("slab_relax"),
        molecule_maker=engine.maker("molecule_relax"),
        folder=str(folder.resolve()),
        static_maker=engine.maker("static") if plan.statics else None,
    )
    return maker.make(plan)
