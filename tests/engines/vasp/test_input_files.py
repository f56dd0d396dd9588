import numpy as np
import pytest

from llo_dft.engines.vasp.input_files import _after_time_reversal


@pytest.mark.parametrize("mesh", [(1, 1, 1), (2, 1, 1), (4, 2, 1), (3, 3, 3), (6, 3, 6), (5, 4, 1)])
def test_time_reversal_halves_the_mesh_but_for_its_own_opposites(mesh):
    points = {tuple(p) for p in np.array(list(np.ndindex(*mesh))).tolist()}
    kept = {min(p, tuple((-np.array(p)) % mesh)) for p in points}
    assert _after_time_reversal(mesh) == len({tuple(int(i) for i in p) for p in kept})
