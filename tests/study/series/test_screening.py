"""The recipes of a screen; tests/cli/test_screen.py runs one to its files."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest
from made_screen import SCREEN
from screen_recipes import FLAT, STEP, write_screen_recipe

from llo_dft.errors import InputError
from llo_dft.recipe import load_recipe
from llo_dft.resources import resource_path
from llo_dft.study.planning.make_plan import make_plan
from llo_dft.study.series.screening import load_screen, screen_table

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.recipe import Recipe


def test_each_coating_is_a_study_that_differs_in_its_coating(tmp_path: Path) -> None:
    name, recipes = load_screen(write_screen_recipe(tmp_path, {"flat": FLAT, "a step": STEP}))
    assert name == "coated"
    assert [recipe.study.name for recipe in recipes.values()] == ["coated flat", "coated a step"]
    flat, step = (_without_names(recipe) for recipe in recipes.values())
    assert flat.pop("coating") == step.pop("coating") | FLAT
    assert flat == step


def _without_names(recipe: Recipe) -> dict[str, Any]:
    fields = recipe.model_dump()
    del fields["study"]["name"]
    return fields


@pytest.mark.parametrize(
    ("coatings", "message"),
    [
        ({}, r"names no coatings to screen; expected tables \[coatings\.NAME\]"),
        ({"../up": FLAT}, r"coatings\.\.\./up: expected a table \[coatings\.NAME\], NAME of"),
        ({"flat": FLAT | {"colour": 1}}, r"coatings\.flat: unknown key 'colour' in \[coating\]"),
        ({"flat": FLAT | {"layers": 0}}, r"coatings\.flat: coating\.layers = 0: "),
    ],
)
def test_what_is_no_screen_says_what_is_expected(
    tmp_path: Path, coatings: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        load_screen(write_screen_recipe(tmp_path, coatings))


def test_a_screen_is_no_study(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="coatings names several: use 'llo-dft screen'"):
        load_recipe(write_screen_recipe(tmp_path, {"flat": FLAT}))


def test_the_table_has_a_line_for_each_oxygen_and_one_for_a_coating_without() -> None:
    rows = list(csv.DictReader(screen_table(SCREEN).splitlines()))
    assert [row["coating"] for row in rows] == ["high"] * 4 + ["low"] * 4 + [
        *("rebuilt", "failed", "none")
    ]
    first, *_, last = rows
    assert [float(first[name]) for name in ("difference_ev", "mean_ev", "strain_2")] == [
        *(0.1, 0.1, -0.07)
    ]
    assert (last["rank"], last["mean_ev"], last["reasons"]) == ("", "", "no such face")


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize(("name", "n_coatings"), [("screen_small", 3), ("screen_coatings", 7)])
def test_every_coating_of_the_screens_that_come_along_can_be_built(
    name: str, n_coatings: int
) -> None:
    """On one bare slab: the calculations of it are shared."""
    path = resource_path("workflows", f"{name}.toml")
    plans = [make_plan(recipe, path.parent) for recipe in load_screen(path)[1].values()]
    assert len(plans) == n_coatings
    assert all(plan.slab == plans[0].slab and plan.interfaces for plan in plans)
