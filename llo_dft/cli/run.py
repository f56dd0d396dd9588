"""llo-dft run: compute a study here or on a cluster's workers, and resume where it stopped."""

import time
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from llo_dft.cli import options
from llo_dft.cli.named_recipes import recipe_with
from llo_dft.cli.output.common import COMPLETE, INCOMPLETE, print_document
from llo_dft.cli.output.phrases import built_lines
from llo_dft.cli.output.progress import shown_progress
from llo_dft.cli.output.series_tables import print_spread
from llo_dft.cli.output.study_tables import print_study
from llo_dft.documents.asked_and_built import asked_and_built
from llo_dft.documents.study_result import StudyResult
from llo_dft.errors import InputError
from llo_dft.recipe import Recipe
from llo_dft.report.answer import why_none
from llo_dft.study.folder import StudyFolder
from llo_dft.study.machine import default_workers
from llo_dft.study.planning.estimate import calculation_work, estimate
from llo_dft.study.remote.submission_record import check_not_submitted
from llo_dft.study.result_files import FIGURE
from llo_dft.study.run_study import PreparedRun, how_far, prepare_run, run_rounds, run_study
from llo_dft.study.series.cells import SPREAD, SPREAD_FIGURE, recipes_of_cells, write_spread
from llo_dft.submit.dask import driver
from llo_dft.submit.dask.cluster_config import ClusterConfig, load_cluster
from llo_dft.submit.dask.dask_cluster import dask_workers
from llo_dft.submit.dask.driver import Submission, cluster_folder
from llo_dft.submit.dask.scripts import require_dask
from llo_dft.submit.interruption import Interruption, interruptible

#: How long the run of the round before may hold the folder: a file server that lost a node
#: keeps its locks for a while, s.
_LOCK_PATIENCE_S = 180.0


def run(  # noqa: PLR0913, PLR0917 (each is an option of the command)
    recipe: options.RecipeName,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the study.")],
    engine: options.OtherEngine = None,
    model: options.OtherModel = None,
    protocol: options.OtherProtocol = None,
    scheme: options.OtherScheme = None,
    start_from: options.StartFromStudy = None,
    workers: options.Workers = None,
    on: options.OnCluster = None,
    *,
    as_json: options.AsJson = False,
) -> None:
    """Run a study; run it again to resume where it stopped."""
    study, recipe_folder = recipe_with(
        recipe,
        engine=engine,
        model=model,
        protocol=protocol,
        scheme=scheme,
        start_from=None if start_from is None else str(start_from.resolve()),
    )
    config = cluster_config(on, workers)
    cells = recipes_of_cells(study, recipe_folder)
    every = {}
    for name, cell in (cells or {"": study}).items():
        check_not_submitted(output / name)
        every[name] = prepared_in(output / name, cell, recipe_folder, config)
    # all are checked before the first is run
    results = {name: run_prepared(one, workers, config) for name, one in every.items()}
    if not cells:
        print_result(results[""], output, as_json=as_json)
    spread = write_spread(study.study.name, output, cells, results)
    print_document(spread, print_spread, as_json=as_json)
    if not as_json:
        typer.echo(
            f"wrote {SPREAD} and {SPREAD_FIGURE} in {output}, and the results of each cell in its "
            "folder"
        )
    complete = all(result.is_complete for result in results.values())
    raise typer.Exit(COMPLETE if complete else INCOMPLETE)


def prepared_in(
    output: Path, study: Recipe, recipe_folder: Path, config: ClusterConfig | None
) -> PreparedRun:
    """Check a study that is to run in a folder, here or on a cluster's workers."""
    # by whatever link it is given, the workers that a killed run left are found by this path
    folder = StudyFolder(output if config is None else output.resolve())
    return prepare_run(study, recipe_folder, folder, computes_here=config is None)


def print_result(result: StudyResult, output: Path, *, as_json: bool) -> NoReturn:
    """Print the result of a study in a folder, and exit by whether it is complete."""
    print_document(result, print_study, as_json=as_json)
    if not as_json:
        typer.echo(f"wrote {output / 'results.json'}, results.csv and {FIGURE} in {output}")
    raise typer.Exit(COMPLETE if result.is_complete else INCOMPLETE)


def run_prepared(
    prepared: PreparedRun, workers: int | None, config: ClusterConfig | None
) -> StudyResult:
    """Run a study on workers in a cluster's queue, or here, ``workers`` calculations at a time."""
    if config is not None:
        try:
            with interruptible():
                return run_on_cluster(prepared, config)
        except Interruption as error:
            typer.echo(f"llo-dft: {error}; run the same command again to resume", err=True)
            raise typer.Exit(128 + error.signal) from error
    workers = workers or default_workers()
    _announce(prepared, f"{workers} at a time")
    expected = estimate(prepared.plan, prepared.engine, prepared.folder.calculations)
    typer.echo(expected.text(workers), err=True)
    seconds = None if expected.seconds is None else expected.seconds / workers
    try:
        with shown_progress(expected.work, prepared.recipe.study.name, seconds) as on_progress:
            return run_study(prepared, workers=workers, on_progress=on_progress)
    except KeyboardInterrupt:
        typer.echo("llo-dft: interrupted; run the same command again to resume", err=True)
        raise


def run_on_cluster(prepared: PreparedRun, config: ClusterConfig) -> StudyResult:
    """Run a study on workers in a cluster's queue, driven from here."""
    most = config.workers.max_jobs * config.workers.processes
    _announce(prepared, f"up to {most} at a time on {config.scheduler}")
    name = prepared.recipe.study.name
    workers = partial(
        dask_workers,
        config,
        cluster_folder(prepared.folder.path),
        f"llo-dft {name} worker",
        lambda words: typer.echo(words, err=True),
    )
    with shown_progress(calculation_work(prepared.plan), name) as on_progress:
        return run_rounds(prepared, workers=most, executor=workers, on_progress=on_progress)


def cluster_config(file: Path | None, workers: int | None) -> ClusterConfig | None:
    """Return the settings of a cluster file; None, without one, to compute here.

    Raises ``InputError`` if it can't be used, or Dask is not installed.
    """
    if file is None:
        return None
    if workers is not None:
        raise InputError(
            "--workers is for this machine; the file of a cluster sets how many workers it has "
            "(workers.max_jobs and workers.processes)"
        )
    config = load_cluster(file)
    require_dask()
    return config


def _announce(prepared: PreparedRun, how: str) -> None:
    recipe, plan = prepared.recipe, prepared.plan
    typer.echo(
        f"{recipe.study.name}: {plan.composition}, engine {recipe.engine.name} "
        f"({recipe.engine.protocol}), {plan.n_calculations} calculations, {how}",
        err=True,
    )
    for line in built_lines(asked_and_built(plan), plan.notes):
        typer.echo(line, err=True)
    if prepared.engine.no_crossings:
        reason = why_none(prepared.engine.no_crossings)
        typer.echo(f"neither a crossing nor coated - bare will be stated: {reason}", err=True)


def drive(folder: options.StudyPath) -> None:
    """Do one round of a submitted study; only the driver's job calls this."""
    study = StudyFolder(folder)
    incomplete = False

    def work(submission: Submission) -> None:
        nonlocal incomplete
        end = time.monotonic() + _LOCK_PATIENCE_S
        while study.is_running() and time.monotonic() < end:
            time.sleep(1)
        prepared = prepare_run(
            study.recipe(), Path(submission.recipe_folder), study, computes_here=False
        )
        incomplete = not run_on_cluster(prepared, submission.config).is_complete

    ended = driver.drive(folder, work, lambda: how_far(study))
    typer.echo(f"{folder}: {ended}", err=True)
    raise typer.Exit(INCOMPLETE if incomplete else COMPLETE)
