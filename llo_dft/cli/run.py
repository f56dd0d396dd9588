"""llo-dft run: compute a study here, and go on where it stopped."""

from __future__ import annotations

from pathlib import Path

import typer

from llo_dft.cli.common import (
    COMPLETE,
    INCOMPLETE,
    bad_input_in_one_line,
    find_recipe,
    print_json,
)


def run(
    recipe: str = typer.Argument(help="Recipe file, or the name of one that comes along."),
    output: Path = typer.Option(..., "-o", "--output", help="Folder of the study."),
    workers: int | None = typer.Option(
        None, min=1, help="Calculations at a time (default: one a processor, as memory allows)."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the results as JSON."),  # noqa: FBT001, FBT003
) -> None:
    """Run a study. Run it again, and it goes on where it stopped."""
    with bad_input_in_one_line():
        study, recipe_folder = find_recipe(recipe)
        from llo_dft.cli.progress import shown_progress  # noqa: PLC0415 (keeps --help fast)
        from llo_dft.study.folder import StudyFolder  # noqa: PLC0415
        from llo_dft.study.machine import default_workers  # noqa: PLC0415
        from llo_dft.study.run import prepare_run, run_study  # noqa: PLC0415

        folder = StudyFolder(output)
        prepared = prepare_run(study, recipe_folder, folder)
        workers = workers or default_workers()
        total = prepared.plan.n_calculations
        typer.echo(
            f"{study.study.name}: {prepared.plan.composition}, engine {study.engine.name} "
            f"({study.engine.protocol}), {total} calculations, {workers} at a time",
            err=True,
        )
        with shown_progress(total, study.study.name) as on_progress:
            result = run_study(prepared, workers=workers, on_progress=on_progress)
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        from llo_dft.cli.tables import print_study  # noqa: PLC0415
        from llo_dft.study.results import FIGURE  # noqa: PLC0415

        print_study(result)
        typer.echo(f"wrote {folder.results}, results.csv and {FIGURE} in {output}")
    raise typer.Exit(COMPLETE if result.is_complete else INCOMPLETE)
