from __future__ import annotations

import pytest

from llo_dft.builders.metal import lithium_metal


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
