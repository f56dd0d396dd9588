"""Phases a complete diagram would have, and those whose structures travel with the package."""

import tomllib
from typing import Any

from llo_dft.resources import resource_path


def known_formulas() -> list[str]:
    """Return the formulas that a diagram is searched for (``structures/competing/KNOWN.toml``)."""
    text = resource_path("structures", "competing/KNOWN.toml").read_text(encoding="utf-8")
    found: list[str] = tomllib.loads(text)["formulas"]
    return found


def competing_phases() -> dict[str, dict[str, Any]]:
    """Return what is known of each structure that travels with the package, by its name.

    Those of ``structures/`` and of ``structures/competing/``; each has ``file`` and ``formula``,
    and ``kind = "molecule"`` if it is one molecule in a box.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in ("PROVENANCE.toml", "competing/PHASES.toml"):
        text = resource_path("structures", name).read_text(encoding="utf-8")
        found |= tomllib.loads(text)
    return found
