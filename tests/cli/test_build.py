from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import studies

from llo_dft.resources import resource_path


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
    lines = [" ".join(line.split()) for line in built.stdout.splitlines()]
    assert lines[0].startswith("composition requested Li1.2Mn0.54Ni0.13Co0.13O2 built Li1.167")
    assert lines[0].endswith("(off by at most 0.040 per O2)")
    assert lines[1] == "formal charge requested 0 e per O2 built 0 e per O2"
    assert lines[2] == "bare requested x = 1 built x = 1.000, 0.000 holes per TM, 0 mAh/g"
    assert "4 structures in out/structures" in built.stdout
    assert "a run takes at most 5 calculations" in built.stdout
    assert not (tmp_path / "out" / "calculations").exists()


def test_build_prints_the_manifest_for_a_script(command: Any, tmp_path: Path) -> None:
    printed = json.loads(command("build", write_recipe(tmp_path), "-o", "out", "--json").stdout)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert printed == {"folder": "out", "structures": manifest["structures"]}


def test_a_recipe_may_come_through_a_pipe_and_name_a_file_in_the_home(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    shutil.copy(resource_path("structures", "Li2MnO3.cif"), tmp_path / "home" / "own.cif")
    cathode = {"cif": "~/own.cif", "composition": None}
    recipe = write_recipe(tmp_path, cathode=cathode, vacancies={"environments": ["2TM+1Li"]})
    text = recipe.read_text(encoding="utf-8").replace("composition = None\n", "")
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    built = command("build", f"/dev/fd/{reading}", "-o", "out")
    os.close(reading)
    assert built.exit_code == 0, built.stderr
    stored = json.loads((tmp_path / "out" / "study.json").read_text(encoding="utf-8"))
    assert list(stored["files"]) == ["~/own.cif"]


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
    assert f"a run takes at most {len(manifest['calculations'])} calculations" in built.stdout


def test_another_engine_writes_its_inputs_and_says_how_big_they_are(
    command: Any, tmp_path: Path
) -> None:
    recipe, out = write_recipe(tmp_path, electronic={"dos": True}), tmp_path / "out"
    built = command("build", recipe, "--engine", "vasp", "--protocol", "fast", "-o", out)
    assert (built.exit_code, built.stderr) == (0, "")
    assert "plane waves" in built.stdout
    assert "runs of VASP for" in built.stdout
    assert (out / "inputs" / "O2" / "POTCAR.spec").read_text(encoding="ascii").split() == ["O"]
    assert (out / "inputs" / "bulk" / "cell" / "INCAR").is_file()
    static = out / "inputs" / "bare_x1.0000_static" / "static" / "INCAR"
    assert "NEDOS" in static.read_text(encoding="ascii")
    assert not list(out.rglob("POTCAR"))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"ENCUT": 520}, "unknown key 'ENCUT' in [engine.overrides]"),
        ({"u_values_ev": {"Fe": 5.3}}, "names Fe, which this study does not have"),
        ({"encut_ev": 400}, "encut_ev = 400 is below ENMAX = 499.034"),
        ({"o2_unpaired_electrons": 1}, "O2 has 12 valence electrons"),
    ],
)
def test_what_can_not_be_computed_is_one_line_and_leaves_nothing(
    command: Any, tmp_path: Path, overrides: dict[str, Any], message: str
) -> None:
    engine = {"name": "vasp", "protocol": "fast", "overrides": overrides}
    recipe = write_recipe(tmp_path, engine=engine, oxygen={"scheme": "wang2006"})
    refused = command("build", recipe, "-o", "out")
    assert refused.exit_code == 2
    assert message in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
