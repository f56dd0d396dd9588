"""llo-dft submit --project, and retry and collect: a study in the queue of jobflow-remote."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from llo_dft.cli.output.common import COMPLETE, INCOMPLETE, bad_input_in_one_line, print_json

if TYPE_CHECKING:
    from llo_dft.recipe import Recipe
    from llo_dft.study.remote.submit_project import PreparedSubmission


def submit_to_project(
    study: Recipe, recipe_folder: Path, output: Path, project: str, worker: str | None
) -> PreparedSubmission:
    """Check a study and a project, and say what each job would ask for; nothing is written.

    Raises
    ------
    InputError
        If something is not as it should be.
    """
    from llo_dft.study.folder import StudyFolder  # noqa: PLC0415
    from llo_dft.study.remote.submission_record import check_not_submitted  # noqa: PLC0415
    from llo_dft.study.remote.submit_project import prepare_submission  # noqa: PLC0415
    from llo_dft.study.run_study import prepare_run  # noqa: PLC0415
    from llo_dft.submit.remote.project import load_project  # noqa: PLC0415

    settings = load_project(project)
    check_not_submitted(output)
    prepared = prepare_run(study, recipe_folder, StudyFolder(output), computes_here=False)
    return prepare_submission(prepared, settings, worker)


def show(submission: PreparedSubmission) -> None:
    """Print every job of a submission, what it asks for, and the core-hours."""
    from llo_dft.study.remote.job_requests import core_hours  # noqa: PLC0415

    prepared = submission.prepared
    expected = core_hours(submission.wanted, prepared.plan, prepared.engine)
    columns = ("job", "type", "worker", "atoms", "nodes", "cores", "memory", "walltime")
    rows: list[tuple[str, ...]] = [(*columns, "core-hours", "at most")]
    for request in submission.wanted:
        job, size = request.job, request.size
        if job.label is None or size is None:
            continue
        about = expected.get(job.label)
        rows.append(
            (
                *(job.label, job.type, request.worker, str(job.atoms), str(size.nodes)),
                *(str(size.all_cores), size.memory, _clock(size.walltime)),
                "?" if about is None else f"{about:.1f}",
                f"{size.core_hours:.0f}",
            )
        )
    rows += _without_queue(submission)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
    typer.echo(_summary(submission, expected))


def _without_queue(submission: PreparedSubmission) -> list[tuple[str, ...]]:
    """Return the jobs that no scheduler sees, those of one name together."""
    names = Counter(
        (request.job.label or request.job.name, request.job.type, request.worker)
        for request in submission.wanted
        if request.job.label is None or request.size is None
    )
    return [
        (name if number == 1 else f"{name} ({number} jobs)", kind, worker, *("-",) * 7)
        for (name, kind, worker), number in names.items()
    ]


def _summary(submission: PreparedSubmission, expected: dict[str, float]) -> str:
    prepared, wanted = submission.prepared, submission.wanted
    sizes = [request.size for request in wanted if request.size is not None]
    most = sum(size.core_hours for size in sizes)
    n_small = sum(request.job.label is None for request in wanted)
    if len(expected) == prepared.plan.n_calculations:
        source = (
            "by the project's core_seconds_per_atom_step"
            if all(r.kind.core_seconds_per_atom_step for r in wanted if r.job.label)
            else "as fast as this machine's cores"
        )
        cost = f"about {sum(expected.values()):.1f} core-hours ({source})"
    else:
        cost = (
            f"the engine {prepared.engine.name} can't tell how many core-hours in advance; "
            "core_seconds_per_atom_step in the project lets it"
        )
    return (
        f"{prepared.recipe.study.name}: {prepared.plan.n_calculations} calculations and {n_small} "
        f"small jobs to project {submission.project.name}; {cost}, at most {most:.0f} if every "
        "job runs to the end of its walltime"
    )


def retry(
    folder: Path = typer.Argument(help="Folder of the study."),
    stale_after: float = typer.Option(
        600.0,
        min=0.0,
        help="Seconds for which a runner may hold a job before it is taken for a killed one.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON."),  # noqa: FBT001, FBT003
) -> None:
    """Rerun what failed of a study that was submitted to a project, with what it now asks for."""
    from llo_dft.study.folder import StudyFolder  # noqa: PLC0415 (keeps --help fast)
    from llo_dft.study.remote.rerun import retry_study  # noqa: PLC0415

    with bad_input_in_one_line():
        done = retry_study(StudyFolder(folder), stale_after)
    if as_json:
        print_json(vars(done))
    else:
        for name in done.freed:
            typer.echo(f"freed {name}: the runner that held it seems to have been killed")
        for name in done.rerun:
            typer.echo(f"runs again: {name}, and what follows from it")
        for name, reason in done.left.items():
            typer.echo(f"not yet: {name}: {reason}")
        if not (done.freed or done.rerun or done.left):
            typer.echo("nothing failed")
    raise typer.Exit(INCOMPLETE if done.left else COMPLETE)


def collect(
    folder: Path = typer.Argument(help="Folder of the study."),
    as_json: bool = typer.Option(False, "--json", help="Print the results as JSON."),  # noqa: FBT001, FBT003
) -> None:
    """Write the results of a submitted study from what there is, before it is done or without it.

    A study whose jobs all come to their end writes them by itself.
    """
    from llo_dft.study.folder import StudyFolder  # noqa: PLC0415
    from llo_dft.study.remote.collect_results import collect_now  # noqa: PLC0415
    from llo_dft.study.remote.submission_record import require_submission  # noqa: PLC0415
    from llo_dft.submit.remote.project import load_project  # noqa: PLC0415 (keeps --help fast)

    study = StudyFolder(folder)
    with bad_input_in_one_line():
        record = require_submission(folder)
        result = collect_now(study, load_project(record.project), record)
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        from llo_dft.cli.output.study_tables import print_study  # noqa: PLC0415
        from llo_dft.study.result_files import FIGURE  # noqa: PLC0415

        print_study(result)
        typer.echo(f"wrote {study.results}, results.csv and {FIGURE} in {folder}")
    raise typer.Exit(COMPLETE if result.is_complete else INCOMPLETE)


def _clock(seconds: int) -> str:
    minutes = seconds // 60
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
