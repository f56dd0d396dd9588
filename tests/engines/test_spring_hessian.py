"""The springs that a relaxation begins with."""

import numpy as np
import pytest
from ase import Atoms
from ase.filters import FrechetCellFilter
from pymatgen.io.ase import AseAtomsAdaptor

from llo_dft.engines.spring_hessian import (
    ACROSS,
    BOND_STIFFNESS,
    ELASTIC_MODULUS,
    ON_SITE_STIFFNESS,
    spring_hessian,
)


def test_a_bond_of_two_atoms_is_stiffest_along_itself():
    # R of Li-O by hand, from O'Keeffe and Brese's r = 1.00, c = 0.97 and r = 0.63, c = 3.15
    length = 1.00 + 0.63 - 1.00 * 0.63 * (0.97**0.5 - 3.15**0.5) ** 2 / (0.97 * 1.00 + 3.15 * 0.63)
    pair = Atoms("LiO", positions=[[0, 0, 0], [0, 0, length]], cell=[20, 20, 20], pbc=True)
    hessian = spring_hessian(pair)
    apart = np.array([0, 0, -1, 0, 0, 1]) / 2**0.5
    aside = np.array([-1, 0, 0, 1, 0, 0]) / 2**0.5
    assert apart @ hessian @ apart == pytest.approx(2 * BOND_STIFFNESS + ON_SITE_STIFFNESS)
    assert aside @ hessian @ aside == pytest.approx(2 * ACROSS * BOND_STIFFNESS + ON_SITE_STIFFNESS)


def test_springs_hold_nothing_when_all_atoms_move_together(small_oxide):
    hessian = spring_hessian(AseAtomsAdaptor.get_atoms(small_oxide))
    np.testing.assert_allclose(hessian, hessian.T)
    assert np.linalg.eigvalsh(hessian)[0] >= ON_SITE_STIFFNESS - 1e-9
    together = np.tile([1.0, 0.0, 0.0], len(small_oxide)) / len(small_oxide) ** 0.5
    np.testing.assert_allclose(hessian @ together, ON_SITE_STIFFNESS * together, atol=1e-9)


def test_springs_turn_with_the_crystal(small_oxide):
    atoms = AseAtomsAdaptor.get_atoms(small_oxide)
    turned = atoms.copy()
    turned.rotate(37.0, (1, 2, 3), rotate_cell=True)
    np.testing.assert_allclose(
        np.linalg.eigvalsh(spring_hessian(atoms)), np.linalg.eigvalsh(spring_hessian(turned))
    )


def test_an_element_without_a_bond_valence_has_no_bond_but_is_held():
    atoms = Atoms("HeO", positions=[[0, 0, 0], [0, 0, 1.8]], cell=[20, 20, 20], pbc=True)
    springs = spring_hessian(atoms) - ON_SITE_STIFFNESS * np.eye(6)
    assert np.abs(springs).max() < 0.01


def test_a_cell_has_a_stiffness_of_its_own_beside_the_atoms(small_oxide):
    atoms = AseAtomsAdaptor.get_atoms(small_oxide)
    hessian, n = spring_hessian(atoms, cell=True), 3 * len(atoms)
    assert len(hessian) == len(FrechetCellFilter(atoms)) * 3
    np.testing.assert_array_equal(hessian[:n, :n], spring_hessian(atoms))
    of_cell = ELASTIC_MODULUS * atoms.get_volume() / len(atoms) ** 2
    np.testing.assert_allclose(hessian[n:, n:], of_cell * np.eye(9))
    assert not hessian[:n, n:].any()
