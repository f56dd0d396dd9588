import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp.outputs import Wavecar

from llo_dft.engines.base import StartFrom
from llo_dft.engines.vasp.running.wave_functions import (
    pass_on,
    wave_functions,
    were_read,
)

CELL = Structure(Lattice([[4, 0, 0], [0, 5, 0], [1, 0, 20]]), ["O"], [[0, 0, 0]])


def wavecar(path, n_spins=2, n_bands=40, cutoff=520.0, cell=CELL):
    record = 256
    head = np.array([record, n_spins, 45200], dtype=float).tobytes()
    sizes = np.array([8, n_bands, cutoff, *cell.lattice.matrix.ravel(), -1.5]).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head.ljust(record, b"\0") + sizes.ljust(record, b"\0"))
    return path


def test_a_parents_wave_functions_are_read_with_as_many_bands(tmp_path):
    path = wavecar(tmp_path / "start" / "WAVECAR")
    own = wave_functions(StartFrom(tmp_path, density=True), CELL, 520.0)
    assert (own.path, own.n_bands) == (path, 40)
    assert own.tags(first=True) == {"NBANDS": 40, "ISTART": 1, "ICHARG": 0}
    placed = wave_functions(StartFrom(tmp_path, density=False), CELL, 520.0)
    # MAGMOM counts only where the density is that of the atoms
    assert placed.tags(first=True) == {"NBANDS": 40, "ISTART": 1, "ICHARG": 2, "NELMDL": -5}
    assert own.tags(first=False) == placed.tags(first=False) == {"NBANDS": 40}


def test_the_head_is_where_pymatgen_finds_it(tmp_path):
    path = wavecar(tmp_path / "start" / "WAVECAR")
    found = wave_functions(StartFrom(tmp_path, density=True), CELL, 520.0)
    # it reads on into the plane waves, which are not there
    with pytest.raises((ValueError, IndexError)):
        Wavecar(str(path))
    with path.open("rb") as file:
        file.seek(256)
        assert np.fromfile(file, dtype=float, count=2)[1] == found.n_bands


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ({"cutoff": 650.0}, "its wave functions are of other settings"),
        ({"n_spins": 1}, "its wave functions are of other settings"),
        ({"cell": CELL.copy().scale_lattice(410.0)}, "its wave functions are of another cell"),
    ],
)
def test_other_plane_waves_are_none_to_begin_with(tmp_path, made, reason):
    wavecar(tmp_path / "start" / "WAVECAR", **made)
    assert wave_functions(StartFrom(tmp_path, density=True), CELL, 520.0) == reason


@pytest.mark.parametrize("left", [None, b"", b"half a head"])
def test_what_is_gone_or_cut_off_is_said_to_be(tmp_path, left):
    if left is not None:
        (tmp_path / "start").mkdir()
        (tmp_path / "start" / "WAVECAR").write_bytes(left)
    found = wave_functions(StartFrom(tmp_path, density=True), CELL, 520.0)
    assert found == "its wave functions are not kept any more"


def test_they_are_moved_and_not_copied(tmp_path):
    (tmp_path / "next").mkdir()
    wavecar(tmp_path / "first" / "WAVECAR")
    pass_on(tmp_path / "first", tmp_path / "next")
    pass_on(tmp_path / "next", tmp_path / "start")
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("WAVECAR")] == ["start/WAVECAR"]


def test_an_empty_file_is_not_kept(tmp_path):
    (tmp_path / "WAVECAR").write_bytes(b"")
    pass_on(tmp_path, tmp_path / "start")
    assert not (tmp_path / "start").exists()


def test_vasp_says_whether_it_read_them(tmp_path):
    assert not were_read(tmp_path)
    text = " found WAVECAR, reading the header\n the WAVECAR file was read successfully\n"
    (tmp_path / "vasp.out").write_text(text, encoding="ascii")
    assert were_read(tmp_path)
