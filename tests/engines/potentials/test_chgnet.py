"""Our calculator against chgnet's own, and against finite differences."""

import numpy as np
import pytest

pytest.importorskip("chgnet", reason="the chgnet extra is not installed")

from chgnet.model import CHGNet
from chgnet.model.dynamics import CHGNetCalculator
from engines_by_name import engine_of
from pymatgen.io.ase import AseAtomsAdaptor

from llo_dft.engines.potentials.chgnet import ChgnetCalculator
from llo_dft.resources import load_structure

# single precision: 7 digits of some -80 eV, and of forces of some eV/A
ENERGY_ROUNDING_EV = 1e-4
FORCE_ROUNDING = 1e-4
STRESS_ROUNDING = 1e-5


@pytest.fixture(scope="module")
def ours(small_oxide):
    atoms = AseAtomsAdaptor.get_atoms(small_oxide)
    atoms.calc = ChgnetCalculator(stress=True)
    return atoms


@pytest.fixture(scope="module")
def theirs(small_oxide):
    atoms = AseAtomsAdaptor.get_atoms(small_oxide)
    atoms.calc = CHGNetCalculator(use_device="cpu")
    return atoms


def test_energy_forces_stress_and_moments_are_those_of_chgnets_own_calculator(ours, theirs):
    assert ours.get_potential_energy() == pytest.approx(
        theirs.get_potential_energy(), abs=ENERGY_ROUNDING_EV
    )
    np.testing.assert_allclose(ours.get_forces(), theirs.get_forces(), atol=FORCE_ROUNDING)
    np.testing.assert_allclose(ours.get_stress(), theirs.get_stress(), atol=STRESS_ROUNDING)
    np.testing.assert_allclose(
        ours.get_magnetic_moments(), theirs.get_magnetic_moments().ravel(), atol=FORCE_ROUNDING
    )


def test_the_r2scan_model_is_that_of_chgnet_too(small_oxide):
    ours, theirs = AseAtomsAdaptor.get_atoms(small_oxide), AseAtomsAdaptor.get_atoms(small_oxide)
    ours.calc = ChgnetCalculator(model="r2scan")
    stock = CHGNet.load(model_name="r2scan", use_device="cpu", verbose=False)
    theirs.calc = CHGNetCalculator(stock, use_device="cpu")
    assert ours.get_potential_energy() == pytest.approx(
        theirs.get_potential_energy(), abs=ENERGY_ROUNDING_EV
    )
    np.testing.assert_allclose(ours.get_forces(), theirs.get_forces(), atol=FORCE_ROUNDING)


@pytest.mark.parametrize(
    ("name", "lithium", "low", "high"),
    [("Li2MnO3", True, 2.5, 3.2), ("LiCoO2", True, 0.0, 0.2), ("LiCoO2", False, 0.6, 1.2)],
)
def test_moments_of_the_default_tell_charges(name, lithium, low, high, tmp_path):
    """Mn4+ has three unpaired electrons, Co3+ of LiCoO2 none and Co4+ of CoO2 one."""
    structure = load_structure(name).get_primitive_structure()
    if not lithium:
        structure.remove_species(["Li"])
    found = engine_of("chgnet").maker("bulk_relax").calculate(structure, tmp_path)
    metals = [site.specie.symbol in {"Mn", "Co"} for site in found.structure]
    moments = np.array(found.magmoms_mu_b)[metals]
    assert low <= moments.min() <= moments.max() <= high


def test_force_is_minus_the_slope_of_the_energy(small_oxide):
    step = 0.02  # A: the energy is in single precision, so the step can't be small
    energies = []
    for sign in (-1, 1):
        atoms = AseAtomsAdaptor.get_atoms(small_oxide)
        atoms.positions[0, 1] += sign * step
        atoms.calc = ChgnetCalculator()
        energies.append(atoms.get_potential_energy())
    atoms = AseAtomsAdaptor.get_atoms(small_oxide)
    atoms.calc = ChgnetCalculator()
    slope = (energies[1] - energies[0]) / (2 * step)
    assert atoms.get_forces()[0, 1] == pytest.approx(-slope, abs=0.02)


def test_stress_is_the_slope_of_the_energy_against_strain(ours):
    step = 0.004
    energies = []
    for sign in (-1, 1):
        atoms = ours.copy()
        atoms.set_cell(ours.cell[:] @ np.diag([1, 1, 1 + sign * step]), scale_atoms=True)
        atoms.calc = ChgnetCalculator()
        energies.append(atoms.get_potential_energy())
    slope = (energies[1] - energies[0]) / (2 * step) / ours.get_volume()
    assert ours.get_stress()[2] == pytest.approx(slope, abs=2e-3)


def test_no_stress_unless_asked_for(small_oxide):
    atoms = AseAtomsAdaptor.get_atoms(small_oxide)
    atoms.calc = ChgnetCalculator()
    atoms.get_forces()
    assert "stress" not in atoms.calc.results
    assert "stress" not in atoms.calc.implemented_properties


def test_evaluations_are_counted_and_not_repeated(small_oxide):
    atoms = AseAtomsAdaptor.get_atoms(small_oxide)
    atoms.calc = ChgnetCalculator()
    atoms.get_potential_energy()
    atoms.get_forces()
    assert atoms.calc.n_evaluations == 1
    atoms.rattle(0.01, seed=1)
    atoms.get_forces()
    assert atoms.calc.n_evaluations == 2


def test_a_translation_and_a_supercell_change_nothing(small_oxide):
    def energy(structure):
        atoms = AseAtomsAdaptor.get_atoms(structure)
        atoms.calc = ChgnetCalculator()
        return atoms.get_potential_energy()

    moved = small_oxide.copy()
    moved.translate_sites(range(len(moved)), [0.13, 0.27, 0.41])
    doubled = small_oxide.copy()
    doubled.make_supercell([2, 1, 1])
    reference = energy(small_oxide)
    assert energy(moved) == pytest.approx(reference, abs=ENERGY_ROUNDING_EV)
    assert energy(doubled) == pytest.approx(2 * reference, abs=2 * ENERGY_ROUNDING_EV)
