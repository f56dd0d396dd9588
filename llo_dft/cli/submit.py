"""llo-dft submit, cancel, retry and collect: a study in the queue of a cluster."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from llo_dft.cli import options
from llo_dft.cli.named_recipes import recipe_with, screen_with
from llo_dft.cli.output.common import COMPLETE, INCOMPLETE, print_json
from llo_dft.cli.run import print_result
from llo_dft.errors import InputError
from llo_dft.recipe import Recipe, read_toml
from llo_dft.resources import recipe_path
from llo_dft.study.folder import StudyFolder
from llo_dft.study.manifest import write_structures
from llo_dft.study.planning.estimate import core_hours_of, estimate, study_cost
from llo_dft.study.remote.job_requests import core_hours
from llo_dft.study.remote.rerun import retry_study
from llo_dft.study.remote.submission_record import (
    check_not_submitted,
    read_submission,
    require_submission,
)
from llo_dft.study.remote.submit_project import (
    PreparedSubmission,
    cancel_study,
    collect_now,
    prepare_submission,
    submit_study,
)
from llo_dft.study.run_study import PreparedRun, prepare_run, take_from_beside
from llo_dft.study.series.cells import recipes_of_cells
from llo_dft.study.study_files import studies_in
from llo_dft.submit.dask import driver
from llo_dft.submit.dask.cluster_config import load_cluster
from llo_dft.submit.dask.driver import Submission, driver_request, submit_driver
from llo_dft.submit.dask.scripts import driver_script, python_of, require_dask, worker_script
from llo_dft.submit.remote.project import load_project


def submit(  # noqa: PLR0913, PLR0917 (each is an option of the command)
    recipe: options.RecipeName,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of the study; compute nodes must see it.")
    ],
    engine: options.OtherEngine = None,
    model: options.OtherModel = None,
    protocol: options.OtherProtocol = None,
    scheme: options.OtherScheme = None,
    start_from: options.StartFromStudy = None,
    on: Path | None = typer.Option(
        None, help="Cluster file: a driver job in the queue starts Dask workers; needs no database."
    ),
    project: str | None = typer.Option(
        None, help="jobflow-remote project (name or file): one job per calculation."
    ),
    worker: str | None = typer.Option(
        None, help="Worker of the project for all calculations, instead of one for each type."
    ),
    only: list[str] | None = typer.Option(
        None, help="Of a screen: this coating and no other; may be repeated."
    ),
    *,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Print what would be submitted and what there is to compute; write nothing.",
        ),
    ] = False,
) -> None:
    """Submit a study to a cluster's queue (--on or --project). It runs there by itself.

    A screen is submitted as one study per coating, a study in several cells as one per cell, each
    in its own folder. A coating reuses what other coatings have completed of the bare slab.
    """
    if (on is None) == (project is None) or (worker is not None and project is None):
        raise InputError(
            "expected either --on CLUSTER.yaml or --project NAME; --worker goes with --project"
        )
    changes = {"engine": engine, "model": model, "protocol": protocol, "scheme": scheme}
    studies, recipe_folder, then = _studies(recipe, changes, start_from)
    if unknown := ", ".join({*(only or ())} - studies.keys()):
        known = ", ".join(filter(None, studies)) or "this to be a screen"
        raise InputError(f"--only {unknown}: expected {known}")
    folders = [output / name for name in studies] if "screen" in then else []
    prepared = [
        _prepared(studies[name], recipe_folder, output / name, folders) for name in only or studies
    ]
    steps = [
        _driver_step(one, recipe_folder, on, dry_run=dry_run)
        if on is not None
        else jobs_step(one, str(project), worker, dry_run=dry_run)
        for one in prepared
    ]  # all are checked before the first is submitted
    for step in steps:
        step()
    if then and not dry_run:
        typer.echo(
            f"each study is submitted separately; when all are complete, '{then} {recipe} -o "
            f"{output}' combines their results without computing anything again"
        )


def _studies(
    name: str, changes: dict[str, str | None], start_from: Path | None
) -> tuple[dict[str, Recipe], Path, str]:
    """Return the studies of a recipe by their folders in the output ("": the output itself).

    Returns also the folder of the recipe, and the command that combines the results of several
    studies.
    """
    if "coatings" in read_toml(recipe_path(name)):
        if start_from is not None:
            raise InputError(
                "--start-from: no single study can start the several studies of a screen"
            )
        _, coatings, folder = screen_with(name, **changes)
        return coatings, folder, "llo-dft screen"
    if start_from is not None:
        changes |= {"start_from": str(start_from.resolve())}
    study, folder = recipe_with(name, **changes)
    cells = recipes_of_cells(study, folder)
    return cells or {"": study}, folder, "llo-dft run" if cells else ""


def _prepared(study: Recipe, recipe_folder: Path, output: Path, of_all: list[Path]) -> PreparedRun:
    """Return a study that was checked and is in no queue, with the others of its screen."""
    check_not_submitted(output)
    prepared = prepare_run(study, recipe_folder, StudyFolder(output), computes_here=False)
    return replace(prepared, beside=tuple(StudyFolder(one) for one in of_all if one != output))


def _driver_step(
    prepared: PreparedRun, recipe_folder: Path, on: Path, *, dry_run: bool
) -> Callable[[], None]:
    """Return a function that submits the driver of a study, or prints what would be submitted."""
    config = load_cluster(on)
    require_dask()
    driver_request(config)
    study, folder, output = prepared.recipe, prepared.folder, prepared.folder.path
    submission = Submission(
        title=f"llo-dft {study.study.name}",
        recipe_folder=str(recipe_folder),
        config=config,
        command=[*driver_command(python_of(config)), "drive", str(output.resolve())],
    )

    def submit() -> None:
        with folder.lock():
            folder.claim(study, prepared.files)
            take_from_beside(prepared)
            write_structures(prepared.plan, output, prepared.engine.no_crossings)
            job = submit_driver(output, submission)
        typer.echo(
            f"{study.study.name}: {prepared.plan.n_calculations} calculations; the driver is job "
            f"{job} of {config.scheduler}. 'llo-dft status {output}' shows its progress, "
            f"'llo-dft cancel {output}' cancels it"
        )

    return (lambda: typer.echo(_scripts(prepared, submission))) if dry_run else submit


def driver_command(python: str) -> list[str]:
    """Return the command that starts this program in a job, importing nothing from its folder."""
    return [python, "-P", "-m", "llo_dft.cli.main"]


def cancel(folder: options.StudyPath) -> None:
    """Remove a study from a cluster's queue. Its driver and workers, or its jobs, are cancelled.

    For a screen, or a study in several cells: all its studies.
    """
    jobs: list[str] = []
    for study in studies_in(folder).values():
        if read_submission(study) is None:
            jobs += driver.cancel(study)
        else:
            jobs += cancel_study(StudyFolder(study))
    found = f"cancelled {', '.join(jobs)}" if jobs else "none of its jobs was in the queue"
    typer.echo(f"{found}; finished calculations are kept: submit the study again to resume it")


def _scripts(prepared: PreparedRun, submission: Submission) -> str:
    seconds = estimate(prepared.plan, prepared.engine, prepared.folder.calculations).seconds
    cost_text, dearest = _program_cost(prepared)
    cost = (
        cost_text or f"the engine {prepared.engine.name} can't estimate the core-hours"
        if seconds is None
        else f"about {_hours(seconds / 3600)} core-hours, as fast as this machine's cores"
    )
    config, workers = submission.config, submission.config.workers
    return (
        f"{prepared.recipe.study.name}: {prepared.plan.n_calculations} calculations with "
        f"{prepared.recipe.engine.name}, up to {workers.max_jobs * workers.processes} at a time "
        f"on {workers.max_jobs * workers.all_cores} cores; {cost}\n"
        + "".join(f"{line}\n" for line in dearest)
        + f"\n# the driver's job, {submission.title!r}\n"
        f"{driver_script(config, driver_request(config), submission.command)}"
        f"\n# a job of workers, up to {workers.max_jobs} of them\n"
        f"{worker_script(config, 'tls://ADDRESS-OF-THE-DRIVER', 'worker-0', None)}"
    )


def jobs_step(
    prepared: PreparedRun, project: str, worker: str | None, *, dry_run: bool
) -> Callable[[], None]:
    """Return a function that submits a study's jobs to a project, or prints what they request."""
    settings = load_project(project)
    submission = prepare_submission(prepared, settings, worker)
    title, folder = prepared.recipe.study.name, prepared.folder.path

    def submit() -> None:
        submit_study(submission)
        typer.echo(
            f"{title}: {len(submission.wanted)} jobs are in the queue of project "
            f"{settings.name}; its runner ('jf -p {settings.name} runner start') takes them from "
            f"there. 'llo-dft status {folder}' shows its progress, 'llo-dft retry {folder}' "
            f"reruns failed jobs, 'llo-dft cancel {folder}' cancels it"
        )

    return (lambda: _show(submission)) if dry_run else submit


def _show(submission: PreparedSubmission) -> None:
    """Print every job of a submission with its resources, and the core-hours."""
    prepared, wanted = submission.prepared, [*submission.wanted, *submission.later]
    expected = core_hours(wanted, prepared.plan, prepared.engine)
    columns = ("job", "type", "worker", "atoms", "nodes", "cores", "memory", "walltime")
    rows: list[tuple[str, ...]] = [(*columns, "core-hours", "at most")]
    without_queue: Counter[tuple[str, str, str]] = Counter()
    for request in wanted:
        job, size = request.job, request.size
        if job.label is None or size is None:
            without_queue[job.title, job.type, request.worker] += 1
            continue
        about = expected.get(job.label)
        rows.append(
            (
                *(job.label, job.type, request.worker, str(job.atoms), str(size.nodes)),
                *(str(size.all_cores), size.memory),
                f"{size.walltime // 3600:02d}:{size.walltime // 60 % 60:02d}",
                "?" if about is None else _hours(about),
                f"{size.core_hours:.0f}",
            )
        )
    for (title, kind, worker), number in without_queue.items():
        name = title if number == 1 else f"{title} ({number} jobs)"
        rows.append((name, kind, worker, *("-",) * 7))
    # a line for each job however narrow the terminal, for grep and sort
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(map(str.ljust, row, widths)).rstrip())
    cost_text, dearest = _program_cost(prepared)
    for line in dearest:
        typer.echo(line)
    typer.echo(_summary(submission, expected, cost_text))


def _summary(submission: PreparedSubmission, expected: dict[str, float], cost_text: str) -> str:
    prepared, wanted = submission.prepared, submission.wanted
    later = sorted((one.size.core_hours for one in submission.later if one.size), reverse=True)
    most = sum(request.size.core_hours for request in wanted if request.size is not None)
    most += sum(later[: prepared.plan.budget])
    n_small = sum(request.job.label is None for request in wanted)
    if len(expected) == prepared.plan.n_calculations:
        source = (
            "by the project's core_seconds_per_atom_step"
            if all(r.kind.core_seconds_per_atom_step for r in wanted if r.job.label)
            else "as fast as this machine's cores"
        )
        cost = f"about {_hours(sum(expected.values()))} core-hours ({source})"
    else:
        cost = cost_text or (
            f"the engine {prepared.engine.name} can't estimate the core-hours; "
            "set core_seconds_per_atom_step in the project for an estimate"
        )
    return (
        f"{prepared.recipe.study.name}: {prepared.plan.n_calculations} calculations and {n_small} "
        f"small jobs for project {submission.project.name}; {cost}, at most {most:.0f} if every "
        "job runs to the end of its walltime"
    )


def _program_cost(prepared: PreparedRun) -> tuple[str, list[str]]:
    """Return the core-hours of a program's study, and lines on the ten most expensive."""
    costs = study_cost(prepared.plan, prepared.engine)
    if not costs:
        return "", []

    def text(labels: list[str]) -> str | None:
        hours = core_hours_of({label: costs[label] for label in labels})
        return hours and "about {} core-hours ({} to {})".format(*map(_hours, hours))

    dearest, work = list(costs)[:10], sum(cost.work for cost in costs.values())
    width = max(map(len, dearest))
    lines = [f"the {len(dearest)} most expensive of {len(costs)} calculations, all runs of each:"]
    for label in dearest:
        share = f"  {label:{width}}  {costs[label].work / work:6.1%}"
        lines.append(f"{share}  {text([label]) or ''}".rstrip())
    untimed = (
        "core-hours need one timing ('llo-dft doctor --calibrate RUN'); shares are of plane "
        "waves x bands^2 x k-points x spins x steps"
    )
    return text(list(costs)) or untimed, lines


def _hours(hours: float) -> str:
    """Return core-hours with a significant digit, where one decimal would give 0.0."""
    return f"{hours:.1f}" if hours >= 0.1 else f"{hours:.1g}"  # noqa: PLR2004 (one decimal shows it)


def retry(
    folder: options.StudyPath,
    stale_after: float = typer.Option(
        600.0,
        min=0.0,
        help="Seconds that a runner may hold a job before it counts as killed.",
    ),
    *,
    as_json: options.AsJson = False,
) -> None:
    """Rerun the failed jobs of a submitted study. They get what the project requests now."""
    done = retry_study(StudyFolder(folder), stale_after)
    if as_json:
        print_json(vars(done))
    else:
        for name in done.freed:
            typer.echo(f"freed {name}: the runner that held it seems to have been killed")
        for name in done.rerun:
            typer.echo(f"rerun: {name}, and the jobs that depend on it")
        for name, reason in done.left.items():
            typer.echo(f"not rerun yet: {name}: {reason}")
        if not (done.freed or done.rerun or done.left):
            typer.echo("nothing failed")
    raise typer.Exit(INCOMPLETE if done.left else COMPLETE)


def collect(folder: options.StudyPath, *, as_json: options.AsJson = False) -> None:
    """Write the results of a submitted study as far as it got.

    When all its jobs have ended, a study does this by itself.
    """
    record = require_submission(folder)
    result = collect_now(StudyFolder(folder), load_project(record.project), record)
    print_result(result, folder, as_json=as_json)
