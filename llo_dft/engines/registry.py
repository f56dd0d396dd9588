"""From the engine's name in a recipe to the engine."""

from importlib import import_module
from typing import Final, cast

from llo_dft import recipe
from llo_dft.engines.base import Engine, EngineError, Program
from llo_dft.engines.finished_study import FinishedStudy
from llo_dft.engines.potentials.known_potentials import OTHER_MODULES
from llo_dft.engines.potentials.own_calculator import OWN, allow_calculator
from llo_dft.engines.pre_relaxation import PreRelaxedEngine

_POTENTIALS: Final = "llo_dft.engines.potentials.forcefield:ForceFieldEngine"

#: Where the class of each engine is, as ``module:class``. A new engine is a folder and a line here.
ENGINES: Final = {
    "vasp": "llo_dft.engines.vasp.vasp_engine:VaspEngine",
    "gpaw": "llo_dft.engines.gpaw.gpaw_engine:GpawEngine",
    "chgnet": _POTENTIALS,
    "sevenn": _POTENTIALS,
    OWN: _POTENTIALS,
}

#: The potential that comes with the package's own dependencies.
EMBEDDED: Final = "chgnet"

#: The same for engines that were not run with this package.
UNSUPPORTED: Final = dict.fromkeys(sorted(OTHER_MODULES), _POTENTIALS)


def engine_class(name: str) -> type[Engine]:
    """Return the class of an engine.

    Raises ``EngineError`` if its name is unknown.
    """
    where = ENGINES.get(name) or UNSUPPORTED.get(name)
    if where is None:
        raise EngineError(
            f"engine.name = {name!r} is unknown; expected {', '.join(ENGINES)} "
            f"(or, not supported: {', '.join(UNSUPPORTED)})"
        )
    module, _, found = where.partition(":")
    return cast("type[Engine]", getattr(import_module(module), found))


def engine_from(settings: recipe.EngineChoice) -> Engine:
    """Return the engine that a recipe's [engine] table names; it need not be installed.

    With ``pre_relax`` a potential relaxes before a program, with ``start_from`` only what the
    finished study lacks; an engine that is a potential itself relaxes without.

    Raises ``EngineError`` if it is unknown, or a setting is not its own.
    """
    engine = _plain(settings)
    if engine.program is None:
        if settings.start_from is not None:
            raise EngineError(
                f"engine.start_from: {settings.name} relaxes by itself in seconds; expected an "
                "engine that starts a program, such as vasp"
            )
        return engine
    potential = None if settings.pre_relax is None else _plain(settings.pre_relax)
    if potential is not None and potential.program is not None:
        raise EngineError(
            f"engine.pre_relax.name = {potential.name!r} starts a program; expected a potential"
        )
    if settings.start_from is not None:
        return PreRelaxedEngine(settings, FinishedStudy(settings.start_from, potential), engine)
    return engine if potential is None else PreRelaxedEngine(settings, potential, engine)


def _plain(settings: recipe.EngineChoice) -> Engine:
    """Return an engine without a potential before it."""
    made_by = engine_class(settings.name)
    if settings.model is not None and not made_by.has_models:
        raise EngineError(
            f"engine.model = {settings.model!r}: engine {settings.name} is not a potential and "
            "has no models; remove the key"
        )
    if settings.incar and settings.name != "vasp":
        raise EngineError(
            f"[engine.incar] has {', '.join(settings.incar)}: engine {settings.name} reads no "
            "INCAR; remove the table"
        )
    return made_by(settings)


def named_by_user(settings: recipe.EngineChoice) -> None:
    """Let an engine's calculator be imported: the user's own recipe or command line names it."""
    for one in (settings, settings.pre_relax):
        if one is not None and one.calculator is not None:
            allow_calculator(one.calculator)


def programs() -> list[Program]:
    """Return the programs that engines start."""
    return [found for name in ENGINES if (found := engine_class(name).program) is not None]
