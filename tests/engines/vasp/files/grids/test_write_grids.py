"""Written grids, read back by others."""

from __future__ import annotations

import numpy as np
import pytest
from ase.io.cube import read_cube_data
from grid_files import SKEWED, GridText, random_grid
from pymatgen.io.vasp.outputs import Chgcar

from llo_dft.engines.vasp.files.grids.read_grids import read_density_difference, read_grid_header
from llo_dft.engines.vasp.files.grids.write_grids import write_chgcar, write_cube
from llo_dft.units import BOHR_ANGSTROM

VOLUME = abs(np.linalg.det(SKEWED))


@pytest.fixture
def header(tmp_path):
    def make(shape):
        text = GridText([np.ones(shape)], species=[("O", 1), ("P", 1), ("O", 1)])
        return read_grid_header(text.write(tmp_path / "source"))

    return make


@pytest.mark.parametrize("shape", [(5, 4, 6), (3, 7, 11), (1, 1, 2)])
def test_chgcar_is_read_by_pymatgen_and_by_us(tmp_path, header, shape):
    density = random_grid(shape) / VOLUME
    density[0, 0, 0] = 0.0
    write_chgcar(tmp_path / "CHGCAR", header(shape), density, "a title\nof two lines")
    theirs = Chgcar.from_file(str(tmp_path / "CHGCAR"))
    np.testing.assert_allclose(theirs.data["total"], density * VOLUME, rtol=1e-10, atol=0)
    assert [site.specie.symbol for site in theirs.structure] == ["O", "P", "O"]
    ours = read_density_difference(tmp_path / "CHGCAR")
    np.testing.assert_allclose(ours.difference_per_a3, density, rtol=1e-10, atol=0)
    assert ours.notes == ()
    np.testing.assert_allclose(ours.headers[0].lattice_angstrom, SKEWED, atol=1e-6)


def test_the_same_columns_as_fortran(tmp_path, header):
    grid = random_grid((4, 5, 7), spread=60)
    write_chgcar(tmp_path / "CHGCAR", header((4, 5, 7)), grid / VOLUME, "grid for a test")
    expected = GridText([grid]).block(grid).splitlines()
    written = (tmp_path / "CHGCAR").read_text().splitlines()[-len(expected) :]
    assert [len(line) for line in expected] == [len(line) for line in written]


def test_numbers_at_the_edges_of_their_digits(tmp_path, header):
    values = [9.99999999996, 99999999999.4, 1e-5, -1e22, 1e-97, 1e-120, 0.1, 1.0, -0.0, 12345.0]
    grid = np.array(values).reshape(1, 2, 5) / VOLUME
    write_chgcar(tmp_path / "CHGCAR", header((1, 2, 5)), grid, "edges")
    back = read_density_difference(tmp_path / "CHGCAR").difference_per_a3
    expected = np.where(np.abs(grid) * VOLUME < 1e-98, 0.0, grid)
    np.testing.assert_allclose(back, expected, rtol=1e-10, atol=0)


@pytest.mark.parametrize("shape", [(5, 4, 6), (3, 2, 13)])
def test_cube_is_read_by_ase_in_electrons_per_cubic_bohr(tmp_path, header, shape):
    density = random_grid(shape)
    write_cube(tmp_path / "difference.cube", header(shape), density, "a title")
    values, atoms = read_cube_data(str(tmp_path / "difference.cube"))
    np.testing.assert_allclose(values, density * BOHR_ANGSTROM**3, rtol=6e-6)
    np.testing.assert_allclose(atoms.cell, SKEWED, atol=2e-5)
    assert atoms.get_chemical_symbols() == ["O", "P", "O"]
    np.testing.assert_allclose(atoms.positions, header(shape).fractional @ SKEWED, atol=2e-6)
    text = (tmp_path / "difference.cube").read_text()
    assert "electrons/bohr^3" in text.splitlines()[1]


def test_a_density_that_is_none_is_not_written(tmp_path, header):
    with pytest.raises(ValueError, match=r"shape \(2, 2, 2\), its header \(5, 4, 6\)"):
        write_chgcar(tmp_path / "CHGCAR", header((5, 4, 6)), np.zeros((2, 2, 2)), "")
    with pytest.raises(ValueError, match="isn't finite"):
        write_cube(tmp_path / "x.cube", header((5, 4, 6)), np.full((5, 4, 6), np.nan), "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]
