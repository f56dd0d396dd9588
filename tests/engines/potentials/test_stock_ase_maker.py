"""A maker of atomate2's with an ASE calculator, relaxing and at one point."""

from dataclasses import dataclass

import pytest
from ase.calculators.emt import EMT
from atomate2.ase.jobs import AseMaker, EmtRelaxMaker
from atomate2.vasp.jobs.core import RelaxMaker
from pymatgen.core import Lattice, Structure

from llo_dft.engines.any_maker import calculation_maker
from llo_dft.engines.base import EngineError
from llo_dft.engines.potentials.stock_ase_maker import StockAseMaker
from llo_dft.jobs.calculate import calculate

PLACES = [[0, 0, 0], [0.5, 0.5, 0.03], [0.5, 0, 0.5], [0, 0.5, 0.5]]
COPPER = Structure(Lattice.cubic(3.7), ["Cu"] * 4, PLACES)


@dataclass
class EmtStaticMaker(AseMaker):
    name: str = "my EMT"

    def _get_calculator(self):
        return EMT()


def test_an_ase_maker_relaxes_and_its_calculator_is_what_is_compared(tmp_path):
    relaxing = calculation_maker(EmtRelaxMaker(relax_kwargs={"fmax": 0.01}), "slab_relax")
    point = calculation_maker(EmtStaticMaker(), "static")
    folder = str(tmp_path / "calculations")
    relaxed = calculate.original(COPPER, relaxing, "copper", folder)
    assert (relaxed.status, relaxed.reason) == ("completed", None)
    assert relaxed.max_force_ev_per_angstrom <= 0.01
    assert relaxed.n_steps > 0
    there = calculate.original(relaxed.structure, point, "its energy", folder)
    assert there.energy_ev == pytest.approx(relaxed.energy_ev, abs=1e-8)
    assert there.fingerprint == relaxed.fingerprint
    assert "EMT" in there.fingerprint.model
    stopped = calculation_maker(EmtRelaxMaker(steps=1, relax_kwargs={"fmax": 1e-6}), "slab_relax")
    assert calculate.original(COPPER, stopped, "copper", folder).reason.startswith("not converged")


def test_what_has_no_calculator_of_ase_is_refused():
    with pytest.raises(EngineError, match="RelaxMaker is not an atomate2 maker with an ASE"):
        StockAseMaker("static", RelaxMaker())
