"""The oxygen settings of a recipe, combined with what its engine states about O2."""

from llo_dft.analysis.oxygen.gas import delta_mu_oxygen_ev
from llo_dft.documents.oxygen import OxygenSettings
from llo_dft.engines.base import OxygenReference
from llo_dft.errors import InputError
from llo_dft.recipe import Recipe


def oxygen_settings(recipe: Recipe, reference: OxygenReference) -> OxygenSettings:
    """Combine the oxygen settings of the recipe with what the engine states about O2.

    Raises ``InputError`` if the scheme does not apply to the engine, or there is no data for O2 at
    the temperature.
    """
    scheme = recipe.oxygen.scheme
    try:
        delta_mu_oxygen_ev(recipe.oxygen.temperature)
    except ValueError as error:
        raise InputError(f"oxygen.temperature = {recipe.oxygen.temperature!r}: {error}") from error
    if scheme in reference.refused:
        raise InputError(
            f'oxygen.scheme = "{scheme}" does not go with engine {recipe.engine.name}: '
            f"{reference.refused[scheme]}"
        )
    if scheme == "potential" and reference.label_energy_ev_per_atom is None:
        raise InputError(
            f'oxygen.scheme = "potential" does not go with engine {recipe.engine.name}, which has '
            "no training labels of its own"
        )
    if recipe.oxygen.oxide_kind != "oxide" and scheme != "mp2020":
        raise InputError(
            f'oxygen.oxide_kind = "{recipe.oxygen.oxide_kind}" means something to scheme "mp2020" '
            f'only, not to "{scheme}"; leave it out'
        )
    return OxygenSettings(
        scheme=scheme,
        temperature_k=recipe.oxygen.temperature,
        pressure_bar=recipe.oxygen.pressure,
        oxide_kind=recipe.oxygen.oxide_kind,
        label_energy_ev_per_atom=reference.label_energy_ev_per_atom,
        label_source=reference.source,
        refused=reference.refused,
    )
