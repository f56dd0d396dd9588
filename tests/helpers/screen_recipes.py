"""Screens of coatings on the coated study's slab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from studies import coated_fields, toml_text

if TYPE_CHECKING:
    from pathlib import Path

FLAT: Final = {"terminations": ["flat-Li2-PO4"]}
STEP: Final = {"terminations": ["step-Li0-PO3"]}


def write_screen_recipe(folder: Path, coatings: dict[str, Any], **tables: dict[str, Any]) -> Path:
    """The recipe of a screen of the coated study's slab, with one registry of each face."""
    fields = coated_fields(**tables)
    del fields["coating"]["terminations"]
    fields["delithiation"] |= {"fractions": [1.0]}
    fields["coating"] |= {"keep": 1, "registry_spacing": 3.0, "gaps": [1.8]}
    fields |= {f'coatings."{name}"': table for name, table in coatings.items()}
    path = folder / "screen.toml"
    path.write_text(toml_text(fields), encoding="utf-8")
    return path
