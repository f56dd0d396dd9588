"""llo-dft submit: put a study into the queue of a cluster; cancel takes it out again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from llo_dft.cli.output.common import bad_input_in_one_line, recipe_with
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from llo_dft.recipe import Recipe
    from llo_dft.study.run_study import PreparedRun
    from llo_dft.submit.dask.submission import Submission


def submit(  # noqa: PLR0913, PLR0917 (each is an option of the command)
    recipe: str = typer.Argument(help="Recipe file, or the name of one that comes along."),
    output: Path = typer.Option(
        ..., "-o", "--output", help="Folder of the study, which the compute nodes must see."
    ),
    engine: str | None = typer.Option(None, help="Another engine than the recipe's."),
    protocol: str | None = typer.Option(None, help="Another protocol than the recipe's."),
    scheme: str | None = typer.Option(
        None, help="Another O2 scheme than the recipe's, to go with the engine."
    ),
    on: Path | None = typer.Option(
        None, help="Cluster file: a driver in the queue that starts Dask workers; no database."
    ),
    project: str | None = typer.Option(
        None, help="Project of jobflow-remote, its name or file: a job for each calculation."
    ),
    worker: str | None = typer.Option(
        None, help="Worker of the project for the calculations, in place of their types' own."
    ),
    dry_run: bool = typer.Option(  # noqa: FBT001
        False,  # noqa: FBT003
        "--dry-run",
        help="Print what would be submitted and what there is to compute; write nothing.",
    ),
) -> None:
    """Put a study into a cluster's queue, where it goes on by itself: --on or --project."""
    with bad_input_in_one_line():
        study, recipe_folder = recipe_with(recipe, engine=engine, protocol=protocol, scheme=scheme)
        if (on is None) == (project is None) or (worker is not None and project is None):
            raise InputError(
                "expected either --on CLUSTER.yaml or --project NAME; --worker goes with --project"
            )
        said = (
            _submit_driver(study, recipe_folder, output, on, dry_run=dry_run)
            if on is not None
            else _submit_jobs(study, recipe_folder, output, str(project), worker, dry_run=dry_run)
        )
    if said:
        typer.echo(said)


def _submit_driver(
    study: Recipe, recipe_folder: Path, output: Path, on: Path, *, dry_run: bool
) -> str:
    from llo_dft.study.folder import StudyFolder  # noqa: PLC0415
    from llo_dft.study.manifest import write_structures  # noqa: PLC0415
    from llo_dft.study.remote.submission_record import check_not_submitted  # noqa: PLC0415
    from llo_dft.study.run_study import prepare_run  # noqa: PLC0415
    from llo_dft.submit.dask.cluster_config import load_cluster  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.submit.dask.driver import (  # noqa: PLC0415
        driver_request,
        submit_driver,
    )
    from llo_dft.submit.dask.scripts import python_of, require_dask  # noqa: PLC0415
    from llo_dft.submit.dask.submission import Submission  # noqa: PLC0415

    config = load_cluster(on)
    require_dask()
    driver_request(config)
    folder = StudyFolder(output)
    check_not_submitted(output)
    prepared = prepare_run(study, recipe_folder, folder, computes_here=False)
    submission = Submission(
        title=f"llo-dft {study.study.name}",
        recipe_folder=str(recipe_folder),
        config=config,
        command=[*driver_command(python_of(config)), "drive", str(output.resolve())],
    )
    if dry_run:
        _show(prepared, submission)
        return ""
    with folder.lock():
        folder.claim(study)
        write_structures(prepared.plan, output)
        job = submit_driver(output, submission)
    return (
        f"{study.study.name}: {prepared.plan.n_calculations} calculations; the driver is job {job} "
        f"of {config.scheduler}. 'llo-dft status {output}' shows how far it is, "
        f"'llo-dft cancel {output}' ends it"
    )


def _submit_jobs(
    study: Recipe,
    recipe_folder: Path,
    output: Path,
    project: str,
    worker: str | None,
    *,
    dry_run: bool,
) -> str:
    from llo_dft.cli.submit_remote import show, submit_to_project  # noqa: PLC0415

    submission = submit_to_project(study, recipe_folder, output, project, worker)
    if dry_run:
        show(submission)
        return ""
    from llo_dft.study.remote.submit_project import submit_study  # noqa: PLC0415

    submit_study(submission)
    return (
        f"{study.study.name}: {len(submission.wanted)} jobs are in the queue of project "
        f"{submission.project.name}; its runner ('jf -p {submission.project.name} runner start') "
        f"takes them from there. 'llo-dft status {output}' shows how far it is, 'llo-dft retry "
        f"{output}' reruns what failed, 'llo-dft cancel {output}' ends it"
    )


def driver_command(python: str) -> list[str]:
    """Return what starts this program in a job, importing nothing from the folder it is in."""
    return [python, "-P", "-m", "llo_dft.cli.main"]


def cancel(folder: Path = typer.Argument(help="Folder of the study.")) -> None:
    """Take a study out of a cluster's queue: its driver and workers, or its jobs."""
    from llo_dft.study.folder import StudyFolder  # noqa: PLC0415
    from llo_dft.study.remote.submission_record import read_submission  # noqa: PLC0415
    from llo_dft.submit.dask import driver  # noqa: PLC0415 (keeps --help fast)

    with bad_input_in_one_line():
        if read_submission(folder) is None:
            jobs = driver.cancel(folder)
        else:
            from llo_dft.study.remote.submit_project import cancel_study  # noqa: PLC0415

            jobs = cancel_study(StudyFolder(folder))
    found = f"cancelled {', '.join(jobs)}" if jobs else "no job of it was in the queue"
    typer.echo(f"{found}; what is computed stays, and submitting it again goes on")


def _show(prepared: PreparedRun, submission: Submission) -> None:
    from llo_dft.study.planning.estimate import estimate  # noqa: PLC0415
    from llo_dft.submit.dask.driver import driver_request  # noqa: PLC0415
    from llo_dft.submit.dask.scripts import driver_script, worker_script  # noqa: PLC0415

    expected = estimate(prepared.plan, prepared.engine, prepared.folder.calculations)
    hours = None if expected.seconds is None else expected.seconds / 3600
    cost = (
        f"the engine {prepared.engine.name} can't tell how many core-hours in advance"
        if hours is None
        else f"about {hours:.1f} core-hours, as fast as this machine's cores"
    )
    config, workers = submission.config, submission.config.workers
    cores = workers.max_jobs * workers.nodes * workers.cores
    driver = driver_script(config, driver_request(config), submission.command)
    address = "tls://ADDRESS-OF-THE-DRIVER"
    typer.echo(
        f"{prepared.recipe.study.name}: {prepared.plan.n_calculations} calculations with "
        f"{prepared.recipe.engine.name}, up to {workers.max_jobs * workers.processes} at a time "
        f"on {cores} cores; {cost}\n"
        f"\n# the driver's job, {submission.title!r}\n{driver}"
        f"\n# a job of workers, up to {workers.max_jobs} of them\n"
        f"{worker_script(config, address, 'worker-0', None)}"
    )
