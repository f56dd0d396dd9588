"""llo-dft build: the structures of a recipe, and VASP's inputs, without any calculation."""

from pathlib import Path

import typer

from llo_dft.cli.named_recipes import find_recipe
from llo_dft.cli.output.common import print_json
from llo_dft.cli.output.phrases import built_lines
from llo_dft.documents.asked_and_built import asked_and_built
from llo_dft.documents.plan import StudyPlan
from llo_dft.engines.registry import engine_from, named_by_user
from llo_dft.recipe import with_engine
from llo_dft.study.drawn.pictures import draw_hosts
from llo_dft.study.dry_inputs import ESTIMATE, INPUTS, StudySize, write_inputs
from llo_dft.study.folder import StudyFolder, named_files
from llo_dft.study.manifest import write_structures
from llo_dft.study.planning.make_plan import make_plan, with_electronic
from llo_dft.study.planning.oxygen_settings import oxygen_settings
from llo_dft.study.planning.planned_calculations import check_engine


def build(
    recipe: str = typer.Argument(help="Recipe file, or the name of a recipe of this package."),
    output: Path = typer.Option(..., "-o", "--output", help="Folder of the study."),
    engine: str | None = typer.Option(
        None, help="Engine instead of the recipe's; for vasp its input files are written too."
    ),
    protocol: str | None = typer.Option(None, help="Protocol instead of the recipe's."),
    as_json: bool = typer.Option(False, "--json", help="Print the manifest."),  # noqa: FBT001, FBT003
) -> None:
    """Write the structures of a recipe and a manifest; compute nothing."""
    asked, recipe_folder = find_recipe(recipe)  # once: it may come through a pipe
    study = with_engine(asked, engine=engine, protocol=protocol)
    named_by_user(study.engine)
    computing = engine_from(study.engine)
    if study.engine.name == asked.engine.name:
        oxygen_settings(study, computing.oxygen)  # run would refuse it; another is a trial
    folder = StudyFolder(output)
    files = named_files(study, recipe_folder)
    folder.check_free_for(study, files)
    plan = with_electronic(make_plan(study, recipe_folder), study.electronic, computing)
    has_inputs = "inputs" in computing.capabilities
    if has_inputs:
        check_engine(computing, plan, machine=False)
    size: StudySize | None = None
    with folder.lock():
        folder.claim(study, files)
        entries = write_structures(plan, folder.path, computing.no_crossings)
        draw_hosts(plan, study, folder.path)
        if has_inputs:
            size = write_inputs(plan, computing, folder.path)
    if as_json:
        printed = {"folder": str(output), "structures": entries}
        if computing.added:
            printed["added"] = list(computing.added)
        print_json(printed if size is None else {**printed, "inputs": size})
        return
    _print_structures(plan, len(entries), output)
    for line in computing.added:
        typer.echo(line)
    if size is not None:
        program = computing.program
        _print_size(size, study.engine.name if program is None else program.name, output)


def _print_structures(plan: StudyPlan, n_structures: int, output: Path) -> None:
    for line in built_lines(asked_and_built(plan), plan.notes):
        typer.echo(line)
    typer.echo(
        f"{n_structures} structures in {output / 'structures'} (slabs also as pictures), listed in "
        f"{output / 'manifest.json'}; a run takes at most {plan.n_calculations} calculations"
    )


def _print_size(size: StudySize, program: str, output: Path) -> None:
    """Print how big each run of a program is."""
    width = max(len(run["calculation"]) for run in size["runs"])
    typer.echo(
        f"{'calculation':{width}}  {'stage':6}  {'ions':>5}  {'electrons':>9}  {'plane waves':>11}"
        f"  {'k-points':>8}  {'bands':>5}  spins"
    )
    for run in size["runs"]:
        typer.echo(
            f"{run['calculation']:{width}}  {run['stage']:6}  {run['n_ions']:5}  "
            f"{run['n_electrons']:9}  {run['n_plane_waves']:11}  {run['n_k_points']:8}  "
            f"{run['n_bands']:5}  {run['n_spins']:5}"
        )
    typer.echo(
        f"{size['n_runs']} runs of {program} for "
        f"{size['n_calculations'] - len(size['not_yet_known'])} of {size['n_calculations']} "
        "calculations, "
        f"{size['n_ions']} ions and {size['n_electrons']} electrons in all; inputs without "
        f"pseudopotentials in {output / INPUTS}, sizes in {output / INPUTS / ESTIMATE}"
    )
    if size["not_yet_known"]:
        typer.echo(
            f"without inputs yet, since the O is known only once the interface is relaxed: "
            f"{', '.join(size['not_yet_known'])}"
        )
