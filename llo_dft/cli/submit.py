"""llo-dft submit: put the driver of a study into the queue of a cluster; cancel it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from llo_dft.cli.common import bad_input_in_one_line, find_recipe

if TYPE_CHECKING:
    from llo_dft.hpc.submission import Submission
    from llo_dft.study.run import PreparedRun


def submit(
    recipe: str = typer.Argument(help="Recipe file, or the name of one that comes along."),
    on: Path = typer.Option(..., help="Cluster file."),
    output: Path = typer.Option(
        ..., "-o", "--output", help="Folder of the study, which the compute nodes must see."
    ),
    dry_run: bool = typer.Option(  # noqa: FBT001
        False,  # noqa: FBT003
        "--dry-run",
        help="Print the scripts and what there is to compute; submit and write nothing.",
    ),
) -> None:
    """Put a study's driver into the queue, where it starts workers and goes on by itself."""
    with bad_input_in_one_line():
        study, recipe_folder = find_recipe(recipe)
        from llo_dft.hpc.cluster_config import load_cluster  # noqa: PLC0415 (keeps --help fast)
        from llo_dft.hpc.driver import (  # noqa: PLC0415
            check_not_driven,
            driver_request,
            submit_driver,
        )
        from llo_dft.hpc.scripts import python_of, require_dask  # noqa: PLC0415
        from llo_dft.hpc.submission import Submission  # noqa: PLC0415
        from llo_dft.study.folder import StudyFolder  # noqa: PLC0415
        from llo_dft.study.manifest import write_structures  # noqa: PLC0415
        from llo_dft.study.run import prepare_run  # noqa: PLC0415

        config = load_cluster(on)
        require_dask()
        driver_request(config)
        folder = StudyFolder(output)
        check_not_driven(output)
        prepared = prepare_run(study, recipe_folder, folder, computes_here=False)
        submission = Submission(
            title=f"llo-dft {study.study.name}",
            recipe_folder=str(recipe_folder),
            config=config,
            command=[*driver_command(python_of(config)), "drive", str(output.resolve())],
        )
        if dry_run:
            _show(prepared, submission)
            return
        with folder.lock():
            folder.claim(study)
            write_structures(prepared.plan, output)
            job = submit_driver(output, submission)
    typer.echo(
        f"{study.study.name}: {prepared.plan.n_calculations} calculations; the driver is job {job} "
        f"of {config.scheduler}. 'llo-dft status {output}' shows how far it is, "
        f"'llo-dft cancel {output}' ends it"
    )


def driver_command(python: str) -> list[str]:
    """Return what starts this program in a job."""
    return [python, "-m", "llo_dft.cli.main"]


def cancel(folder: Path = typer.Argument(help="Folder of the study.")) -> None:
    """Cancel a study's driver in the queue, the next one that waits for it, and its workers."""
    from llo_dft.hpc import driver  # noqa: PLC0415 (keeps --help fast)

    with bad_input_in_one_line():
        jobs = driver.cancel(folder)
    found = f"cancelled {', '.join(jobs)}" if jobs else "no job of it was in the queue"
    typer.echo(f"{found}; what is computed stays, and submitting it again goes on")


def _show(prepared: PreparedRun, submission: Submission) -> None:
    from llo_dft.hpc.driver import driver_request  # noqa: PLC0415
    from llo_dft.hpc.scripts import driver_script, worker_script  # noqa: PLC0415
    from llo_dft.study.estimate import estimate  # noqa: PLC0415

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
