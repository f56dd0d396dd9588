"""Methods, references, and the recipe as a file that says the same."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest
from compared_studies import host, oxygen, study
from studies import coated_recipe, tiny_recipe

from llo_dft.documents.state_of_charge import OrderingResult
from llo_dft.recipe import parse_recipe
from llo_dft.report.page.methods_text import methods, recipe_text, references

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan


@pytest.mark.parametrize("recipe", [tiny_recipe(), coated_recipe()])
def test_a_recipe_read_from_its_text_is_the_same(recipe) -> None:
    text = recipe_text(recipe.model_dump(mode="json"))
    assert parse_recipe(tomllib.loads(text), "recipe.toml") == recipe


def test_texts_and_tables_of_a_recipe_are_quoted() -> None:
    fields = {"study": {"name": 'a "b" \\ c', "none": None, "deep": {"Mn.pv": 1.5, "ok": [1, "x"]}}}
    read = tomllib.loads(recipe_text(fields))
    assert read == {"study": {"name": 'a "b" \\ c', "deep": {"Mn.pv": 1.5, "ok": [1, "x"]}}}


def test_the_paragraph_has_mu_and_its_scheme(plan: StudyPlan) -> None:
    text = methods(study("chgnet", oxygen=oxygen("wang2006")), plan)
    assert "(001) slab of 1 transition-metal layer with" in text
    assert "-5.200 eV at 298.15 K and 1 bar" in text
    assert "scheme 'wang2006'" in text


def test_hosts_with_li_beside_the_metal_layers_are_counted(plan: StudyPlan) -> None:
    ranked = plan.model_copy(update={"n_candidates": 40, "n_relaxed": 3})
    result = study("chgnet", host(0.5))
    given = {"n_relaxed": 3, "chosen": 0, "ranked_by": "chgnet", "relaxed_gain_ev": 0.0}
    hosts = [
        result.hosts[0].model_copy(update={"ordering": OrderingResult(**asked, **given)})
        for asked in ({"n_ranked": 53}, {"n_ranked": 71, "n_beside": 4})
    ]
    text = methods(result.model_copy(update={"hosts": hosts}), ranked)
    assert "up to 71 orderings of Li were ranked and up to 3 relaxed" in text
    assert "In 1 of 2 hosts Li is beside empty Li sites of the metal layers" in text
    assert "beside empty" not in methods(result, ranked)


def test_another_plane_than_that_of_the_layers_is_named(plan: StudyPlan) -> None:
    other = plan.model_copy(update={"tm_layers": 0, "sheet_sites": [1]})
    result = study("chgnet").model_copy(update={"slab_miller": (1, 0, -4)})
    text = methods(result, other)
    assert "computed on a (1 0 -4) slab (hexagonal axes of the layers) with" in text
    assert "transition-metal layer" not in text


def test_references_are_those_of_what_was_used() -> None:
    text = references(study("chgnet", oxygen=oxygen("wang2006")))
    assert "@article{chgnet," in text
    assert "@article{wang2006," in text
    assert "@article{vasp," not in text
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize(
    ("engine", "model", "cited"),
    [
        ("chgnet", "0.3.0", {"chgnet"}),
        ("chgnet", "r2scan", {"chgnet", "chgnet_r2scan"}),
        ("sevenn", "7net-0", {"sevenn"}),
        ("sevenn", "7net-mf-0-pbe", {"sevenn", "sevenn_7net-mf"}),
    ],
)
def test_each_paper_of_a_potential_is_cited(engine: str, model: str, cited: set[str]) -> None:
    made = study(engine)
    assert made.fingerprint is not None
    update = {"model": model, "functional": "PBE/PBE+U mixed"}
    found = made.fingerprint.model_copy(update=update)
    text = references(made.model_copy(update={"fingerprint": found}))
    names = set(re.findall(r"@\w+\{([^,]+),", text))
    assert {name for name in names if name.startswith(("chgnet", "sevenn"))} == cited
    assert "PBE" in names
