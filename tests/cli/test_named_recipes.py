"""Which recipe a command means by a name."""

import pytest

from llo_dft.cli.named_recipes import find_recipe
from llo_dft.errors import InputError


def test_a_recipe_is_a_file_or_one_that_comes_along(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe, _ = find_recipe("quickstart")
    assert recipe.study.name == "quickstart"
    with pytest.raises(InputError, match="there is no recipe 'nowhere'"):
        find_recipe("nowhere")
