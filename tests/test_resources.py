from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llo_dft import resources
from llo_dft.errors import InputError
from llo_dft.resources import load_structure, packaged_recipes, recipe_path, resource_path

if TYPE_CHECKING:
    from pathlib import Path


def test_a_name_that_is_not_there_lists_what_is() -> None:
    with pytest.raises(FileNotFoundError, match=r"No 'Li2MnO4\.cif' in 'structures'.*LiCoO2\.cif"):
        load_structure("Li2MnO4")


def test_name_with_or_without_ending() -> None:
    assert load_structure("LiCoO2") == load_structure("LiCoO2.cif")


def test_a_name_may_not_leave_its_folder() -> None:
    with pytest.raises(ValueError, match="leads out of the data folder 'structures'"):
        resource_path("structures", "../pyproject.toml")


def test_installed_data_comes_before_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "llo_dft" / "_data" / "workflows" / "deep"
    data.mkdir(parents=True)
    (data / "a.toml").write_text("")
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "llo_dft")
    assert resource_path("workflows", "deep/a.toml") == data / "a.toml"
    with pytest.raises(FileNotFoundError, match=r"there is: deep/a\.toml"):
        resource_path("workflows", "b.toml")


def test_a_stray_folder_beside_an_installed_package_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "structures").mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "llo_dft")
    with pytest.raises(FileNotFoundError, match="install the package again"):
        resource_path("structures", "LiCoO2.cif")
    (tmp_path / "pyproject.toml").write_text("")
    with pytest.raises(FileNotFoundError, match="there is: nothing"):
        resource_path("structures", "LiCoO2.cif")


def test_each_recipe_says_what_it_is_for_and_is_found_by_its_name() -> None:
    found = packaged_recipes()
    assert {"quickstart", "coated_vs_bare", "interface"} <= set(found)
    assert found["coated_small"] == "A small coated study to try out."
    assert found["replicas"].endswith(" of Li, and once twice as wide.")  # on its second line
    for name, about in found.items():
        assert len(about) > 20
        assert about.endswith(".")
        assert "#" not in about
        assert recipe_path(name).name == f"{name}.toml"


def test_a_packaged_recipe_named_as_a_file_leads_to_its_name() -> None:
    with pytest.raises(InputError, match=r"give its name alone: interface$"):
        recipe_path("interface.toml")


def test_an_unknown_recipe_lists_recipes_and_no_notebook() -> None:
    with pytest.raises(InputError, match="quickstart") as caught:
        recipe_path("nosuch")
    assert "ipynb" not in str(caught.value)
