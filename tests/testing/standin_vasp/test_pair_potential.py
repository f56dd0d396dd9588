from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vasp_inputs import lithium, oxide, oxygen

from llo_dft.testing.standin_vasp.model.downhill import is_converged
from llo_dft.testing.standin_vasp.model.pair_potential import CUTOFF, PairPotential, find_pairs

STRUCTURES = {"oxide": oxide(0.1), "molecule": oxygen(), "metal": lithium()}
STEP = 1e-5


def potential_of(structure):
    return PairPotential([site.specie.symbol for site in structure])


def energy(structure, lattice, fractional):
    return potential_of(structure)(lattice, fractional)[0]


@pytest.mark.parametrize("name", STRUCTURES)
def test_forces_are_the_slope_of_the_energy(name: str):
    structure = STRUCTURES[name]
    lattice, places = structure.lattice.matrix, structure.frac_coords.copy()
    places[0] += 0.01
    _, forces, _ = potential_of(structure)(lattice, places)
    for axis in range(3):
        move = np.zeros_like(places)
        move[1] = STEP * np.linalg.inv(lattice)[axis]
        up, down = (energy(structure, lattice, places + sign * move) for sign in (1, -1))
        assert forces[1, axis] == pytest.approx(-(up - down) / (2 * STEP), abs=1e-6)
    assert np.abs(forces.sum(axis=0)).max() < 1e-10


@pytest.mark.parametrize("name", STRUCTURES)
def test_stress_is_the_slope_by_strain(name: str):
    structure = STRUCTURES[name]
    lattice, places = structure.lattice.matrix, structure.frac_coords
    *_, stress = potential_of(structure)(lattice, places)
    for i, j in ((0, 0), (1, 1), (0, 2), (1, 2)):
        strain = np.zeros((3, 3))
        strain[i, j] += STEP / 2
        strain[j, i] += STEP / 2
        up, down = (
            energy(structure, lattice @ (np.eye(3) + sign * strain), places) for sign in (1, -1)
        )
        slope = (up - down) / (2 * STEP) / structure.volume
        assert stress[i, j] == pytest.approx(slope, abs=1e-7)
    assert np.allclose(stress, stress.T)


@given(st.integers(0, 2**31), st.tuples(*[st.integers(-2, 2)] * 3))
@settings(max_examples=30, deadline=None)
def test_places_a_cell_apart_are_the_same(seed: int, shift: tuple[int, int, int]):
    structure = STRUCTURES["oxide"]
    random = np.random.default_rng(seed)
    places = structure.frac_coords + random.normal(0, 0.02, (len(structure), 3))
    elsewhere = places + random.uniform(-1, 1, 3)
    elsewhere[3] += shift
    here, there = (energy(structure, structure.lattice.matrix, p) for p in (places, elsewhere))
    assert there == pytest.approx(here, abs=1e-9)


def test_a_supercell_has_the_energy_of_its_cells():
    structure = STRUCTURES["oxide"]
    one = energy(structure, structure.lattice.matrix, structure.frac_coords)
    double = structure * (2, 1, 1)
    assert energy(double, double.lattice.matrix, double.frac_coords) == pytest.approx(2 * one)


def test_nothing_jumps_at_the_cutoff():
    potential = PairPotential(["Li", "O"])
    box = 20.0 * np.eye(3)
    alone = potential(box, np.array([[0, 0, 0], [0.5, 0, 0]]))[0]
    at_cutoff = potential(box, np.array([[0, 0, 0], [(CUTOFF - 1e-3) / 20, 0, 0]]))[0]
    assert at_cutoff == pytest.approx(alone, abs=1e-9)


def test_pairs_are_those_that_pymatgen_finds():
    structure = STRUCTURES["oxide"]
    pairs = find_pairs(structure.lattice.matrix, structure.frac_coords, 4.0)
    expected = structure.get_neighbor_list(4.0)[3]
    assert np.allclose(np.sort(pairs.lengths), np.sort(expected))


@pytest.mark.parametrize(
    ("ediffg", "force", "change", "expected"),
    [
        (-0.02, 0.019, None, True),
        (-0.02, 0.021, 1e-9, False),
        (1e-4, 5.0, 9e-5, True),
        (1e-4, 0.0, 2e-4, False),
        (1e-4, 0.0, None, False),
    ],
)
def test_ediffg_is_a_force_or_an_energy(ediffg, force, change, expected):
    assert is_converged(ediffg, force, change) is expected
