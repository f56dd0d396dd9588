"""From the engine's name in a recipe to the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.engines.forcefield import ForceFieldEngine

if TYPE_CHECKING:
    from llo_dft import recipe
    from llo_dft.engines.base import Engine


def engine_from(settings: recipe.Engine) -> Engine:
    """Return the engine that a recipe's [engine] table names.

    Raises
    ------
    EngineError
        If it is unknown, not installed, or a setting is not its own.
    """
    return ForceFieldEngine(
        settings.name, settings.protocol, settings.device, dict(settings.overrides)
    )
