"""llo-dft build: the structures of a recipe, without any calculation."""

from __future__ import annotations

from pathlib import Path

import typer

from llo_dft.cli.common import bad_input_in_one_line, find_recipe, print_json


def build(
    recipe: str = typer.Argument(help="Recipe file, or the name of one that comes along."),
    output: Path = typer.Option(..., "-o", "--output", help="Folder of the study."),
    as_json: bool = typer.Option(False, "--json", help="Print the manifest."),  # noqa: FBT001, FBT003
) -> None:
    """Write every structure of a recipe and a manifest; nothing is computed."""
    with bad_input_in_one_line():
        study, recipe_folder = find_recipe(recipe)
        from llo_dft.engines.registry import oxygen_reference  # noqa: PLC0415 (keeps --help fast)
        from llo_dft.study.folder import StudyFolder  # noqa: PLC0415
        from llo_dft.study.manifest import write_structures  # noqa: PLC0415
        from llo_dft.study.oxygen import oxygen_settings  # noqa: PLC0415
        from llo_dft.study.pictures import draw_hosts  # noqa: PLC0415
        from llo_dft.study.plan import make_plan  # noqa: PLC0415

        oxygen_settings(study, oxygen_reference(study.engine))  # what run would refuse
        folder = StudyFolder(output)
        folder.check_free_for(study)
        plan = make_plan(study, recipe_folder)
        with folder.lock():
            folder.claim(study)
            entries = write_structures(plan, folder.path)
            draw_hosts(plan, folder.path)
    if as_json:
        print_json({"folder": str(output), "structures": entries})
        return
    deviation = (
        f" (asked for {plan.requested_composition}, off by at most "
        f"{plan.composition_deviation:.3f} per O2)"
        if plan.composition_deviation > 1e-6  # noqa: PLR2004
        else ""
    )
    typer.echo(f"{plan.composition}{deviation}")
    typer.echo(
        f"{len(entries)} structures in {output / 'structures'} (slabs as pictures too), listed in "
        f"{output / 'manifest.json'}; a run takes {plan.n_calculations} calculations"
    )
