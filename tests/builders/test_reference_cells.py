from __future__ import annotations

import numpy as np
import pytest

from llo_dft.builders.reference_cells import lithium_metal, o2_in_box

#: Huber and Herzberg 1979, angstrom.
MEASURED_BOND = 1.2075


def test_o2_is_a_triplet_of_the_measured_length_far_from_its_images() -> None:
    molecule = o2_in_box()
    assert [site.specie.symbol for site in molecule] == ["O", "O"]
    assert molecule.get_distance(0, 1) == pytest.approx(MEASURED_BOND, abs=0.005)
    assert sum(molecule.site_properties["magmom"]) == pytest.approx(2.0)
    assert min(molecule.lattice.abc) - molecule.get_distance(0, 1) > 10.0


def test_the_box_has_no_two_equal_edges_and_o2_is_in_its_middle() -> None:
    molecule = o2_in_box()
    assert len(set(molecule.lattice.abc)) == 3
    assert np.allclose(molecule.frac_coords.mean(axis=0), 0.5)


def test_lithium_is_bcc_of_the_density_in_handbooks() -> None:
    metal = lithium_metal()
    assert metal.composition.formula == "Li2"
    assert metal.get_space_group_info()[0] == "Im-3m"
    assert metal.density == pytest.approx(0.534, abs=0.002)  # g/cm3 at room temperature


def test_each_atom_has_eight_neighbours_along_the_diagonals() -> None:
    metal = lithium_metal()
    nearest = 3.509 * 3**0.5 / 2
    for site in metal:
        distances = [other.nn_distance for other in metal.get_neighbors(site, 1.05 * nearest)]
        assert distances == pytest.approx([nearest] * 8)


def test_two_calls_share_nothing() -> None:
    lithium_metal().remove_sites([0])
    assert len(lithium_metal()) == 2
