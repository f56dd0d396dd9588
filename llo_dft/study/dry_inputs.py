"""The input files of a whole study, for engines that have some, and the size of each run."""

import json
import shutil
from pathlib import Path
from typing import TypedDict

from llo_dft.builders.cathode.magnetism import with_initial_moments
from llo_dft.documents.plan import StudyPlan
from llo_dft.engines.base import Engine, InputSize, MagneticMaker
from llo_dft.study.folder import write_whole
from llo_dft.study.planning.planned_calculations import planned_calculations

#: Folder of the inputs in that of a study, and the file of their sizes.
INPUTS = "inputs"
ESTIMATE = "estimate.json"


class RunSize(InputSize):
    """Size of one run of a calculation; ``folder`` is relative to that of the study."""

    calculation: str


class StudySize(TypedDict):
    """Size of a study; ``not_yet_known`` are calculations whose structure a relaxation gives."""

    n_calculations: int
    n_runs: int
    n_ions: int
    n_electrons: int
    runs: list[RunSize]
    not_yet_known: list[str]


def write_inputs(plan: StudyPlan, engine: Engine, folder: Path) -> StudySize:
    """Write the input files of each calculation, and ``estimate.json``.

    The structures are the unrelaxed ones of the plan; in a run each starts from earlier relaxed
    ones.

    The engine has capability "inputs", and its settings have been checked (``check_engine``). The
    inputs are below ``inputs`` in the study's folder.
    """
    runs: list[RunSize] = []
    unknown: list[str] = []
    for one in planned_calculations(plan):
        if one.kind == "ranking":
            continue  # by a potential, which has no input files
        if one.structure is None:
            unknown.append(one.label)
            continue
        target = folder / INPUTS / one.label
        if target.is_symlink():  # remove links and earlier builds
            target.unlink()
        shutil.rmtree(target, ignore_errors=True)
        maker, start = engine.maker(one.kind), one.structure
        if isinstance(maker, MagneticMaker):
            start = with_initial_moments(start, maker.magnetic_order)
        for size in engine.write_inputs(start, one.kind, target):
            size["folder"] = str((target / size["folder"]).relative_to(folder))
            runs.append(RunSize(calculation=one.label, **size))
    found = StudySize(
        n_calculations=plan.n_calculations,
        n_runs=len(runs),
        n_ions=sum(run["n_ions"] for run in runs),
        n_electrons=sum(run["n_electrons"] for run in runs),
        runs=runs,
        not_yet_known=unknown,
    )
    write_whole(folder / INPUTS / ESTIMATE, json.dumps(found, indent=1) + "\n")
    return found
