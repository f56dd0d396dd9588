from __future__ import annotations

import pytest
from studies import tiny_recipe

from llo_dft.engines.base import OxygenReference
from llo_dft.errors import InputError
from llo_dft.study.planning.oxygen_settings import oxygen_settings

LABELS = OxygenReference(-4.948, "O2 of the labels", {"mp2020": "the labels hold it already"})
NO_LABELS = OxygenReference(None, "O2 by the engine itself", {})


def test_the_kind_of_oxide_goes_along_with_mp2020() -> None:
    recipe = tiny_recipe(oxygen={"scheme": "mp2020", "oxide_kind": "superoxide"})
    assert oxygen_settings(recipe, NO_LABELS).oxide_kind == "superoxide"


def test_the_recipes_reservoir_and_the_engines_o2_are_joined() -> None:
    recipe = tiny_recipe(
        oxygen={"scheme": "potential", "temperature": 600.0, "pressure": 0.2},
    )
    found = oxygen_settings(recipe, LABELS)
    assert (found.scheme, found.temperature_k, found.pressure_bar) == ("potential", 600.0, 0.2)
    assert found.label_energy_ev_per_atom == -4.948
    assert found.label_source == "O2 of the labels"
    assert found.refused == {"mp2020": "the labels hold it already"}


@pytest.mark.parametrize(
    ("oxygen", "reference", "message"),
    [
        (
            {"scheme": "mp2020"},
            LABELS,
            'oxygen.scheme = "mp2020" does not go with engine chgnet: the labels hold it already',
        ),
        (
            {"scheme": "potential"},
            NO_LABELS,
            'oxygen.scheme = "potential" does not go with engine chgnet, which has no training',
        ),
        (
            {"scheme": "none", "oxide_kind": "peroxide"},
            NO_LABELS,
            'oxygen.oxide_kind = "peroxide" means something to scheme "mp2020" only, not to "none"',
        ),
        (
            {"scheme": "none", "temperature": 50.0},
            NO_LABELS,
            "oxygen.temperature = 50.0: The fit for O2 holds",
        ),
    ],
)
def test_a_scheme_that_does_not_go_with_the_engine_is_refused_by_name(
    oxygen: dict[str, object], reference: OxygenReference, message: str
) -> None:
    with pytest.raises(InputError) as refused:
        oxygen_settings(tiny_recipe(oxygen=oxygen), reference)
    assert str(refused.value).startswith(message)
