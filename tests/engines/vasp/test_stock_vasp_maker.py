"""A maker of atomate2's by the stand-in for VASP: computed once, compared by what its files say."""

import pytest
from atomate2.ase.jobs import EmtRelaxMaker
from atomate2.vasp.jobs.core import StaticMaker
from atomate2.vasp.powerups import (
    update_user_incar_settings,
    update_user_kpoints_settings,
    update_user_potcar_settings,
)
from pymatgen.core import Structure

from llo_dft.engines.any_maker import calculation_maker
from llo_dft.engines.base import CalculationMaker, EngineError
from llo_dft.engines.vasp.potcars import POTCARS
from llo_dft.engines.vasp.stock_vasp_maker import StockVaspMaker
from llo_dft.jobs.calculate import calculate


def test_a_stock_vasp_maker_is_computed_once_and_its_files_say_its_settings(
    standin_vasp, plan, tmp_path
):
    stock = update_user_incar_settings(StaticMaker(), {"ENCUT": 520, "GGA": "PE"})
    stock = update_user_kpoints_settings(stock, {"reciprocal_density": 1})
    stubs = {element: potcar.symbol for element, potcar in POTCARS.items()}
    stock = update_user_potcar_settings(stock, stubs)
    maker = calculation_maker(stock, "static")
    assert isinstance(maker, CalculationMaker)
    order = [*range(1, len(plan.bulk)), 0]
    shuffled = Structure.from_sites([plan.bulk[i] for i in order])
    folder = str(tmp_path / "calculations")
    first = calculate.original(shuffled, maker, "mine", folder)
    assert (first.status, first.reason) == ("completed", None)
    assert first.mock
    assert first.structure.species == shuffled.species
    assert first.fingerprint.cutoff_ev == 520
    assert first.fingerprint.functional == "PBE+U"
    assert first.fingerprint.pseudopotentials["O"] == "PAW_PBE O 08Apr2002"
    n_starts = len(standin_vasp.starts())
    again = calculate.original(shuffled, maker, "mine", folder)
    assert again.energy_ev == first.energy_ev
    assert len(standin_vasp.starts()) == n_starts
    finer = update_user_incar_settings(maker, {"ENCUT": 600})
    assert finer.settings() != maker.settings()
    assert update_user_incar_settings(maker, {}).settings() == maker.settings()


def test_what_is_no_maker_of_a_vasp_job_is_refused():
    with pytest.raises(
        EngineError, match="EmtRelaxMaker is not an atomate2 maker of a single VASP job"
    ):
        StockVaspMaker("static", EmtRelaxMaker())
