"""The parts of the driver that need no GPAW; test_real_gpaw has the rest."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator

from llo_dft.engines.gpaw import gpaw_driver
from llo_dft.engines.spring_hessian import spring_hessian
from llo_dft.engines.vasp.files.grids.read_grids import read_density_difference, read_potential

GRID = (4, 5, 7)  # 140 numbers: the last line is full; less one plane it is not


@pytest.fixture
def atoms():
    cell = [[3.0, 0.0, 0.0], [-1.0, 4.0, 0.0], [0.5, 0.0, 12.0]]
    places = [[0.1, 0.2, 0.45], [0.5, 0.5, 0.5], [-0.1, 0.9, 0.55], [0.3, 0.3, 0.4]]
    return Atoms("LiOLi2", cell=cell, scaled_positions=places, pbc=[True, True, False])


@pytest.mark.parametrize("shape", [GRID, (4, 3, 7)])
def test_a_grid_is_read_as_it_was_written(atoms, tmp_path, shape):
    values = np.random.default_rng(0).normal(size=shape) * 10.0 ** np.arange(-3, 4)
    path = tmp_path / "LOCPOT"
    gpaw_driver.write_grid(path, atoms, values)
    found = read_potential(path)
    assert found.potential_ev == pytest.approx(values, rel=1e-10)
    assert found.header.species == ("Li", "O", "Li", "Li")
    assert found.header.lattice_angstrom == pytest.approx(atoms.cell.array)
    expected = atoms.get_scaled_positions(wrap=False)
    assert found.header.fractional == pytest.approx(expected)


def test_a_density_times_the_volume_counts_electrons(atoms, tmp_path):
    per_a3 = np.full(GRID, 10.0 / atoms.get_volume())
    gpaw_driver.write_grid(tmp_path / "CHGCAR", atoms, per_a3 * atoms.get_volume())
    found = read_density_difference(tmp_path / "CHGCAR", [])
    assert found.n_electrons == pytest.approx([10.0])
    assert found.difference_per_a3 == pytest.approx(per_a3)


def test_atoms_are_those_of_the_input_with_their_moments():
    given = {
        "symbols": ["Mn", "O"],
        "cell": [[4.0, 0, 0], [0, 4.0, 0], [0, 0, 4.0]],
        "scaled_positions": [[0, 0, 0], [1.5, 0.5, 0.5]],
        "pbc": [True, True, True],
        "moments": [3.0, -0.1],
    }
    found = gpaw_driver.atoms_of(given)
    assert found.get_initial_magnetic_moments().tolist() == [3.0, -0.1]
    assert found.get_scaled_positions(wrap=False)[1].tolist() == pytest.approx([1.5, 0.5, 0.5])


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "state.json"
    gpaw_driver.write(path, "first")
    gpaw_driver.write(path, "second")
    assert path.read_text(encoding="utf-8") == "second"
    assert [one.name for one in tmp_path.iterdir()] == ["state.json"]


def test_what_json_does_not_know_is_written_as_numbers_or_text():
    given = {"a": np.array([1, 2]), "b": np.float64(0.5), "c": complex}
    found = json.loads(json.dumps(given, default=gpaw_driver.encoded))
    assert (found["a"], found["b"]) == ([1, 2], 0.5)
    assert "complex" in found["c"]


def test_a_second_way_of_mixing_is_named():
    assert gpaw_driver.mixing({"name": "pulay", "beta": 0.05}) == "pulay mixing, beta 0.05"


class Springs(Calculator):
    """Atoms held at places by springs, as stiff as a slab's."""

    implemented_properties: ClassVar = ["energy", "forces", "magmoms"]

    def __init__(self, places, hessian):
        super().__init__()
        self.places, self.hessian, self.n_evaluations = places, hessian, 0

    def calculate(self, atoms, properties, changes):
        super().calculate(atoms, properties, changes)
        away = (atoms.positions - self.places).ravel()
        self.n_evaluations += 1
        self.results = {
            "energy": away @ self.hessian @ away / 2,
            "forces": -(self.hessian @ away).reshape(-1, 3),
            "magmoms": np.zeros(len(atoms)),
        }


def test_a_relaxation_begins_with_the_curvature_it_is_given(small_oxide, tmp_path, monkeypatch):
    world = SimpleNamespace(rank=0)
    mpi = SimpleNamespace(world=world, broadcast=lambda value, **_: value)
    monkeypatch.setitem(sys.modules, "gpaw.mpi", mpi)
    atoms = small_oxide.to_ase_atoms()
    places, hessian = atoms.positions.copy(), spring_hessian(atoms)
    atoms.rattle(0.02, seed=0)
    atoms.calc = Springs(places, hessian)
    given = {"stages": [{"name": "relax"}], "atoms": {}}
    calculation = gpaw_driver.Calculation(given, tmp_path)
    np.save(tmp_path / "continue/springs_relax.npy", hessian)
    calculation.relax(atoms, {"cell": False, "force_tolerance": 1e-6, "max_steps": 3})
    assert atoms.calc.n_evaluations == 2, "one step of Newton's"
    assert atoms.positions == pytest.approx(places, abs=1e-6)
