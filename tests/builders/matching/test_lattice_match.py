from __future__ import annotations

import numpy as np

from llo_dft.builders.matching.lattice_match import LatticeMatch, NoMatchError
from llo_dft.chemistry.strain import von_mises_strain
from llo_dft.errors import InputError

FILM = np.array([[3.0, 0.0], [-1.0, 4.0]])
SUBSTRATE = np.array([[0.2, 3.1], [-4.0, 0.1]])


def match(share: float) -> LatticeMatch:
    """FILM on SUBSTRATE, cell on cell."""
    gradient = np.linalg.solve(FILM, SUBSTRATE).T
    s1, s2 = np.linalg.svd(gradient, compute_uv=False) - 1
    return LatticeMatch(
        area_a2=12.0,
        max_strain=max(abs(s1), abs(s2)),
        von_mises_strain=float(von_mises_strain(s1, s2)),
        principal_strains=(s1, s2),
        film_transformation=np.eye(2, dtype=np.int64),
        substrate_transformation=np.eye(2, dtype=np.int64),
        deformation_gradient=gradient,
        rotation_angle=90.0,
        strain_share=share,
        n_atoms=None,
        on_front=True,
    )


def test_a_search_without_result_keeps_what_came_nearest() -> None:
    nearest = match(1.0)
    error = NoMatchError("none below 1 %", nearest, None)
    assert isinstance(error, InputError)
    assert (error.smallest_strain, error.smallest_area) == (nearest, None)
