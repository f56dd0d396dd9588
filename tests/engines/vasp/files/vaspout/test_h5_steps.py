from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest
from vaspout_writer import write
from vasprun_writer import Run

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vaspout.datasets import H5File
from llo_dft.engines.vasp.files.vaspout.h5_header import read_header
from llo_dft.engines.vasp.files.vaspout.h5_steps import decide, read_steps

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.engines.vasp.files.vasprun.convergence import Convergence
    from llo_dft.engines.vasp.files.vasprun.ionic_steps import Step

RUN = Run(("Li", "Mn", "O"), n_energies=11, energies=(-30.0, -30.4), n_electronic=3)


def read(path: Path, *, all_steps: bool = False) -> tuple[list[Step], Convergence]:
    with H5File(path) as file:
        header = read_header(file)
        steps = read_steps(file, header, all_steps=all_steps)
        return steps, decide(file, header, steps)


def test_energies_are_without_smearing_and_atoms_those_of_the_last_step(tmp_path: Path) -> None:
    steps, _ = read(write(tmp_path / "vaspout.h5", RUN))
    assert [step.energy_ev for step in steps] == pytest.approx(
        [energy - RUN.entropy / 2 for energy in RUN.energies]
    )
    assert [step.free_energy_ev for step in steps] == pytest.approx(list(RUN.energies))
    assert [len(step.electronic_ev) for step in steps] == [3, 3]
    assert steps[0].crystal is None
    assert steps[1].crystal is not None
    np.testing.assert_allclose(steps[1].forces_ev_per_angstrom, RUN.forces)
    everything, _ = read(tmp_path / "vaspout.h5", all_steps=True)
    assert all(step.crystal is not None for step in everything)


@pytest.mark.parametrize(("verdict", "converged"), [(0, True), (1, False), (None, True)])
def test_vasps_verdict_decides_where_it_is_in_the_file(
    tmp_path: Path,
    verdict: int | None,
    converged: bool,  # noqa: FBT001
) -> None:
    _, found = read(write(tmp_path / "vaspout.h5", RUN, verdict=verdict))
    assert found.electronic is converged
    assert found.electronic_reason


def test_without_the_electronic_steps_only_outcar_knows(tmp_path: Path) -> None:
    _, found = read(write(tmp_path / "vaspout.h5", RUN, history=False))
    assert found.electronic
    assert "keep OUTCAR beside it" in found.electronic_reason


def test_without_a_finished_step_it_is_truncated(tmp_path: Path) -> None:
    path = write(tmp_path / "vaspout.h5", RUN)
    with h5py.File(path, "r+") as file:
        del file["intermediate/ion_dynamics/energies"]
        file["intermediate/ion_dynamics/energies"] = np.zeros((0, 3))
    with pytest.raises(VaspFileError, match="no ionic step was finished") as caught:
        read(path)
    assert caught.value.fault == "truncated"
