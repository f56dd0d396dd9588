"""From a plan and an engine to the flow, and what the engine says about O2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llo_dft.documents.oxygen import OxygenSettings
from llo_dft.flows.vacancy_curve import VacancyCurveMaker
from llo_dft.recipe import RecipeError

if TYPE_CHECKING:
    from pathlib import Path

    from jobflow import Flow

    from llo_dft.documents.plan import StudyPlan
    from llo_dft.engines.base import Engine, OxygenReference
    from llo_dft.recipe import Recipe


def oxygen_settings(recipe: Recipe, reference: OxygenReference) -> OxygenSettings:
    """Join what the recipe asks of the oxygen with what the engine knows of O2.

    Raises
    ------
    RecipeError
        If the scheme does not go with the engine.
    """
    scheme = recipe.oxygen.scheme
    if scheme in reference.refused:
        raise RecipeError(
            f'oxygen.scheme = "{scheme}" does not go with engine {recipe.engine.name}: '
            f"{reference.refused[scheme]}"
        )
    if scheme == "potential" and reference.label_energy_ev_per_atom is None:
        raise RecipeError(
            f'oxygen.scheme = "potential" does not go with engine {recipe.engine.name}, which has '
            "no training labels of its own"
        )
    return OxygenSettings(
        scheme=scheme,
        temperature_k=recipe.oxygen.temperature,
        pressure_bar=recipe.oxygen.pressure,
        label_energy_ev_per_atom=reference.label_energy_ev_per_atom,
        label_source=reference.source,
        refused=reference.refused,
    )


def make_flow(plan: StudyPlan, oxygen: OxygenSettings, engine: Engine, folder: Path) -> Flow:
    """Return the jobflow Flow of a plan; ``folder`` is the study's calculation cache."""
    maker = VacancyCurveMaker(
        bulk_maker=engine.maker("bulk_relax"),
        slab_maker=engine.maker("slab_relax"),
        molecule_maker=engine.maker("molecule_relax"),
        engine=engine.name,
        protocol=engine.protocol,
        folder=str(folder.resolve()),
    )
    return maker.make(plan, oxygen)
