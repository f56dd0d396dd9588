"""llo-dft submit: put a study into the queue of a cluster; cancel takes it out again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llo_dft.cli.options import OtherEngine, OtherProtocol, OtherScheme, RecipeName, StudyPath
from llo_dft.cli.output.common import bad_input_in_one_line, recipe_with
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from llo_dft.recipe import Recipe
    from llo_dft.study.run_study import PreparedRun
    from llo_dft.submit.dask.submission import Submission


def submit(  # noqa: PLR0913, PLR0917 (each is an option of the command)
    recipe: RecipeName,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of the study; compute nodes must see it.")
    ],
    engine: OtherEngine = None,
    protocol: OtherProtocol = None,
    scheme: OtherScheme = None,
    on: Path | None = typer.Option(
        None, help="Cluster file: a driver in the queue that starts Dask workers; no database."
    ),
    project: str | None = typer.Option(
        None, help="Project of jobflow-remote, its name or file: a job for each calculation."
    ),
    worker: str | None = typer.Option(
        None, help="Worker of the project for the calculations, in place of their types' own."
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
    """Put a study into a cluster's queue, where it runs by itself: --on or --project."""
    with bad_input_in_one_line():
        study, folder = recipe_with(recipe, engine=engine, protocol=protocol, scheme=scheme)
        if (on is None) == (project is None) or (worker is not None and project is None):
            raise InputError(
                "expected either --on CLUSTER.yaml or --project NAME; --worker goes with --project"
            )
        if on is not None:
            _submit_driver(study, folder, output, on, dry_run=dry_run)
        else:
            from llo_dft.cli.submit_remote import submit_jobs  # noqa: PLC0415

            submit_jobs(study, folder, output, str(project), worker, dry_run=dry_run)


def _submit_driver(
    study: Recipe, recipe_folder: Path, output: Path, on: Path, *, dry_run: bool
) -> None:
    from llo_dft.study.folder import StudyFolder  # noqa: PLC0415 (all: keeps --help fast)
    from llo_dft.study.manifest import write_structures  # noqa: PLC0415
    from llo_dft.study.remote.submission_record import check_not_submitted  # noqa: PLC0415
    from llo_dft.study.run_study import prepare_run  # noqa: PLC0415
    from llo_dft.submit.dask.cluster_config import load_cluster  # noqa: PLC0415
    from llo_dft.submit.dask.driver import driver_request, submit_driver  # noqa: PLC0415
    from llo_dft.submit.dask.scripts import python_of, require_dask  # noqa: PLC0415
    from llo_dft.submit.dask.submission import Submission  # noqa: PLC0415

    config = load_cluster(on)
    require_dask()
    driver_request(config)
    check_not_submitted(output)
    folder = StudyFolder(output)
    prepared = prepare_run(study, recipe_folder, folder, computes_here=False)
    submission = Submission(
        title=f"llo-dft {study.study.name}",
        recipe_folder=str(recipe_folder),
        config=config,
        command=[*driver_command(python_of(config)), "drive", str(output.resolve())],
    )
    if dry_run:
        typer.echo(_scripts(prepared, submission))
        return
    with folder.lock():
        folder.claim(study, prepared.files)
        write_structures(prepared.plan, output)
        job = submit_driver(output, submission)
    typer.echo(
        f"{study.study.name}: {prepared.plan.n_calculations} calculations; the driver is job {job} "
        f"of {config.scheduler}. 'llo-dft status {output}' shows how far it is, "
        f"'llo-dft cancel {output}' ends it"
    )


def driver_command(python: str) -> list[str]:
    """Return what starts this program in a job, importing nothing from the folder it is in."""
    return [python, "-P", "-m", "llo_dft.cli.main"]


def cancel(folder: StudyPath) -> None:
    """Take a study out of a cluster's queue: its driver and workers, or its jobs."""
    from llo_dft.study.folder import StudyFolder  # noqa: PLC0415 (all: keeps --help fast)
    from llo_dft.study.remote.submission_record import read_submission  # noqa: PLC0415
    from llo_dft.submit.dask import driver  # noqa: PLC0415

    with bad_input_in_one_line():
        if read_submission(folder) is None:
            jobs = driver.cancel(folder)
        else:
            from llo_dft.study.remote.submit_project import cancel_study  # noqa: PLC0415

            jobs = cancel_study(StudyFolder(folder))
    found = f"cancelled {', '.join(jobs)}" if jobs else "no job of it was in the queue"
    typer.echo(f"{found}; what is computed stays, and submitting it again resumes it")


def _scripts(prepared: PreparedRun, submission: Submission) -> str:
    from llo_dft.study.planning.estimate import estimate  # noqa: PLC0415 (both: keeps --help fast)
    from llo_dft.submit.dask.driver import driver_request  # noqa: PLC0415
    from llo_dft.submit.dask.scripts import driver_script, worker_script  # noqa: PLC0415

    seconds = estimate(prepared.plan, prepared.engine, prepared.folder.calculations).seconds
    cost = (
        f"the engine {prepared.engine.name} can't estimate the core-hours"
        if seconds is None
        else f"about {seconds / 3600:.1f} core-hours, as fast as this machine's cores"
    )
    config, workers = submission.config, submission.config.workers
    return (
        f"{prepared.recipe.study.name}: {prepared.plan.n_calculations} calculations with "
        f"{prepared.recipe.engine.name}, up to {workers.max_jobs * workers.processes} at a time "
        f"on {workers.max_jobs * workers.all_cores} cores; {cost}\n"
        f"\n# the driver's job, {submission.title!r}\n"
        f"{driver_script(config, driver_request(config), submission.command)}"
        f"\n# a job of workers, up to {workers.max_jobs} of them\n"
        f"{worker_script(config, 'tls://ADDRESS-OF-THE-DRIVER', 'worker-0', None)}"
    )
