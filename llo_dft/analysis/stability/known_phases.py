"""Phases of a complete diagram, and those whose structures ship with the package."""

import tomllib
from typing import Any

from llo_dft.resources import resource_path


def known_formulas() -> list[str]:
    """Return the formulas that a complete diagram has (``structures/competing/KNOWN.toml``)."""
    text = resource_path("structures", "competing/KNOWN.toml").read_text(encoding="utf-8")
    found: list[str] = tomllib.loads(text)["formulas"]
    return found


def competing_phases() -> dict[str, dict[str, Any]]:
    """Return the data of each structure that ships with the package, by name.

    Those of ``structures/`` and of ``structures/competing/``; each has ``file`` and ``formula``,
    and ``kind = "molecule"`` if it is one molecule in a box.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in ("PROVENANCE.toml", "competing/PHASES.toml"):
        text = resource_path("structures", name).read_text(encoding="utf-8")
        found |= tomllib.loads(text)
    return found
