"""A study in several cells: other orderings of the metals, and wider cells of the same."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from llo_dft.analysis.vacancy.cell_spread import ComputedCell, study_spread
from llo_dft.documents.spread import StudySpread
from llo_dft.documents.study_result import StudyResult
from llo_dft.errors import InputError
from llo_dft.recipe import Recipe
from llo_dft.report.figures.spread_figure import save_spread
from llo_dft.study.folder import write_whole
from llo_dft.study.planning.make_plan import make_plan

#: Files of a study in several cells, beside the folders of its cells.
SPREAD: Final = "spread.json"
SPREAD_FIGURE: Final = "spread.png"


def recipes_of_cells(recipe: Recipe, recipe_folder: Path) -> dict[str, Recipe]:
    """Return the recipe of each cell of a study by folder name; empty if it has only one cell.

    A wider cell, which could come closer to the requested fractions, gets those of the single
    cell: only at equal charge does nothing but the width differ.

    Files that the recipe names are in ``recipe_folder``.

    Raises ``InputError`` if the recipe itself sets a replica or repeat.
    """
    study = recipe.study
    if study.replicas == 1 and not study.wider:
        return {}
    if recipe.cathode.replica or recipe.cathode.repeat != (1, 1):
        raise InputError(
            "study.replicas and study.wider choose cathode.replica and cathode.repeat of each cell "
            "themselves; leave those out"
        )
    cells = {
        f"ordering-{i + 1}": _cell(recipe, f"ordering-{i + 1}", replica=i)
        for i in range(study.replicas)
    }
    if study.wider:
        once = make_plan(cells["ordering-1"], recipe_folder)
        fractions = [host.lithium_fraction for host in once.hosts if host.termination is None]
        same = recipe.delithiation.model_copy(update={"fractions": fractions})
        recipe = recipe.model_copy(update={"delithiation": same})
    for a, b in study.wider:
        cells[f"wider-{a}x{b}"] = _cell(recipe, f"wider-{a}x{b}", repeat=(a, b))
    return cells


def _cell(recipe: Recipe, name: str, **change: int | tuple[int, int]) -> Recipe:
    title = f"{recipe.study.name} {name}"[:64]
    alone = {"name": title, "replicas": 1, "wider": []}
    return recipe.model_copy(
        update={
            "study": recipe.study.model_copy(update=alone),
            "cathode": recipe.cathode.model_copy(update=change),
        }
    )


def write_spread(
    name: str, folder: Path, recipes: Mapping[str, Recipe], results: Mapping[str, StudyResult]
) -> StudySpread:
    """Compare the results of the cells, and write table and figure.

    The folders of the cells are in ``folder``; recipes and results are by their names.
    """
    cells = {
        cell: ComputedCell(
            result,
            recipes[cell].cathode.replica,
            math.prod(recipes[cell].cathode.repeat),
        )
        for cell, result in results.items()
    }
    spread = study_spread(cells).model_copy(update={"study": name})
    save_spread(spread, folder / SPREAD_FIGURE)
    write_whole(folder / SPREAD, spread.model_dump_json(indent=1) + "\n")
    return spread
