from __future__ import annotations

import numpy as np
import pytest

from llo_dft.builders.molecule import o2_in_box

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
