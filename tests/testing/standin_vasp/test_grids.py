"""Densities and potentials on grids: sum rules, and parts that add up to the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp.outputs import Chgcar, Locpot, Outcar
from vasp_inputs import STATIC, oxide, with_moments, write_inputs

from llo_dft.engines.vasp.files.grids.read_grids import (
    read_density_difference,
    read_grid_header,
    read_potential,
)

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.testing.standin import StandIn

N_ELECTRONS = 74
N_ALL_ELECTRONS = 4 * 3 + 2 * 25 + 6 * 8


def test_the_charge_is_that_of_the_electrons_and_of_their_spins(static: Path):
    ours = read_density_difference(static / "CHGCAR")
    theirs = Chgcar.from_file(static / "CHGCAR")
    assert ours.n_electrons[0] == pytest.approx(N_ELECTRONS, abs=1e-6)
    assert ours.difference_per_a3.min() >= 0
    assert theirs.data["total"].mean() == pytest.approx(N_ELECTRONS, abs=1e-6)
    assert np.allclose(ours.difference_per_a3 * theirs.structure.volume, theirs.data["total"])
    moment = theirs.data["diff"].mean()
    assert moment == pytest.approx(Outcar(static / "OUTCAR").total_mag, abs=1e-4)
    assert ours.notes == ()
    assert ours.headers[0].mock


def test_cores_and_valence_make_all_electrons(static: Path):
    core, valence = (read_density_difference(static / f"AECCAR{n}") for n in (0, 2))
    assert core.n_electrons[0] + valence.n_electrons[0] == pytest.approx(N_ALL_ELECTRONS, abs=1e-6)
    assert (core.difference_per_a3 >= 0).all()


def test_the_potential_is_flat_far_from_a_slab(vasp: StandIn, tmp_path: Path):
    slab = oxide(0.0)
    height = slab.lattice.c + 12
    bottom = slab.cart_coords - [0, 0, slab.cart_coords[:, 2].min()]
    lattice = Lattice([slab.lattice.matrix[0], slab.lattice.matrix[1], [0, 0, height]])
    slab = Structure(lattice, slab.species, bottom, coords_are_cartesian=True)
    if np.linalg.det(slab.lattice.matrix) < 0:
        flipped = [slab.lattice.matrix[1], slab.lattice.matrix[0], slab.lattice.matrix[2]]
        slab = Structure(Lattice(flipped), slab.species, bottom, coords_are_cartesian=True)
    settings = STATIC | {"LVHAR": True, "LVACPOTAV": True, "LCHARG": False, "LWAVE": False}
    vasp.run(write_inputs(tmp_path, with_moments(slab), settings, kpoints=(1, 1, 1)))
    potential = read_potential(tmp_path / "LOCPOT")
    assert potential.n_grids == 2
    average = potential.potential_ev.mean(axis=(0, 1))
    top = slab.cart_coords[:, 2].max() / height
    heights = np.arange(len(average)) / len(average)
    vacuum = average[(heights > top + 3.5 / height) & (heights < 1 - 3.5 / height)]
    assert np.ptp(vacuum) < 1e-3
    assert vacuum.min() > average.min() + 1
    theirs = Locpot.from_file(tmp_path / "LOCPOT").get_average_along_axis(2)
    assert np.allclose(theirs, average, atol=1e-6)
    line = next(
        text for text in (tmp_path / "OUTCAR").read_text().splitlines() if "vacuum level" in text
    )
    assert float(line.split()[-1]) == pytest.approx(vacuum.mean(), abs=2e-3)


def test_parts_on_one_grid_differ_from_the_whole_by_a_bond(vasp: StandIn, tmp_path: Path):
    cell = Lattice.from_parameters(6.0, 6.2, 12.0, 90, 90, 90)
    lower = [("Li", [1.0, 1.0, 3.0]), ("O", [3.0, 3.0, 4.0])]
    upper = [("P", [3.0, 3.0, 5.6]), ("O", [3.0, 4.3, 6.4])]
    grid = {"NGXF": 24, "NGYF": 24, "NGZF": 48}
    settings = STATIC | grid | {"ISPIN": 1, "LWAVE": False}
    for name, atoms in (("AB", lower + upper), ("A", lower), ("B", upper)):
        ordered = sorted(atoms, key=lambda atom: atom[0])
        structure = Structure(
            cell, [a for a, _ in ordered], [p for _, p in ordered], coords_are_cartesian=True
        )
        vasp.run(write_inputs(tmp_path / name, structure, settings, kpoints=(1, 1, 1)))
    files = [tmp_path / name / "CHGCAR" for name in ("AB", "A", "B")]
    assert read_grid_header(files[0]).shape == (24, 24, 48)
    found = read_density_difference(files[0], files[1:])
    volume = cell.volume / found.difference_per_a3.size
    assert found.difference_per_a3.sum() * volume == pytest.approx(0, abs=1e-6)
    moved = np.maximum(found.difference_per_a3, 0).sum() * volume
    assert 0.02 < moved < 0.24
    a, b, c = np.unravel_index(found.difference_per_a3.argmax(), found.difference_per_a3.shape)
    assert (a / 24 * 6.0, b / 24 * 6.2, c / 48 * 12.0) == pytest.approx((3, 3, 4.8), abs=0.35)


@pytest.mark.parametrize(("divisor", "points"), [(1, 56), (2, 28), (4, 14)])
def test_grids_of_its_own_choice_are_coarser_than_those_of_vasp(divisor: int, points: int):
    from llo_dft.testing.standin_vasp.model.grids import grid_sizes

    assert grid_sizes(_a_cell_of_ten_angstrom(), divisor).fine == (2 * points,) * 3


def test_grids_of_incar_are_left_alone_unless_they_are_to_be_thinned():
    from llo_dft.testing.standin_vasp.model.grids import grid_sizes

    inputs = _a_cell_of_ten_angstrom()
    inputs.incar.values |= {"NGX": 60, "NGXF": 121, "NGYF": 96}
    assert grid_sizes(inputs, 4).fine == (121, 96, 28)
    thin = grid_sizes(inputs, 4, 8)
    assert (thin.coarse[0], thin.fine) == (8, (16, 12, 28))


def _a_cell_of_ten_angstrom():
    from llo_dft.testing.standin_vasp.reading.incar_reader import Incar
    from llo_dft.testing.standin_vasp.reading.kpoints import MeshOfKPoints
    from llo_dft.testing.standin_vasp.reading.poscar import PoscarCrystal
    from llo_dft.testing.standin_vasp.reading.potentials import PotcarEntry
    from llo_dft.testing.standin_vasp.reading.whole_input import Inputs

    incar = Incar({"ENCUT": 520.0, "PREC": "Normal"})
    crystal = PoscarCrystal("a box", 10.0 * np.eye(3), (("O", 1),), np.zeros((1, 3)))
    points = MeshOfKPoints("Gamma", (1, 1, 1), (0, 0, 0), np.zeros((1, 3)), np.ones(1))
    return Inputs(incar, crystal, points, (PotcarEntry("PAW_PBE O", "O", 6.0, 400.0),))
