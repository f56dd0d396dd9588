from pathlib import Path

import pytest
from engines_by_name import engine_of

from llo_dft.engines.calculated_electrons import CalculatedElectrons
from llo_dft.errors import InputError


@pytest.mark.parametrize("name", ["vasp", "gpaw"])
def test_an_engine_with_densities_of_states_gives_electrons_and_says_what_is_missing(name):
    engine = engine_of(name)
    assert "dos" in engine.capabilities
    electrons = engine.electrons(Path("nothing is here"))
    asked = {one for one in vars(CalculatedElectrons) if not one.startswith("_")}
    assert {"states", "density", "potential"} == asked
    assert asked <= set(dir(type(electrons)))
    with pytest.raises(InputError, match="nothing is here"):
        _ = electrons.density
