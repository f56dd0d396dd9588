"""The light says where energies come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from compared_studies import study
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure

from llo_dft.documents.calculation import Fingerprint
from llo_dft.documents.electrons.charge import ChargeDifference, PlanarProfile
from llo_dft.report.figures.interface_picture import DEFAULT_LEVEL
from llo_dft.report.page.page_content import PageContent, charge_mesh

if TYPE_CHECKING:
    from llo_dft.documents.plan import StudyPlan


def light(plan: StudyPlan, **fields) -> str:
    result = study("some").model_copy(update=fields)
    return PageContent(result, plan, "", "complete", []).light[0]


def test_a_cutoff_is_of_dft_and_without_one_it_is_a_potential(plan: StudyPlan) -> None:
    potential = Fingerprint(engine="some", engine_version="1", model="m", functional="PBE")
    waves = potential.model_copy(update={"cutoff_ev": 520.0})
    assert light(plan, fingerprint=potential) == "potential"
    assert light(plan, fingerprint=waves) == "dft"
    assert light(plan, fingerprint=waves, mock=True) == "mock"
    assert light(plan, fingerprint=None) == "none"


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
    assert mesh.level == pytest.approx(DEFAULT_LEVEL * layer.max())
    at = np.sqrt(-np.log(DEFAULT_LEVEL))  # of exp(-z^2)
    assert np.abs(mesh.gain[..., 2] - 5.0) == pytest.approx(at, abs=0.1)  # of a coarser grid
    assert len(mesh.loss) == 0
