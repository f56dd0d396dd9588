"""The recipe or screen that a command names, with the changes that its options ask for."""

from pathlib import Path

from llo_dft.engines.registry import named_by_user
from llo_dft.recipe import Recipe, load_recipe, with_engine
from llo_dft.resources import recipe_path
from llo_dft.study.series.screening import load_screen


def find_recipe(name: str) -> tuple[Recipe, Path]:
    """Return a recipe and its folder: a file, or one that comes with the package by its name.

    Raises ``InputError`` if there is none, or it can't be used.
    """
    path = recipe_path(name)
    recipe = load_recipe(path)
    named_by_user(recipe.engine)
    return recipe, path.resolve().parent


def recipe_with(name: str, **changes: str | None) -> tuple[Recipe, Path]:
    """Return a recipe as ``find_recipe`` does, with the changes that ``with_engine`` makes.

    Raises ``InputError`` also if there is no such scheme.
    """
    recipe, folder = find_recipe(name)
    changed = with_engine(recipe, **changes)
    named_by_user(changed.engine)
    return changed, folder


def screen_with(name: str, **changes: str | None) -> tuple[str, dict[str, Recipe], Path]:
    """Return the name of a screen, the recipe of each coating, and the folder of its file.

    Changes and errors are those of ``recipe_with``.
    """
    path = recipe_path(name)
    title, recipes = load_screen(path)
    changed = {coating: with_engine(study, **changes) for coating, study in recipes.items()}
    for study in changed.values():
        named_by_user(study.engine)
    return title, changed, path.resolve().parent
