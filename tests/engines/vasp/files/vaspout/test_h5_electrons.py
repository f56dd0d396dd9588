from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from vaspout_writer import write
from vasprun_writer import L_FIELDS, Run

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vaspout.datasets import H5File
from llo_dft.engines.vasp.files.vaspout.h5_electrons import (
    read_eigenvalues,
    read_moments,
    read_projected,
    read_total,
)
from llo_dft.engines.vasp.files.vaspout.h5_header import read_header

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SYMBOLS = ("Li", "Mn", "O")


def run_of(**fields: Any) -> Run:
    return Run(SYMBOLS, **({"n_energies": 16, "energy_range": (-8.0, 7.0)} | fields))


def read(path: Path, run: Run, reader: Callable[..., Any], **options: Any) -> Any:
    write(path, run, **options)
    with H5File(path) as file:
        return reader(file, read_header(file))


@pytest.mark.parametrize("spins", [1, 2])
def test_densities_and_bands_are_those_that_were_written(tmp_path: Path, spins: int) -> None:
    run = run_of(spins=spins, fields=L_FIELDS)
    total = read(tmp_path / "vaspout.h5", run, read_total)
    density, integral = run.total(decimals=None)
    np.testing.assert_allclose(total.density, density)
    np.testing.assert_allclose(total.integrated, integral)
    assert total.fermi_ev == run.fermi
    bands = read(tmp_path / "vaspout.h5", run, read_eigenvalues)
    np.testing.assert_allclose(bands.energies_ev, run.bands(decimals=None)[..., 0])
    np.testing.assert_allclose(bands.occupations, run.bands(decimals=None)[..., 1])


def test_energies_that_do_not_ascend_are_corrupt(tmp_path: Path) -> None:
    path = write(tmp_path / "vaspout.h5", run_of())
    with h5py.File(path, "r+") as file:
        energies = file["results/electron_dos/energies"]
        energies[3] = -99.0
    with H5File(path) as file:
        header = read_header(file)
        with pytest.raises(VaspFileError, match="the energies are not ascending"):
            read_total(file, header)


def test_without_projections_there_are_none_to_read(tmp_path: Path) -> None:
    path = write(tmp_path / "vaspout.h5", run_of(fields=None))
    with H5File(path) as file:
        header = read_header(file)
        total = read_total(file, header)
        with pytest.raises(VaspFileError) as caught:
            read_projected(file, header, total, (2,), "p")
    assert caught.value.fault == "absent"


@pytest.mark.parametrize("old", [False, True])
def test_the_moment_of_an_atom_is_the_sum_of_its_orbitals(tmp_path: Path, old: bool) -> None:  # noqa: FBT001
    moments = [0.0, 3.1, -0.6]
    path = write(tmp_path / "vaspout.h5", run_of(), moments=moments, old_moments=old)
    with H5File(path) as file:
        assert read_moments(file, 3, 1) == pytest.approx(moments)
    path = write(tmp_path / "none.h5", run_of())
    with H5File(path) as file:
        assert read_moments(file, 3, 1) is None
