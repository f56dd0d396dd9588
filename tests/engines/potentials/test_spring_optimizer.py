"""What springs save, and when they begin anew."""

import numpy as np
import pytest

pytest.importorskip("chgnet", reason="the chgnet extra is not installed")

from ase.filters import FrechetCellFilter
from ase.optimize import BFGSLineSearch
from pymatgen.io.ase import AseAtomsAdaptor

from llo_dft.engines.potentials.chgnet import ChgnetCalculator
from llo_dft.engines.potentials.spring_optimizer import STALLED_STEPS, SpringBFGS
from llo_dft.engines.spring_hessian import ON_SITE_STIFFNESS, spring_hessian


def test_it_needs_fewer_evaluations_than_a_line_search_and_ends_no_higher(small_oxide):
    counts = {SpringBFGS: 0, BFGSLineSearch: 0}
    for seed in (3, 4, 5):  # one alone hangs on rounding: a search may end some steps sooner
        ends = []
        for optimizer in counts:
            atoms = AseAtomsAdaptor.get_atoms(small_oxide)
            atoms.rattle(0.1, seed=seed)
            atoms.calc = ChgnetCalculator()
            assert optimizer(atoms, logfile=None).run(fmax=0.02, steps=100)
            ends.append(atoms.get_potential_energy())
            counts[optimizer] += atoms.calc.n_evaluations
        ours, theirs = ends
        assert ours <= theirs + 0.001
    assert counts[SpringBFGS] <= 0.8 * counts[BFGSLineSearch]


def misled(small_oxide, hessian_of):
    """An optimiser with a Hessian that it has learnt, and a gradient whose sum is small."""
    atoms = AseAtomsAdaptor.get_atoms(small_oxide)
    gradient = np.random.default_rng(0).normal(0, 0.02, (len(atoms), 3))
    gradient += 1e-6 - gradient.mean(axis=0)
    optimizer = SpringBFGS(atoms, logfile=None)
    optimizer.prepare_step(atoms.positions.ravel(), gradient.ravel())
    optimizer.state.hessian = hessian_of(spring_hessian(atoms))
    return optimizer, atoms, gradient.ravel()


def test_a_slab_that_would_drift_begins_anew(small_oxide):
    def soft(hessian):
        together = np.tile(np.eye(3), (len(hessian) // 3, 1)) / (len(hessian) / 3) ** 0.5
        return hessian - (ON_SITE_STIFFNESS - 1e-5) * together @ together.T

    optimizer, atoms, gradient = misled(small_oxide, soft)
    position = atoms.positions.ravel()
    drifting = -optimizer.state.compute_step(gradient).reshape(-1, 3).mean(axis=0)
    assert np.abs(drifting) == pytest.approx(0.1, rel=0.01)
    step, lengths = optimizer.prepare_step(position, gradient)
    expected = -np.linalg.solve(spring_hessian(atoms), gradient)
    np.testing.assert_allclose(step, expected, atol=1e-9)
    assert np.max(lengths) == pytest.approx(np.linalg.norm(expected.reshape(-1, 3), axis=1).max())


def test_a_net_force_is_no_reason_to_begin_anew(small_oxide):
    optimizer, atoms, gradient = misled(small_oxide, lambda hessian: 2 * hessian)
    step, _ = optimizer.prepare_step(atoms.positions.ravel(), gradient + 0.05)
    expected = -np.linalg.solve(2 * spring_hessian(atoms), gradient + 0.05)
    np.testing.assert_allclose(step, expected, atol=1e-9)


def test_steps_that_shrink_to_nothing_begin_anew(small_oxide):
    optimizer, atoms, gradient = misled(small_oxide, lambda hessian: 1e4 * hessian)
    position = atoms.positions.ravel()
    longest = [optimizer.prepare_step(position, gradient)[1].max() for _ in range(STALLED_STEPS)]
    assert max(longest[:-1]) < 1e-4
    assert longest[-1] > 0.005


def test_a_cell_relaxes_too(small_oxide):
    atoms = AseAtomsAdaptor.get_atoms(small_oxide)
    atoms.set_cell(0.97 * atoms.cell[:], scale_atoms=True)
    before = atoms.get_volume()
    atoms.calc = ChgnetCalculator(stress=True)
    assert SpringBFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=0.02, steps=100)
    assert atoms.calc.n_evaluations < 40
    assert 1.05 * before < atoms.get_volume() < 1.2 * before
    assert np.abs(atoms.get_stress()).max() < 0.002
