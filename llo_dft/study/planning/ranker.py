"""Which engines rank the orderings of Li of a study, and its vacancies."""

from typing import Final

from llo_dft.engines.base import Engine, EngineError
from llo_dft.engines.registry import EMBEDDED, engine_from
from llo_dft.errors import InputError
from llo_dft.recipe import EngineChoice, Recipe

#: The ranker that is not an engine: the electrostatic energy of formal charges.
EWALD: Final = "ewald"


def potential_of(choice: EngineChoice) -> Engine | None:
    """Return the potential that computes every vacancy of a study with a budget; else None.

    Raises ``EngineError`` if it is not a potential, or a setting is not one of its own.
    """
    if choice.budget is None or choice.pre_relax is None:
        return None
    potential = engine_from(choice.pre_relax)
    if potential.program is not None:
        raise EngineError(
            f"engine.budget: engine.pre_relax.name = {potential.name!r} starts a program; expected "
            "a potential, which computes every vacancy"
        )
    return potential


def ranker_of(recipe: Recipe, engine: Engine) -> Engine | None:
    """Return the engine that ranks orderings; None: Ewald energies rank them.

    If the recipe names none it is the study's own engine if that starts no program, otherwise the
    embedded potential.

    Raises ``InputError`` if it is unknown, is not installed, or starts a program.
    """
    name = recipe.delithiation.ranker
    if name == EWALD or recipe.delithiation.candidates == 1:
        return None
    if name in {None, recipe.engine.name} and engine.program is None:
        return engine
    asked = f"delithiation.ranker = {name or EMBEDDED!r}"
    other = f'name another potential, or "{EWALD}" to rank by the electrostatic energy alone'
    try:
        ranker = engine_from(EngineChoice(name=name or EMBEDDED))
        if ranker.program is None:
            ranker.check([])
            return ranker
    except InputError as error:
        raise InputError(f"{asked}, which ranks orderings of Li: {error}; {other}") from error
    raise InputError(
        f"{asked}: it would start {ranker.program.name} for each of "
        f"{recipe.delithiation.candidates} orderings; {other}"
    )
