"""From a plan and an engine to the flow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from llo_dft.flows.whole_study import StudyMaker

if TYPE_CHECKING:
    from jobflow import Flow

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.engines.base import Engine
    from llo_dft.jobs.orderings import RankingMaker


def make_flow(
    plan: StudyPlan,
    engine: Engine,
    folder: Path,
    ranker: Engine | None = None,
    potential: Engine | None = None,
) -> Flow:
    """Return the jobflow Flow of a plan.

    Parameters
    ----------
    plan, engine
        The study.
    folder
        Its calculation cache.
    ranker
        The engine that ranks orderings of Li where the plan has them ranked; None: ``engine``.
    potential
        The one that computes every vacancy of a plan with a budget.
    """
    return StudyMaker.of_engine(
        engine.maker,
        str(folder),
        electrons=bool(plan.statics),
        ranker=cast("RankingMaker", (ranker or engine).maker("ranking")) if plan.ranked else None,
        # without charged crystals there is no voltage of them, and slabs are only cut from the bulk
        potential=None if potential is None else potential.maker("slab_relax"),
        cathode=None if plan.bulk_hosts else engine.geometry_maker("bulk_relax"),
    ).make(plan)
