"""Run or resume a study in its folder, from the recipe to results.json."""

import hashlib
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from jobflow import Flow, JobStore
from maggma.stores import MemoryStore

from llo_dft.calculations.cache import CONTINUE, CalculationCache
from llo_dft.documents.labels import OF_ONE_COATING
from llo_dft.documents.oxygen import OxygenSettings
from llo_dft.documents.plan import StudyPlan
from llo_dft.documents.study_result import StudyResult
from llo_dft.engines.base import Engine
from llo_dft.engines.registry import engine_from
from llo_dft.flows.whole_study import StudyMaker
from llo_dft.jobs.calculate import CALCULATION
from llo_dft.jobs.orderings import RankingMaker
from llo_dft.recipe import Recipe
from llo_dft.runner import FlowResult, JobEvent, run_flow
from llo_dft.study.folder import StudyFolder, named_files
from llo_dft.study.manifest import write_structures
from llo_dft.study.planning.make_plan import make_plan, with_electronic
from llo_dft.study.planning.oxygen_settings import oxygen_settings
from llo_dft.study.planning.planned_calculations import check_engine
from llo_dft.study.planning.ranker import potential_of, ranker_of
from llo_dft.study.result_files import write_study
from llo_dft.study.start_from import with_choices, with_potential
from llo_dft.study.study_files import write_plan
from llo_dft.typing import Status

#: One thread per worker: two parallel relaxations are faster than two threads on one.
WORKER_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Progress:
    """Progress of a run: calculations ended, their total, and the one that just ended.

    ``reused`` says that it was completed before, and taken from the cache.
    """

    n_ended: int
    n_total: int
    label: str
    status: Status
    reused: bool = False


@dataclass(frozen=True)
class PreparedRun:
    """A study whose recipe, engine and folder were checked, and its plan.

    ``files`` are the hashes of the files that the recipe names, ``ranker`` ranks orderings of Li
    if the engine does not, ``potential`` the vacancies of a study with a budget. Calculations of
    the bare slab are reused from the studies ``beside``.
    """

    recipe: Recipe
    engine: Engine
    oxygen: OxygenSettings
    plan: StudyPlan
    folder: StudyFolder
    files: dict[str, str] = field(default_factory=dict)
    ranker: Engine | None = None
    beside: tuple[StudyFolder, ...] = ()
    potential: Engine | None = None


def prepare_run(
    recipe: Recipe, recipe_folder: Path, folder: StudyFolder, *, computes_here: bool = True
) -> PreparedRun:
    """Check everything possible, and plan the study; nothing is written.

    Files that the recipe names are in ``recipe_folder``. An existing folder of the same study is
    resumed. Calculations that run on this machine (``computes_here``) need programs and files here.

    Raises ``InputError`` if the recipe can't be built, the engine can't be used, or the folder is
    of another study.
    """
    recipe = with_potential(recipe)
    engine = engine_from(recipe.engine)
    oxygen = oxygen_settings(recipe, engine.oxygen)
    files = named_files(recipe, recipe_folder)
    folder.check_free_for(recipe, files)
    plan = with_electronic(make_plan(recipe, recipe_folder), recipe.electronic, engine)
    if recipe.engine.start_from is not None:
        plan = with_choices(plan, recipe.engine.start_from)
    check_engine(engine, plan, machine=computes_here)
    ranker, potential = ranker_of(recipe, engine), potential_of(recipe.engine)
    if potential is not None:
        check_engine(potential, plan, machine=computes_here)
    return PreparedRun(recipe, engine, oxygen, plan, folder, files, ranker, potential=potential)


def run_study(
    prepared: PreparedRun,
    *,
    workers: int,
    executor: AbstractContextManager[Callable[[], Executor]] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> StudyResult:
    """Compute what is missing, and write results, table and figure.

    Raises ``InputError`` if another run is using the folder.

    ``workers`` is the number of calculations at a time. ``executor`` is the context of an executor
    for the runner, such as a cluster's workers; None: local processes. It is entered under the
    folder's lock, and left as soon as nothing is left to compute. ``on_progress`` is called
    whenever a calculation ended.
    """
    folder, plan = prepared.folder, prepared.plan
    with folder.lock(), ExitStack() as stack:
        folder.claim(prepared.recipe, prepared.files)
        factory = None if executor is None else stack.enter_context(executor)
        cache = CalculationCache(folder.calculations)
        cache.sweep()
        take_from_beside(prepared)
        write_structures(plan, folder.path, prepared.engine.no_crossings)
        write_plan(plan, folder)
        outcome = run_flow(
            make_flow(
                plan, prepared.engine, folder.calculations, prepared.ranker, prepared.potential
            ),
            store=JobStore(MemoryStore()),
            executor=factory,
            max_workers=workers,
            worker_environment=WORKER_ENVIRONMENT if factory is None else None,
            on_event=_counter(plan.n_calculations + len(plan.potential_labels), cache, on_progress),
        )
        stack.close()
        cache.sweep()  # left by killed workers: a complete study is not run again
        for label, reason in _broken(outcome).items():
            cache.note("missing", label, reason=reason)
        return write_study(folder, prepared.oxygen)


def take_from_beside(prepared: PreparedRun) -> None:
    """Link what the studies beside completed and this one needs too. Under the folder's lock."""
    cache = CalculationCache(prepared.folder.calculations)
    for other in prepared.beside:
        cache.take_from(CalculationCache(other.calculations), but=OF_ONE_COATING)


def _counter(
    total: int, cache: CalculationCache, on_progress: Callable[[Progress], None] | None
) -> Callable[[JobEvent], None]:
    ended = 0

    def count(event: JobEvent) -> None:
        nonlocal ended
        if event.name.startswith(CALCULATION) and event.kind in {"finished", "failed", "skipped"}:
            ended += 1
            if on_progress is not None:
                label = event.name.removeprefix(CALCULATION).strip()
                status, reused = _status(event, label, cache)
                on_progress(Progress(ended, total, label, status, reused))

    return count


def _status(event: JobEvent, label: str, cache: CalculationCache) -> tuple[Status, bool]:
    """Return the status of a calculation; its job ends well even if the engine fails.

    With it comes whether an earlier result was reused.
    """
    if event.kind != "finished":
        return ("failed" if event.kind == "failed" else "skipped"), False
    last = {entry.label: entry.event for entry in cache.journal()}.get(label, "skipped")
    states: dict[str, Status] = {"skipped": "skipped", "failed": "failed"}
    return states.get(last, "completed"), last == "reused"


def _broken(outcome: FlowResult) -> dict[str, str]:
    """Return why jobs of calculations failed, by label."""
    reasons = {
        failure.name: f"{failure.error_type}: {failure.message}"
        for failure in outcome.failures.values()
    }
    reasons |= {job.name: job.reason for job in outcome.not_run.values()}
    return {
        name.removeprefix(CALCULATION).strip(): reason
        for name, reason in reasons.items()
        if name.startswith(CALCULATION)
    }


def make_flow(
    plan: StudyPlan,
    engine: Engine,
    folder: Path,
    ranker: Engine | None = None,
    potential: Engine | None = None,
) -> Flow:
    """Return the jobflow Flow of a plan.

    ``ranker`` ranks orderings of Li where the plan has them ranked; None: ``engine``. ``potential``
    computes every vacancy of a plan with a budget.
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


def run_rounds(
    prepared: PreparedRun,
    *,
    workers: int,
    executor: Callable[[], AbstractContextManager[Callable[[], Executor]]],
    on_progress: Callable[[Progress], None] | None = None,
) -> StudyResult:
    """Run a study, and again as long as calculations were stopped half way and get further.

    ``executor`` makes what `run_study` takes as its executor, for each round; the rest is as there,
    and so are its errors.
    """
    while True:
        before = how_far(prepared.folder)
        result = run_study(prepared, workers=workers, executor=executor(), on_progress=on_progress)
        if not _stopped_half_way(prepared.folder) or how_far(prepared.folder) == before:
            return result


def how_far(folder: StudyFolder) -> str:
    """Return how far a study is: another text whenever something was got done."""
    states = hashlib.sha256()
    for state in _stopped_half_way(folder):
        for file in sorted(state.glob("*.json")):
            states.update(str(file.relative_to(folder.path)).encode() + file.read_bytes())
    n_completed = CalculationCache(folder.calculations).n_completed()
    return f"{n_completed} completed, others {states.hexdigest()[:12]}"


def _stopped_half_way(folder: StudyFolder) -> list[Path]:
    """Return the folders that stopped calculations left to resume from."""
    return sorted(folder.calculations.glob(f"*/{CONTINUE}"))
