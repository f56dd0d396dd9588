"""A study that is small enough to be planned in a second, and changes of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from llo_dft.recipe import Recipe, parse_recipe

if TYPE_CHECKING:
    from pathlib import Path


def recipe_fields(**tables: dict[str, Any]) -> dict[str, Any]:
    """The fields of a recipe; ``slab={"vacuum": 9.0}`` changes one key of one table."""
    fields: dict[str, Any] = {
        "study": {"name": "tiny"},
        "cathode": {"composition": "Li1.2Mn0.54Ni0.13Co0.13O2"},
        "slab": {"tm_layers": 1, "vacuum": 8.0},
        # one ordering as planned, so that numbers can be worked out by hand
        "delithiation": {
            "fractions": [1.0, 0.5, 0.25],
            "voltage": "slab",
            "candidates": 1,
            "symmetric": True,
        },
        "vacancies": {"environments": ["2TM+1Li", "3TM"]},
        "oxygen": {"scheme": "potential"},
        "engine": {"name": "chgnet", "protocol": "balanced", "device": "cpu"},
    }
    for table, changes in tables.items():
        fields[table] = fields.get(table, {}) | changes
    if fields["engine"]["name"] == "chgnet":
        # the model that has two O2: its labels' and its own
        fields["engine"].setdefault("model", "0.3.0")
    return fields


def tiny_recipe(**tables: dict[str, Any]) -> Recipe:
    return parse_recipe(recipe_fields(**tables), "tiny.toml")


def coated_fields(**tables: dict[str, Any]) -> dict[str, Any]:
    """The fields of a recipe with two terminations of one layer of coating on one TM layer."""
    fields = recipe_fields(
        study={"name": "coated"},
        cathode={"composition": "Li2MnO3", "supercell": [1, 2]},
        coating={
            "phase": "beta",
            "setting": "Pmn2_1",
            "layers": 1,
            "terminations": ["flat-Li2-PO4", "step-Li0-PO3"],
            "max_strain": 0.08,
            "registry_spacing": 1.5,
            "gaps": [1.6, 1.8],
            "keep": 2,
        },
        delithiation={"fractions": [1.0, 0.5], "candidates": 1, "symmetric": True},
        vacancies={"environments": ["2TM+1Li"]},
    )
    if tables.get("engine", {}).get("name", "chgnet") != "chgnet":
        fields["engine"].pop("model")  # of a potential alone
    for table, changes in tables.items():
        fields[table] = fields[table] | changes
    if fields["engine"]["name"] != "chgnet":
        fields["engine"].pop("model", None)
    return fields


def coated_recipe(**tables: dict[str, Any]) -> Recipe:
    return parse_recipe(coated_fields(**tables), "coated.toml")


def toml_text(fields: dict[str, Any]) -> str:
    """Write fields as TOML: tables of plain values, lists and one level of tables in them."""
    lines = []
    for table, entries in fields.items():
        lines.append(f"[{table}]")
        lines += [f"{key} = {_value(value)}" for key, value in entries.items()]
    return "\n".join(lines) + "\n"


def write_recipe(folder: Path, **tables: dict[str, Any]) -> Path:
    path = folder / "tiny.toml"
    path.write_text(toml_text(recipe_fields(**tables)), encoding="utf-8")
    return path


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{k} = {_value(v)}' for k, v in value.items())} }}"
    return str(value)
