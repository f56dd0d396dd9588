from __future__ import annotations

from pathlib import Path

import pytest
from grid_files import GridText, random_grid

from llo_dft.engines.vasp.files.file_errors import MARK, VaspFileError, is_marked
from llo_dft.engines.vasp.files.grids.read_grids import read_grid_header
from llo_dft.engines.vasp.files.outcar import read_outcar
from llo_dft.engines.vasp.files.vasprun.read_vasprun import read_vasprun
from llo_dft.errors import InputError
from llo_dft.testing.vasprun_writer import Run, text


def test_an_error_names_the_file_what_is_wrong_and_where() -> None:
    error = VaspFileError(Path("run/vasprun.xml"), "not_a_number", "'NaN' in a row", "byte 12")
    assert str(error) == "run/vasprun.xml: not a number at byte 12: 'NaN' in a row"
    assert (error.path, error.fault, error.place) == (
        Path("run/vasprun.xml"),
        "not_a_number",
        "byte 12",
    )


def test_without_a_place_it_is_of_the_whole_file() -> None:
    with pytest.raises(InputError, match=r"^OUTCAR: absent: no moments$"):
        raise VaspFileError(Path("OUTCAR"), "absent", "no moments")


def test_text_and_bytes_are_looked_into():
    assert is_marked("vasp.6.4.2", f"20Jul23 {MARK} complex")
    assert is_marked(f" {MARK}\n".encode())
    assert is_marked("6.4.2 stand-in, not vasp")  # as it comes through pymatgen
    assert not is_marked("vasp.6.4.2", b"STAND-IN", None, 6)


@pytest.mark.parametrize("field", ["version", "subversion"])
def test_a_marked_vasprun_says_so(tmp_path: Path, field: str):
    path = tmp_path / "vasprun.xml"
    real = text(Run())
    path.write_text(real)
    assert not read_vasprun(path).mock
    tag = f'<i name="{field}" type="string">'
    path.write_text(real.replace(tag, f"{tag}{MARK} "))
    assert read_vasprun(path).mock


def test_a_mark_in_incar_is_no_mark(tmp_path: Path):
    path = tmp_path / "vasprun.xml"
    path.write_text(text(Run()).replace(">made up<", f">{MARK}<"))
    assert not read_vasprun(path).mock


def test_a_marked_outcar_says_so_at_its_head(tmp_path: Path):
    path = tmp_path / "OUTCAR"
    path.write_text(f" vasp.6.4.2 {MARK}\n executed on\n")
    assert read_outcar(path).mock
    path.write_text(" vasp.6.4.2\n" + 9 * "\n" + f" SYSTEM = {MARK}\n")
    assert not read_outcar(path).mock


@pytest.mark.parametrize(("title", "mock"), [(f"Li1 O2 | {MARK}", True), ("Li1 O2", False)])
def test_a_marked_grid_says_so_in_its_title(tmp_path: Path, title: str, mock: bool):  # noqa: FBT001
    path = GridText([random_grid((4, 4, 6))], title=title).write(tmp_path / "CHGCAR")
    assert read_grid_header(path).mock is mock
