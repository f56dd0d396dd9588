"""Read the folders of one study computed by several engines, and compare them."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import numpy as np

from llo_dft.analysis.engines.study_comparison import compare_studies
from llo_dft.documents.atom_identity import bare_sites
from llo_dft.documents.comparison import StudyComparison
from llo_dft.documents.plan import StudyPlan
from llo_dft.recipe import Recipe
from llo_dft.study.folder import IDENTITY, StudyFolder, StudyFolderError
from llo_dft.study.result import study_result
from llo_dft.study.study_files import read_results, stored_plan

#: Sections that decide what is computed and evaluated, but not by which engine.
_ALIKE: Final = (*(section for section in IDENTITY if section != "engine"), "oxygen")

#: Keys that may differ: a name and a device change no number, and each potential has its O2.
#: Another temperature or pressure shifts every E_f, which would look like a spread of engines.
_FREE: Final = {"study": {"name"}, "engine": {"device"}, "oxygen": {"scheme"}}

#: Largest difference of coordinates of the same slab in two plans, fractions of the cell.
_SAME_PLACE: Final = 1e-6


def compare_folders(paths: Sequence[Path]) -> StudyComparison:
    """Compare the results of one study by several engines, whether complete or not.

    Raises ``InputError`` if there are fewer than two, one is not a study that was run, or they are
    not the same study by different engines or settings.
    """
    if len(paths) < 2:  # noqa: PLR2004 (one beside another)
        raise StudyFolderError(
            f"expected two study folders or more, got {len(paths)}: the same study, computed by "
            "different engines"
        )
    folders = [StudyFolder(path) for path in paths]
    recipes = [folder.recipe() for folder in folders]
    for path, recipe in zip(paths[1:], recipes[1:], strict=True):
        _check_same_study(paths[0], recipes[0], path, recipe)
    for (path, recipe), (other, its) in combinations(zip(paths, recipes, strict=True), 2):
        if _fields(recipe, "engine") == _fields(its, "engine"):
            raise StudyFolderError(
                f"{path} and {other} are both by engine {recipe.engine.name} with the same "
                "settings; expected different engines or protocols"
            )
    plans = [stored_plan(folder) for folder in folders]
    for path, plan in zip(paths[1:], plans[1:], strict=True):
        _check_same_plan(paths[0], plans[0], path, plan)
    return compare_studies(
        {
            # of an unfinished run those of its calculations so far
            str(one.path): read_results(one.results) if one.results.is_file() else study_result(one)
            for one in folders
        }
    )


def _check_same_study(path: Path, recipe: Recipe, other_path: Path, other: Recipe) -> None:
    differing = [
        difference
        for section in _ALIKE
        for difference in _differences(section, _fields(recipe, section), _fields(other, section))
    ]
    if differing:
        raise StudyFolderError(
            f"{path} and {other_path} are not the same study: {'; '.join(differing)}; expected "
            "recipes that differ in [engine], the O2 scheme and the study's name only"
        )


def _check_same_plan(path: Path, plan: StudyPlan, other_path: Path, other: StudyPlan) -> None:
    """Refuse plans whose indices may mean other atoms although their recipes are the same."""
    interfaces, others = (
        [(one.label, one.registry, one.gap, bare_sites(one.structure)) for one in each.interfaces]
        for each in (plan, other)
    )
    if (
        plan.hosts != other.hosts
        or interfaces != others
        or plan.slab.species != other.slab.species
        or not np.allclose(plan.slab.frac_coords, other.slab.frac_coords, atol=_SAME_PLACE)
    ):
        raise StudyFolderError(
            f"{path} and {other_path} have the same recipe but different plans: they were made "
            "by different versions of this package; run one of them again in a new folder"
        )


def _fields(recipe: Recipe, section: str) -> dict[str, Any]:
    table = getattr(recipe, section)
    fields: dict[str, Any] = {} if table is None else table.model_dump(mode="json")
    return {key: value for key, value in fields.items() if key not in _FREE.get(section, ())}


def _differences(section: str, fields: dict[str, Any], others: dict[str, Any]) -> list[str]:
    if bool(fields) != bool(others):
        return [f"[{section}] is in one of them only"]
    return [
        f"[{section}] {key} = {fields.get(key)!r} and {others.get(key)!r}"
        for key in {**fields, **others}
        if fields.get(key) != others.get(key)
    ]
