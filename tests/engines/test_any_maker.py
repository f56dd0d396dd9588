"""Which of atomate2's makers are taken."""

import pytest
from atomate2.vasp.flows.core import DoubleRelaxMaker

from llo_dft.engines.any_maker import calculation_maker
from llo_dft.engines.base import EngineError
from llo_dft.engines.vasp.vasp_calculation import VaspCalculation


@pytest.mark.parametrize("maker", [DoubleRelaxMaker(), VaspCalculation()])
def test_makers_of_flows_and_of_this_package_are_refused(maker):
    with pytest.raises(
        EngineError,
        match=f"{type(maker).__name__} (does not make|is not an atomate2 maker of) a single ",
    ):
        calculation_maker(maker, "slab_relax")
