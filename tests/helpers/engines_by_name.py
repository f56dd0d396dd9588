"""An engine by its name, as a recipe would choose it."""

from __future__ import annotations

from typing import Any

from llo_dft.engines.registry import engine_from
from llo_dft.recipe import EngineChoice


def engine_of(
    name: str,
    protocol: str = "fast",
    *,
    model: str | None = None,
    device: str = "cpu",
    **overrides: Any,
) -> Any:
    """The engine, with settings of its protocol replaced; ``Any``, for what only one engine has."""
    return engine_from(
        EngineChoice(name=name, model=model, protocol=protocol, device=device, overrides=overrides)
    )
