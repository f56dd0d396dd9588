"""The head of a grid file in the forms that VASP and others write it in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from grid_files import GridText

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.grids.grid_header import (
    GridHeader,
    parse_shape,
    read_header,
)

if TYPE_CHECKING:
    from pathlib import Path

GRID = GridText([np.zeros((4, 5, 6))])
HEAD = GRID.header() + "    4    5    6\n"


def read(path: Path, text: str) -> GridHeader:
    path.write_text(text, encoding="utf-8")
    with ByteStream(path) as stream:
        return read_header(stream)


def test_cell_atoms_and_shape(tmp_path: Path) -> None:
    found = read(tmp_path / "CHGCAR", HEAD)
    np.testing.assert_allclose(found.lattice_angstrom, GRID.lattice)
    np.testing.assert_allclose(found.fractional, GRID.positions, atol=1e-6)
    assert found.species == ("Li", "O", "O")
    assert (found.shape, found.n_points) == ((4, 5, 6), 120)
    assert found.volume_a3 == pytest.approx(abs(np.linalg.det(GRID.lattice)))
    assert found.structure().composition.reduced_formula == "LiO2"
    assert (found.notes, found.mock) == ((), False)


@pytest.mark.parametrize("scale", [2.0, -100.0])
def test_a_scale_is_a_factor_and_below_zero_the_volume(tmp_path: Path, scale: float) -> None:
    found = read(tmp_path / "CHGCAR", HEAD.replace("   1.00000000000000", f"   {scale:.14f}", 1))
    volume = abs(np.linalg.det(GRID.lattice))
    expected = -scale if scale < 0 else scale**3 * volume
    assert found.volume_a3 == pytest.approx(expected)


def test_cartesian_places_are_the_same_atoms(tmp_path: Path) -> None:
    direct = read(tmp_path / "CHGCAR", HEAD)
    cartesian = direct.fractional @ direct.lattice_angstrom
    rows = "".join(" " + "".join(f"{x:16.10f}" for x in row) + "\n" for row in cartesian)
    start = HEAD.index("Direct")
    end = HEAD.index("\n \n", start)
    text = HEAD[:start] + "Selective dynamics\nCartesian\n" + rows.rstrip("\n") + HEAD[end:]
    found = read(tmp_path / "CHGCAR", text)
    np.testing.assert_allclose(found.fractional, direct.fractional, atol=1e-8)
    assert found.notes == ("the atoms' coordinates are Cartesian",)


def test_names_of_potentials_are_elements(tmp_path: Path) -> None:
    found = read(tmp_path / "CHGCAR", HEAD.replace("   Li    O", "   Li_sv  O/0a1b", 1))
    assert found.species == ("Li", "O", "O")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    4    5    6", "    4    5 100000", "the grid's shape, three whole numbers"),
        ("     1     2\n", "     1 2000000\n", "expected 2 numbers of atoms"),
        ("     1     2\n", "     1     0\n", "expected 2 numbers of atoms"),
        ("   Li    O\n", "", r"no line of elements .* \(VASP 4\)"),
        ("   Li    O", "    X    O", "expected the symbols of elements"),
    ],
)
def test_what_can_not_be_true_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in HEAD
    with pytest.raises(VaspFileError, match=rf"line \d+: .*{message}"):
        read(tmp_path / "CHGCAR", HEAD.replace(old, new, 1))


def test_a_shape_is_three_whole_numbers() -> None:
    assert parse_shape(b"   48   48  192 ") == (48, 48, 192)
    assert parse_shape(b"   48   48") is None
    assert parse_shape(b" 1.0 2.0 3.0") is None
