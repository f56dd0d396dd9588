"""Crystals in any cell, ordered or not, as layered oxides."""

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.builders.cathode.composition import CompositionError
from llo_dft.builders.cathode.own_crystal import (
    layer_index,
    layered_cell,
    n_sheets,
    ordered_crystal,
)
from llo_dft.builders.surface.slab import SlabError
from llo_dft.resources import load_structure

OPTIONS = {"ordering": "ewald", "kept": "turn", "seed": 0, "tolerance": 0.05}


def disordered(metals, lithium=None):
    lattice = Lattice.hexagonal(2.872, 14.2)
    species = [metals, lithium or {"Li": 1}, {"O": 1}]
    places = [[0, 0, 0], [0, 0, 0.5], [0, 0, 0.2585]]
    return Structure.from_spacegroup("R-3m", lattice, species, places)


def turned(crystal, order):
    lattice = Lattice(crystal.lattice.matrix[order])
    return Structure(lattice, crystal.species, crystal.frac_coords[:, order])


@pytest.mark.parametrize("name", ["LiCoO2", "Li2MnO3"])
def test_a_primitive_cell_comes_to_lie_in_its_layers(name):
    crystal = load_structure(name)
    primitive = crystal.get_primitive_structure()
    layered = layered_cell(primitive)
    assert len(layered) == len(primitive)
    assert n_sheets(layered) == 1
    assert StructureMatcher(primitive_cell=True, scale=False).fit(layered, crystal)
    distances = np.sort(layered.distance_matrix.ravel())
    assert distances == pytest.approx(np.sort(primitive.distance_matrix.ravel()), abs=1e-6)


@pytest.mark.parametrize("order", [[2, 0, 1], [1, 2, 0]])
def test_axes_in_another_order_are_the_same_crystal(order):
    crystal = load_structure("Li2MnO3")
    layered = layered_cell(turned(crystal, order))
    area = np.linalg.norm(np.cross(*layered.lattice.matrix[:2]))
    assert area == pytest.approx(4.9246 * 8.5216, rel=1e-4)
    assert layer_index(crystal) == (0, 0, 1)


def test_a_cell_in_its_layers_stays_as_it_is():
    crystal = load_structure("LiCoO2")
    assert layered_cell(crystal) is crystal


def test_a_spinel_has_no_layers():
    spinel = Structure.from_spacegroup(
        "Fd-3m",
        Lattice.cubic(8.24),
        ["Li", "Mn", "O"],
        [[1 / 8, 1 / 8, 1 / 8], [1 / 2, 1 / 2, 1 / 2], [0.2625] * 3],
    )
    with pytest.raises(SlabError, match=r"do not lie in planes at least 3\.5 angstrom apart"):
        layered_cell(spinel)


@pytest.mark.parametrize("ordering", ["ewald", "sqs"])
def test_shared_sites_get_the_whole_numbers_of_their_shares(ordering):
    crystal = layered_cell(disordered({"Ni": 0.8, "Mn": 0.1, "Co": 0.1}))
    assert len(crystal) == 4
    ordered, deviation = ordered_crystal(crystal, (2, 5), **OPTIONS | {"ordering": ordering})
    assert ordered.is_ordered
    assert ordered.composition.formula == "Li10 Mn1 Co1 Ni8 O20"
    assert deviation == pytest.approx(0.0, abs=1e-9)


def test_a_little_mixing_of_cations_is_rounded_away_and_said():
    metals = {"Ni": 0.77, "Mn": 0.1, "Co": 0.1, "Li": 0.03}
    crystal = layered_cell(disordered(metals, {"Li": 0.97, "Ni": 0.03}))
    ordered, deviation = ordered_crystal(crystal, (2, 5), **OPTIONS)
    assert ordered.composition.formula == "Li10 Mn1 Co1 Ni8 O20"
    assert deviation == pytest.approx(0.0, abs=1e-9)  # 0.03 Li down, 0.03 up


def test_missing_lithium_leaves_sites_empty():
    crystal = layered_cell(disordered({"Co": 1}, {"Li": 0.5}))
    ordered, deviation = ordered_crystal(crystal, (2, 2), **OPTIONS)
    assert ordered.composition.formula == "Li2 Co4 O8"
    assert deviation == pytest.approx(0.0, abs=1e-9)


def test_a_cell_too_small_for_the_shares_is_refused():
    crystal = layered_cell(disordered({"Ni": 0.8, "Mn": 0.1, "Co": 0.1}))
    with pytest.raises(CompositionError, match=r"supercell \[1, 2\] .*off by 0\.200 per O2"):
        ordered_crystal(crystal, (1, 2), **OPTIONS)
