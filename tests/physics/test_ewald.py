"""The Ewald matrix against constants that are known by hand, and the search against enumeration."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from lowest_delithiation import delithiate
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.ordering.arrangement_search import (
    OrderingProblem,
    ewald_matrix,
    reduce_to_blocks,
    search,
)
from llo_dft.builders.surface.slab import build_slab
from llo_dft.chemistry.element_table import symbols_of
from llo_dft.chemistry.formal_charges import formal_charges
from llo_dft.resources import load_structure

#: e^2 / (4 pi epsilon_0), eV angstrom (CODATA 2018).
COULOMB_EV_ANGSTROM = 14.3996454784
EDGE = 4.2
CONSTANT_TOLERANCE = 1e-6
ENERGY_TOLERANCE_EV = 1e-6


@pytest.mark.parametrize(
    ("spacegroup", "anion", "nearest", "madelung"),
    [
        ("Fm-3m", (0.5, 0.5, 0.5), 0.5, 1.747564594633),  # rock salt
        ("Pm-3m", (0.5, 0.5, 0.5), np.sqrt(3) / 2, 1.762674773071),  # CsCl
        ("F-43m", (0.25, 0.25, 0.25), np.sqrt(3) / 4, 1.638055053389),  # zinc blende
    ],
)
def test_madelung_constants(
    spacegroup: str, anion: tuple[float, float, float], nearest: float, madelung: float
) -> None:
    crystal = Structure.from_spacegroup(
        spacegroup, Lattice.cubic(EDGE), ["Mg", "O"], [[0.0, 0.0, 0.0], list(anion)]
    )
    charges = np.array([1.0 if symbol == "Mg" else -1.0 for symbol in symbols_of(crystal)])
    energy_per_pair = charges @ ewald_matrix(crystal) @ charges / (len(crystal) / 2)
    constant = -energy_per_pair * EDGE * nearest / COULOMB_EV_ANGSTROM
    assert constant == pytest.approx(madelung, abs=CONSTANT_TOLERANCE)


@pytest.mark.parametrize(
    ("spacegroup", "sites", "energy"),
    [
        ("Pm-3m", 1, -0.880059442),
        ("Im-3m", 2, -0.895929256),
        ("Fm-3m", 4, -0.895873616),
    ],
)
def test_charges_in_a_neutralising_background(spacegroup: str, sites: int, energy: float) -> None:
    """Wigner crystals: energy per charge in units of e^2 / r_s, r_s the radius of its share."""
    crystal = Structure.from_spacegroup(spacegroup, Lattice.cubic(EDGE), ["Li"], [[0.0, 0.0, 0.0]])
    radius = (3 * crystal.volume / sites / (4 * np.pi)) ** (1 / 3)
    ours = ewald_matrix(crystal).sum() / sites * radius / COULOMB_EV_ANGSTROM
    assert len(crystal) == sites
    assert ours == pytest.approx(energy, abs=CONSTANT_TOLERANCE)


def test_a_charged_supercell_has_the_energy_of_its_cells() -> None:
    """The splitting of the sum differs between the cells; the energy may not."""
    cell = load_structure("LiNiO2")  # Ni2+: one electron short per formula unit
    double = cell.copy()
    double.make_supercell([2, 1, 1])
    energies = []
    for structure in (cell, double):
        charges = np.array(formal_charges(symbols_of(structure)))
        energies.append(charges @ ewald_matrix(structure) @ charges / structure.num_sites)
    assert energies[0] == pytest.approx(energies[1], abs=ENERGY_TOLERANCE_EV)


def lowest_by_enumeration(structure: Structure, lithium: list[int], n_kept: int) -> float:
    """Lowest Ewald energy of all choices of Li; what the others leave is taken up by all O."""
    matrix = ewald_matrix(structure)
    symbols = np.array(symbols_of(structure))
    base = np.array(formal_charges(symbols))
    base[lithium] = 0.0
    oxygen = symbols == "O"
    base[oxygen] -= (base.sum() + n_kept) / oxygen.sum()
    choices = list(combinations(range(len(lithium)), n_kept))
    kept = np.zeros((len(choices), len(lithium)))
    np.put_along_axis(kept, np.array(choices), 1.0, axis=1)
    among = matrix[np.ix_(lithium, lithium)]
    field = 2 * (matrix @ base)[lithium]
    energies = np.einsum("ni,ij,nj->n", kept, among, kept, optimize=True) + kept @ field
    return float(energies.min() + base @ matrix @ base)


@pytest.mark.parametrize("repeats", [1, 2])
def test_delithiation_finds_the_best_of_all_half_empty_li2mno3(repeats: int) -> None:
    """All 70 choices of the 24-atom cell, all 12870 of the 48-atom one."""
    crystal = load_structure("Li2MnO3")
    crystal.make_supercell([1, 1, repeats])
    lithium = [i for i, symbol in enumerate(symbols_of(crystal)) if symbol == "Li"]
    (found,) = delithiate(crystal, lithium, [0.5], turn_over=None, seed=3)
    lowest = lowest_by_enumeration(crystal, lithium, len(lithium) // 2)
    assert found.energy_ev == pytest.approx(lowest, abs=ENERGY_TOLERANCE_EV)


def test_random_swaps_reach_the_same_without_seeing_every_choice() -> None:
    crystal = load_structure("Li2MnO3")
    crystal.make_supercell([1, 1, 2])
    symbols = symbols_of(crystal)
    lithium = [i for i, symbol in enumerate(symbols) if symbol == "Li"]
    oxygen = np.array([symbol == "O" for symbol in symbols])
    fixed = np.array(formal_charges(symbols))
    fixed[lithium] = 0.0
    fixed[oxygen] -= (fixed.sum() + 8) / oxygen.sum()
    matrix = ewald_matrix(crystal)
    coupling, field, sizes = reduce_to_blocks(matrix, fixed, [[i] for i in lithium])
    problem = OrderingProblem(
        coupling=coupling,
        field=field,
        sizes=sizes,
        charges=np.array([1.0, 0.0]),
        counts=np.array([8, 8]),
        allowed=np.ones((16, 2), dtype=bool),
    )
    lowest = lowest_by_enumeration(crystal, lithium, 8)
    for seed in range(3):
        found = problem.energy_ev(search(problem, seed=seed)) + fixed @ matrix @ fixed
        assert found == pytest.approx(lowest, abs=ENERGY_TOLERANCE_EV)


def test_a_symmetric_choice_is_never_below_the_free_one() -> None:
    slab = build_slab(load_structure("Li2MnO3"), tm_layers=1, vacuum=12.0, seed=0)
    lithium = [i for i, symbol in enumerate(symbols_of(slab.structure)) if symbol == "Li"]
    lowest = lowest_by_enumeration(slab.structure, lithium, 4)
    (free,) = delithiate(slab.structure, lithium, [0.5], turn_over=None, seed=0)
    (kept,) = delithiate(slab.structure, lithium, [0.5], turn_over=slab.turn_over, seed=0)
    assert free.energy_ev == pytest.approx(lowest, abs=ENERGY_TOLERANCE_EV)
    assert kept.energy_ev >= lowest - ENERGY_TOLERANCE_EV
