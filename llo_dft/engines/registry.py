"""From the engine's name in a recipe to the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.engines.potentials.forcefield import ForceFieldEngine
from llo_dft.engines.potentials.known_potentials import known_potential
from llo_dft.engines.vasp.protocols import vasp_protocol
from llo_dft.engines.vasp.vasp_engine import VASP, VaspEngine, oxygen_of_vasp

if TYPE_CHECKING:
    from llo_dft import recipe
    from llo_dft.engines.base import Engine, OxygenReference


def engine_from(settings: recipe.Engine) -> Engine:
    """Return the engine that a recipe's [engine] table names.

    Raises
    ------
    EngineError
        If it is unknown, not installed, or a setting is not its own.
    """
    if settings.name == VASP:
        return VaspEngine(settings.protocol, settings.overrides)
    return ForceFieldEngine(
        settings.name, settings.protocol, settings.device, dict(settings.overrides)
    )


def oxygen_reference(settings: recipe.Engine) -> OxygenReference:
    """Return what an engine says of O2; the engine itself need not be installed.

    Raises
    ------
    EngineError
        If it is unknown, or a setting of VASP is not its own.
    """
    if settings.name == VASP:
        return oxygen_of_vasp(vasp_protocol(settings.protocol, settings.overrides))
    return known_potential(settings.name).oxygen
