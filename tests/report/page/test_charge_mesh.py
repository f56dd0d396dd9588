"""The surfaces of a charge difference on the page lie where the grid has its level."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.documents.electrons.charge import ChargeDifference, PlanarProfile
from llo_dft.report.page.charge_mesh import charge_mesh


def test_the_gain_of_a_layer_lies_around_that_layer() -> None:
    n, length = 40, 10.0
    heights = np.arange(n) * length / n
    layer = np.exp(-((heights - 5.0) ** 2))
    grid = np.broadcast_to(layer, (8, 8, n)).copy()
    planar = PlanarProfile(
        axis=2,
        start_fraction=0.0,
        coordinate_angstrom=heights.tolist(),
        line_density_e_per_angstrom=layer.tolist(),
        cumulative_angstrom=heights.tolist(),
        cumulative_e=np.cumsum(layer).tolist(),
    )
    document = ChargeDifference.model_construct(
        structure=Structure(Lattice.cubic(length), ["O"], [[0, 0, 0.5]]), planar=planar, bonds=[]
    )
    mesh = charge_mesh("step", document, grid)
    assert mesh.level == pytest.approx(0.15 * layer.max())
    at = np.sqrt(-np.log(0.15))  # of exp(-z^2)
    assert np.unique(np.round(np.abs(mesh.gain[..., 2] - 5.0), 1)) == pytest.approx([round(at, 1)])
    assert len(mesh.loss) == 0
