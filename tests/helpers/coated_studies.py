"""The coated study in a folder, on the fake engine in threads of this process.

``python coated_studies.py FOLDER SECONDS`` runs it so, each calculation taking that long, until
it is done or killed.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from slow_engine import SlowEngine
from studies import coated_recipe

from llo_dft.study.folder import StudyFolder
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.study.planning.oxygen_settings import oxygen_settings
from llo_dft.study.run_study import PreparedRun, run_study

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan
    from llo_dft.documents.study_result import StudyResult


def run_coated(
    folder: Path, plan: StudyPlan | None = None, *, seconds: float = 0.0, **faults: str
) -> StudyResult:
    """Run the study, or go on with it; what the engine computes is counted beside the folder."""
    recipe = coated_recipe()
    engine = SlowEngine(recipe.engine)
    engine.counter, engine.faults = str(folder.with_suffix(".counter")), faults
    engine.seconds = seconds
    prepared = PreparedRun(
        recipe=recipe,
        engine=engine,
        oxygen=oxygen_settings(recipe, engine.oxygen),
        plan=plan or make_plan(recipe, Path()),
        folder=StudyFolder(folder),
    )
    return run_study(prepared, workers=2, executor=nullcontext(lambda: ThreadPoolExecutor(2)))


if __name__ == "__main__":
    run_coated(Path(sys.argv[1]), seconds=float(sys.argv[2]))
