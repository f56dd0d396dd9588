from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from vaspout_writer import write

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vaspout.h5_file import H5File
from llo_dft.engines.vasp.files.vaspout.vaspout_header import read_header, read_positions
from llo_dft.testing.vasprun_writer import Run

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.engines.vasp.files.vasprun.header import Header

RUN = Run(("Li", "Li", "Mn", "O", "O", "O"), n_energies=11, energy_range=(-8.0, 7.0))


def header(path: Path, run: Run = RUN, **changes: Any) -> Header:
    """The header; a change to None takes a dataset away."""
    write(path, run)
    with h5py.File(path, "r+") as file:
        for name, value in changes.items():
            del file[name]
            if value is not None:
                file[name] = value
    with H5File(path) as file:
        return read_header(file)


def test_atoms_cell_and_version_are_those_that_were_written(tmp_path: Path) -> None:
    found = header(tmp_path / "vaspout.h5")
    assert found.version == "6.4.2"
    assert found.symbols == RUN.symbols
    assert [(kind.element, kind.n_atoms) for kind in found.species] == [
        ("Li", 2),
        ("Mn", 1),
        ("O", 3),
    ]
    assert found.initial is not None
    np.testing.assert_allclose(found.initial.lattice_angstrom, RUN.lattice)
    np.testing.assert_allclose(found.initial.fractional, RUN.fractional)
    assert found.kpoints.divisions == (RUN.n_kpoints, 1, 1)
    assert found.kpoints.style == "Gamma"
    assert found.kpoints.weights.sum() == pytest.approx(1.0)


def test_kspacing_stands_for_the_divisions_that_it_makes(tmp_path: Path) -> None:
    missing = dict.fromkeys([f"input/kpoints/nkp{axis}" for axis in "xyz"])
    run = Run(
        RUN.symbols,
        n_energies=11,
        lattice=np.diag([4.0, 5.0, 20.0]),
        settings={"KSPACING": ("", "0.35")},
    )
    found = header(tmp_path / "vaspout.h5", run, **missing)
    # 2 pi / 4 / 0.35 = 4.49, 2 pi / 5 / 0.35 = 3.59, 2 pi / 20 / 0.35 = 0.90
    assert found.kpoints.divisions == (5, 4, 1)


@pytest.mark.parametrize(
    ("changes", "fault", "message"),
    [
        ({"results/positions/ion_types": None}, "truncated", "no results in it; VASP was stopped"),
        ({"input/potcar/content": None}, "absent", "nothing says which pseudopotentials"),
        ({"input/potcar/content": np.bytes_(b"TITEL = x\n")}, "corrupt", "for 3 kinds of atoms"),
        ({"input/poscar/lattice_vectors": np.zeros((3, 3))}, "corrupt", "a cell without volume"),
        ({"input/poscar/lattice_vectors": np.eye(3)}, "corrupt", "no cell for 6 atoms"),
    ],
)
def test_what_is_missing_or_can_not_be(
    tmp_path: Path, changes: dict[str, Any], fault: str, message: str
) -> None:
    with pytest.raises(VaspFileError, match=message) as caught:
        header(tmp_path / "vaspout.h5", **changes)
    assert caught.value.fault == fault


def test_a_scale_below_zero_is_the_volume_and_places_may_be_cartesian(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    lattice = np.diag([2.0, 3.0, 4.0])
    with h5py.File(path, "w") as file:
        file["g/scale"] = -192.0  # twice as long along each axis
        file["g/lattice_vectors"] = lattice
        file["g/direct_coordinates"] = np.int32(0)
        file["g/position_ions"] = np.array([[1.0, 1.5, 2.0]])
    with H5File(path) as file:
        found = read_positions(file, "g", ("Li",))
    np.testing.assert_allclose(found.lattice_angstrom, 2 * lattice)
    np.testing.assert_allclose(found.fractional, [[0.5, 0.5, 0.5]])
