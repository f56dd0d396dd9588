import numpy as np
import pytest
from pymatgen.io.vasp.inputs import Incar, Kpoints

from llo_dft.builders.cathode.magnetism import with_initial_moments
from llo_dft.engines.vasp.input_files import _after_time_reversal, write_inputs
from llo_dft.engines.vasp.protocols import vasp_protocol


@pytest.mark.parametrize("mesh", [(1, 1, 1), (2, 1, 1), (4, 2, 1), (3, 3, 3), (6, 3, 6), (5, 4, 1)])
def test_time_reversal_halves_the_mesh_but_for_its_own_opposites(mesh):
    points = {tuple(p) for p in np.array(list(np.ndindex(*mesh))).tolist()}
    kept = {min(p, tuple((-np.array(p)) % mesh)) for p in points}
    assert _after_time_reversal(mesh) == len({tuple(int(i) for i in p) for p in kept})


def test_sizes_are_those_of_the_files_that_are_written(plan, tmp_path):
    slab = with_initial_moments(plan.slab, "ferro")
    protocol = vasp_protocol("balanced", {})
    for size in write_inputs(slab, "slab_relax", protocol, tmp_path):
        incar = Incar.from_file(tmp_path / size["folder"] / "INCAR")
        mesh = Kpoints.from_file(tmp_path / size["folder"] / "KPOINTS").kpts[0]
        assert size["n_k_points"] == _after_time_reversal(mesh)
        electrons, moment = size["n_electrons"], sum(incar["MAGMOM"])
        bands = max((electrons + 2) // 2 + len(slab) // 2, int(0.6 * electrons))
        assert size["n_bands"] == bands + int((moment + 1) // 2)
        assert moment > 10
