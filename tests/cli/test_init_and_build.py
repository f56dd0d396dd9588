from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import studies

from llo_dft.recipe import load_recipe


def write_recipe(folder: Path, **tables: dict[str, Any]) -> Path:
    """Write a recipe of one host with one vacancy."""
    small = {"delithiation": {"fractions": [1.0]}, "vacancies": {"environments": ["3TM"]}}
    return studies.write_recipe(folder, **(small | tables))


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_init_writes_a_recipe_that_builds(command: Any, tmp_path: Path) -> None:
    written = command("init", "my study")
    assert written.exit_code == 0
    assert "my study.toml" in written.stdout
    assert load_recipe(tmp_path / "my study.toml").study.name == "my study"
    built = command("build", "my study.toml", "-o", "out")
    assert (built.exit_code, built.stderr) == (0, "")
    assert (tmp_path / "out" / "manifest.json").is_file()


def test_init_overwrites_nothing(command: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("precious", encoding="utf-8")
    refused = command("init", "mine")
    assert refused.exit_code == 2
    assert refused.stderr == "llo-dft: mine.toml is there already; choose another name\n"
    assert (tmp_path / "mine.toml").read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("name", ["../up", ".hidden", "a/b", "", "x" * 65])
def test_init_takes_no_name_that_leads_elsewhere(command: Any, tmp_path: Path, name: str) -> None:
    refused = command("init", name)
    assert refused.exit_code == 2
    assert refused.stderr.startswith(f"llo-dft: a study can't be called {name!r}; use letters")
    assert list(tmp_path.iterdir()) == []


def test_build_twice_is_the_same_to_the_byte(command: Any, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path)
    for folder in ("one", "two"):
        assert command("build", recipe, "-o", folder).exit_code == 0
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    before = files_of(tmp_path / "one")
    assert command("build", recipe, "-o", "one").exit_code == 0
    assert files_of(tmp_path / "one") == before


def test_build_tells_what_it_made(command: Any, tmp_path: Path) -> None:
    built = command("build", write_recipe(tmp_path), "-o", "out")
    assert "asked for Li1.2Mn0.54Ni0.13Co0.13O2, off by at most 0.040 per O2" in built.stdout
    assert "4 structures in out/structures" in built.stdout
    assert "a run takes 5 calculations" in built.stdout
    assert not (tmp_path / "out" / "calculations").exists()


def test_build_prints_the_manifest_for_a_script(command: Any, tmp_path: Path) -> None:
    printed = json.loads(command("build", write_recipe(tmp_path), "-o", "out", "--json").stdout)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert printed == {"folder": "out", "structures": manifest["structures"]}


def test_another_reservoir_may_be_built_in_the_same_folder(command: Any, tmp_path: Path) -> None:
    assert command("build", write_recipe(tmp_path), "-o", "out").exit_code == 0
    hot = write_recipe(tmp_path, oxygen={"temperature": 900.0})
    assert command("build", hot, "-o", "out").exit_code == 0
    stored = json.loads((tmp_path / "out" / "study.json").read_text(encoding="utf-8"))
    assert stored["recipe"]["oxygen"]["temperature"] == 900.0


def test_build_of_a_coated_recipe_draws_hosts_and_interfaces(command: Any, tmp_path: Path) -> None:
    fields = studies.coated_fields(
        coating={"terminations": ["step-Li0-PO3"], "keep": 1}, delithiation={"fractions": [1.0]}
    )
    (tmp_path / "coated.toml").write_text(studies.toml_text(fields), encoding="utf-8")
    built = command("build", "coated.toml", "-o", "out")
    assert (built.exit_code, built.stderr) == (0, "")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    drawn = {path.stem for path in (tmp_path / "out" / "structures").glob("*.png")}
    named = {Path(entry["file"]).stem: entry["kind"] for entry in manifest["structures"]}
    assert drawn == {name for name, kind in named.items() if kind in {"host", "interface"}}
    assert f"a run takes {len(manifest['calculations'])} calculations" in built.stdout
