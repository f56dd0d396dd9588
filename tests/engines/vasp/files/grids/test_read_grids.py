"""Grid files against pymatgen, against what was written, and against half a file."""

from __future__ import annotations

import gzip
import lzma
import re

import numpy as np
import pytest
from grid_files import SKEWED, GridText, fortran_g, random_grid
from pymatgen.io.vasp.outputs import Chgcar, Locpot

from llo_dft.engines.vasp.files.grids.read_grids import (
    VaspFileError,
    find_grid_file,
    read_density_difference,
    read_grid_header,
    read_potential,
)

VOLUME = abs(np.linalg.det(SKEWED))
SHAPES = [(4, 5, 6), (3, 3, 3), (1, 1, 7), (2, 1, 1), (10, 12, 14), (41, 37, 29)]


def chgcar(tmp_path, grids, **changes):
    return GridText(grids, **changes).write(tmp_path / "CHGCAR")


class TestAgainstPymatgen:
    @pytest.mark.parametrize("shape", SHAPES)
    def test_density_cell_and_atoms_are_the_same(self, tmp_path, shape):
        path = chgcar(tmp_path, [random_grid(shape)])
        ours, theirs = read_density_difference(path), Chgcar.from_file(str(path))
        np.testing.assert_allclose(
            ours.difference_per_a3 * VOLUME, theirs.data["total"], rtol=3e-16, atol=0
        )
        structure = ours.headers[0].structure()
        np.testing.assert_array_equal(structure.lattice.matrix, theirs.structure.lattice.matrix)
        np.testing.assert_array_equal(structure.frac_coords, theirs.structure.frac_coords)
        assert structure.species == theirs.structure.species
        assert ours.notes == ()

    def test_potential_of_two_spins_is_their_mean(self, tmp_path):
        grids = [random_grid((6, 5, 7), seed) for seed in range(2)]
        path = GridText(grids, occupancies=0).write(tmp_path / "LOCPOT")
        ours, theirs = read_potential(path), Locpot.from_file(path)
        mean = (theirs.data["spin_up"] + theirs.data["spin_down"]) / 2
        np.testing.assert_array_equal(ours.potential_ev, mean)
        assert ours.n_grids == 2

    def test_potential_without_spin(self, tmp_path):
        path = GridText([random_grid((6, 5, 7))], occupancies=0).write(tmp_path / "LOCPOT")
        np.testing.assert_array_equal(
            read_potential(path).potential_ev, Locpot.from_file(path).data["total"]
        )

    def test_ten_columns_as_in_parchg(self, tmp_path):
        path = chgcar(tmp_path, [random_grid((7, 9, 11), spread=7)], short=True, occupancies=0)
        ours, theirs = read_density_difference(path), Chgcar.from_file(str(path)).data["total"]
        np.testing.assert_allclose(ours.difference_per_a3 * VOLUME, theirs, rtol=3e-16, atol=0)
        assert ours.notes == ()

    def test_what_pymatgen_writes_is_read(self, tmp_path):
        grid = random_grid((5, 4, 3))
        grid[0, 0, 0], grid[1, 2, 1] = 1.5e-120, -2.5e-101  # with E and three digits
        first = Chgcar.from_file(str(chgcar(tmp_path, [random_grid((5, 4, 3))])))
        Chgcar(first.structure, {"total": grid}).write_file(str(tmp_path / "CHGCAR_2"))
        ours = read_density_difference(tmp_path / "CHGCAR_2")
        np.testing.assert_allclose(ours.difference_per_a3 * VOLUME, grid, rtol=1e-10, atol=0)


class TestNumbers:
    def test_every_exponent_is_read_to_the_last_bit_or_next_to_it(self, tmp_path):
        exponents = np.arange(-150, 150)
        grid = np.array([float(f"1.234567890{k % 10}E{k}") for k in exponents]).reshape(10, 5, 6)
        ours = read_density_difference(chgcar(tmp_path, [grid])).difference_per_a3 * VOLUME
        np.testing.assert_allclose(ours, grid, rtol=4e-16, atol=0)

    def test_usual_sizes_are_read_to_the_last_bit(self, tmp_path):
        grid = random_grid((11, 13, 17), spread=9)
        path = GridText([grid], occupancies=0).write(tmp_path / "LOCPOT")
        np.testing.assert_array_equal(read_potential(path).potential_ev, grid)

    def test_zeros(self, tmp_path):
        path = chgcar(tmp_path, [np.zeros((5, 5, 3))])
        assert not read_density_difference(path).difference_per_a3.any()

    def test_mean_of_the_file_is_the_number_of_electrons(self, tmp_path):
        grid = np.full((4, 5, 6), 37.5)
        ours = read_density_difference(chgcar(tmp_path, [grid]))
        assert ours.n_electrons[0] == pytest.approx(37.5, rel=1e-14)
        assert ours.difference_per_a3.mean() * VOLUME == pytest.approx(37.5, rel=1e-14)

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (12.345, " 12.345    "),
            (0.1, "0.10000    "),
            (-0.5, "-.50000    "),
            (9e-3, "0.90000E-02"),
        ],
    )
    def test_the_helper_writes_short_columns_as_fortran_does(self, value, text):
        assert fortran_g(value) == text


class TestDifference:
    def test_is_that_of_the_files(self, tmp_path):
        grids = [random_grid((8, 9, 10), seed) for seed in range(3)]
        paths = [GridText([g, g]).write(tmp_path / f"CHGCAR_{i}") for i, g in enumerate(grids)]
        ours = read_density_difference(paths[0], paths[1:])
        expected = (grids[0] - grids[1] - grids[2]) / VOLUME
        np.testing.assert_allclose(ours.difference_per_a3, expected, rtol=0, atol=1e-10)
        np.testing.assert_allclose(ours.n_electrons, [g.mean() for g in grids], rtol=1e-12)

    def test_another_grid_is_refused_with_both_shapes(self, tmp_path):
        one = GridText([random_grid((4, 5, 6))]).write(tmp_path / "one")
        other = GridText([random_grid((4, 6, 5))]).write(tmp_path / "other")
        with pytest.raises(VaspFileError, match=r"\(4, 6, 5\), and that of .*one is \(4, 5, 6\)"):
            read_density_difference(one, [other])


class TestWhatIsAskedFor:
    def test_magnetisation_is_not_read(self, tmp_path):
        text = GridText([random_grid((4, 5, 6), seed) for seed in range(2)]).text()
        (tmp_path / "CHGCAR").write_text(text[:-800] + "*" + text[-799:], encoding="ascii")
        ours = read_density_difference(tmp_path / "CHGCAR").difference_per_a3 * VOLUME
        np.testing.assert_allclose(ours, random_grid((4, 5, 6), 0), rtol=3e-16, atol=0)

    def test_header_alone(self, tmp_path):
        text = GridText([random_grid((4, 5, 6))])
        (tmp_path / "CHGCAR").write_text(text.header() + "    4    5    6\n", encoding="ascii")
        header = read_grid_header(tmp_path / "CHGCAR")
        assert header.shape == (4, 5, 6)
        assert header.species == ("Li", "O", "O")
        assert header.volume_a3 == pytest.approx(VOLUME)

    @pytest.mark.parametrize(("suffix", "module"), [(".gz", gzip), (".xz", lzma)])
    def test_compressed_files_read_the_same(self, tmp_path, suffix, module):
        plain = chgcar(tmp_path, [random_grid((9, 10, 11), seed) for seed in range(2)])
        packed = tmp_path / f"CHGCAR{suffix}"
        packed.write_bytes(module.compress(plain.read_bytes()))
        ours, theirs = read_density_difference(packed), read_density_difference(plain)
        np.testing.assert_array_equal(ours.difference_per_a3, theirs.difference_per_a3)

    def test_a_folder_stands_for_its_file(self, tmp_path):
        path = chgcar(tmp_path, [np.ones((2, 2, 2))])
        assert find_grid_file(tmp_path) == path
        assert find_grid_file(path) == path
        with pytest.raises(VaspFileError, match="there is no LOCPOT"):
            find_grid_file(tmp_path, "LOCPOT")
        (tmp_path / "CHGCAR.gz").write_bytes(gzip.compress(path.read_bytes()))
        assert find_grid_file(tmp_path) == path
        (tmp_path / "CHGCAR.gz").write_bytes(gzip.compress(b"of another run"))
        with pytest.raises(VaspFileError, match=r"CHGCAR and CHGCAR.gz are from two runs: name"):
            find_grid_file(tmp_path)
        with pytest.raises(VaspFileError, match="no such file"):
            find_grid_file(tmp_path / "nowhere")


class TestOtherLayouts:
    def words(self, tmp_path, form, columns):
        grid = np.abs(random_grid((4, 5, 6), spread=2))
        words = [format(x, form) for x in grid.ravel(order="F")]
        rows = [" ".join(words[i : i + columns]) for i in range(0, len(words), columns)]
        text = GridText([grid]).header() + "    4    5    6\n" + "\n".join(rows) + "\n"
        (tmp_path / "CHGCAR").write_text(text)
        return tmp_path / "CHGCAR"

    @pytest.mark.parametrize(
        ("form", "columns"), [(".8E", 6), ("18.11E", 5), (".6f", 7), (".9e", 3)]
    )
    def test_words_are_read(self, tmp_path, form, columns):
        path = self.words(tmp_path, form, columns)
        ours, theirs = read_density_difference(path), Chgcar.from_file(str(path)).data["total"]
        np.testing.assert_allclose(ours.difference_per_a3 * VOLUME, theirs, rtol=3e-16, atol=0)

    def test_zeros_that_fill_the_last_line_are_no_part_of_the_grid(self, tmp_path):
        path = self.words(tmp_path, "18.11E", 7)
        text, expected = path.read_text(), read_density_difference(path).difference_per_a3
        path.write_text(f"{text[:-1]} 0.0 0.0\n")
        np.testing.assert_array_equal(read_density_difference(path).difference_per_a3, expected)
        path.write_text(f"{text[:-1]} 0.0 0.5\n")
        with pytest.raises(VaspFileError, match="more numbers than a grid of 120 points"):
            read_density_difference(path)

    @pytest.mark.parametrize("name", ["CHGCAR", "CHGCAR.gz"])
    def test_windows_line_breaks(self, tmp_path, name):
        grids = [random_grid((4, 5, 6), seed) for seed in range(2)]
        expected = read_density_difference(chgcar(tmp_path, grids))
        text = GridText(grids).text().replace("\n", "\r\n").encode()
        path = tmp_path / name
        path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
        ours = read_density_difference(path)
        np.testing.assert_array_equal(ours.difference_per_a3, expected.difference_per_a3)

    def test_more_points_than_a_file_of_that_size_can_hold(self, tmp_path):
        path = chgcar(tmp_path, [random_grid((4, 5, 6), 0)])
        path.write_text(re.sub(r"\n +4 +5 +6\n", "\n 1500 1500 1500\n", path.read_text()))
        with pytest.raises(VaspFileError, match=r"grid \(1500, 1500, 1500\) needs 6750000000 b"):
            read_density_difference(path)

    def test_a_header_typed_by_hand(self, tmp_path):
        text = GridText([np.ones((5, 2, 2))]).text().splitlines()
        text[1:8] = [
            "2.0",
            "1 0 0",
            "0 1.5 0",
            "0 0 2",
            "Li_sv O",
            "1 1",
            "Selective dynamics",
            "cartesian",
        ]
        text[9:12] = ["0 0 0 T T F", "0.5 .75 1.0 F F F"]
        text[-9:] = []
        (tmp_path / "CHGCAR").write_text("\n".join(text) + "\n")
        header = read_grid_header(tmp_path / "CHGCAR")
        np.testing.assert_allclose(header.lattice_angstrom, np.diag([2.0, 3.0, 4.0]))
        np.testing.assert_allclose(header.fractional[1], [0.5, 0.5, 0.5])
        assert header.notes == ("the atoms' coordinates are Cartesian",)
        assert header.species == ("Li", "O")
