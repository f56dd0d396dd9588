from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from studies import tiny_recipe
from typer.testing import CliRunner

from llo_dft.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path


def write_recipe(folder: Path, engine: dict[str, object] | None = None) -> Path:
    """The tiny study as JSON, which TOML is close enough to for a test to write."""
    tables = tiny_recipe().model_dump(mode="json", exclude_none=True)
    if engine is not None:
        tables["engine"] = engine
    lines = []
    for name, table in tables.items():
        if not table:
            continue
        inner = {k: v for k, v in table.items() if isinstance(v, dict)}
        lines.append(f"[{name}]")
        lines += [f"{k} = {json.dumps(v)}" for k, v in table.items() if k not in inner]
        for key, values in inner.items():
            lines.append(f"[{name}.{key}]")
            lines += [f"{k} = {json.dumps(v)}" for k, v in values.items()]
    path = folder / "tiny.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def build(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["build", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_another_engine_writes_its_inputs_and_says_how_big_they_are(tmp_path):
    recipe, out = write_recipe(tmp_path), tmp_path / "out"
    text = recipe.read_text(encoding="utf-8")
    assert "dos = false" in text
    recipe.write_text(text.replace("dos = false", "dos = true"), encoding="utf-8")
    status, printed, _ = build(
        str(recipe), "--engine", "vasp", "--protocol", "fast", "-o", str(out)
    )
    assert status == 0
    assert "plane waves" in printed
    assert "runs of VASP for" in printed
    assert (out / "inputs" / "O2" / "POTCAR.spec").read_text(encoding="ascii").split() == ["O"]
    assert (out / "inputs" / "bulk" / "cell" / "INCAR").is_file()
    assert "NEDOS" in (out / "inputs" / "bare_x1.0000_static" / "INCAR").read_text(encoding="ascii")
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
def test_what_can_not_be_computed_is_one_line_and_leaves_nothing(tmp_path, overrides, message):
    engine = {"name": "vasp", "protocol": "fast", "overrides": overrides}
    recipe, out = write_recipe(tmp_path, engine), tmp_path / "out"
    text = recipe.read_text(encoding="utf-8").replace('"potential"', '"wang2006"')
    if "u_values_ev" in overrides:
        text = text.replace('u_values_ev = {"Fe": 5.3}', "u_values_ev = { Fe = 5.3 }")
    recipe.write_text(text, encoding="utf-8")
    status, _, errors = build(str(recipe), "-o", str(out))
    assert status == 2
    assert message in errors
    assert len(errors.strip().splitlines()) == 1
    assert not out.exists()
