"""llo-dft screen: one cathode under several coatings, each a study of its own, ranked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from llo_dft.cli import options
from llo_dft.cli.named_recipes import screen_with
from llo_dft.cli.output.common import COMPLETE, INCOMPLETE, print_document, print_phase
from llo_dft.cli.output.series_tables import print_screen
from llo_dft.cli.run import cluster_config, prepared_in, run_prepared
from llo_dft.documents.study_result import StudyResult
from llo_dft.errors import InputError
from llo_dft.study.contacts.study_reactions import store_reactions, study_reactions
from llo_dft.study.drawn.study_report import write_report
from llo_dft.study.folder import StudyFolder, StudyFolderError
from llo_dft.study.remote.submission_record import check_not_submitted
from llo_dft.study.run_study import PreparedRun
from llo_dft.study.series.screening import SCREEN, SCREEN_FIGURE, SCREEN_TABLE, write_screen

#: Folder of a screen for the calculations of competing phases; no coating can have that name.
_PHASES: Final = ".phases"


def screen(  # noqa: PLR0913, PLR0917 (each is an option of the command)
    recipe: options.RecipeName,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the screen.")],
    engine: options.OtherEngine = None,
    model: options.OtherModel = None,
    protocol: options.OtherProtocol = None,
    scheme: options.OtherScheme = None,
    workers: options.Workers = None,
    on: options.OnCluster = None,
    *,
    reactions: Annotated[
        bool,
        typer.Option(
            "--reactions",
            help="Also compute how the crystals of each coating and the cathode react.",
        ),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Compute a cathode under several coatings, and rank them. Run it again to resume.

    The recipe has one table [coatings.NAME] per coating, with what differs from [coating]. Each
    coating is a study in its own folder; the bare slab is computed only once.
    """
    name, recipes, recipe_folder = screen_with(
        recipe, engine=engine, model=model, protocol=protocol, scheme=scheme
    )
    config = cluster_config(on, workers)
    prepared: dict[str, PreparedRun] = {}
    results: dict[str, StudyResult] = {}
    refused: dict[str, str] = {}
    for coating, study in recipes.items():
        check_not_submitted(output / coating)
        with _noting(refused, coating):
            prepared[coating] = prepared_in(output / coating, study, recipe_folder, config)
    for coating, run in prepared.items():
        beside = tuple(prepared[done].folder for done in results)
        with _noting(refused, coating):
            results[coating] = run_prepared(replace(run, beside=beside), workers, config)
            if reactions:
                _store_reactions(coating, run.folder, output)
        if results:  # after each, so that there is something to look at
            ranked = write_screen(name, output, results, refused)
    if not results:
        raise InputError("no coating of the screen can be computed; see above")
    write_report([output])
    print_document(ranked, print_screen, as_json=as_json)
    if not as_json:
        typer.echo(
            f"wrote {SCREEN}, {SCREEN_TABLE}, {SCREEN_FIGURE} and the page report.html in "
            f"{output}, and the results of each coating in its folder"
        )
    raise typer.Exit(COMPLETE if ranked.is_complete else INCOMPLETE)


@contextmanager
def _noting(refused: dict[str, str], coating: str) -> Iterator[None]:
    """Print and note why a coating is not computed.

    A folder that is in use or another study's ends the whole screen.
    """
    try:
        yield
    except StudyFolderError:
        raise
    except InputError as error:
        typer.echo(f"llo-dft: {coating}: {error}", err=True)
        refused[coating] = str(error)


def _store_reactions(coating: str, folder: StudyFolder, output: Path) -> None:
    """Compute how a coating and the cathode react, or report why that is not possible."""
    try:
        found = study_reactions(folder, computed=output / _PHASES, progress=print_phase)
    except InputError as error:
        typer.echo(f"llo-dft: {coating}: no reactions: {error}", err=True)
    else:
        store_reactions(folder, found)
