from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest
from vaspout_writer import write
from vasprun_writer import Run

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vaspout.datasets import H5File
from llo_dft.engines.vasp.files.vaspout.h5_settings import read_incar

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.engines.vasp.files.vasprun.elements import Value


def incar(path: Path, text: str | None = None, **tags: object) -> dict[str, Value]:
    write(path, Run(("Li", "Mn", "O"), n_energies=11, u_values={"Mn": 3.9}))
    with h5py.File(path, "r+") as file:
        if text is not None:
            del file["original/incar/content"]
            file["original/incar/content"] = np.bytes_(text.encode())
        for name, value in tags.items():
            if name in file["input/incar"]:
                del file[f"input/incar/{name}"]
            file[f"input/incar/{name}"] = value
    with H5File(path) as file:
        return read_incar(file)


def test_tags_have_their_types(tmp_path: Path) -> None:
    found = incar(tmp_path / "vaspout.h5")
    assert (found["ENCUT"], found["ISPIN"], found["PREC"]) == (520.0, 2, "accurate")
    assert found["LDAU"] is True


def test_a_list_that_was_cut_to_its_first_is_taken_from_the_text(tmp_path: Path) -> None:
    assert incar(tmp_path / "vaspout.h5")["LDAUU"] == [0.0, 3.9, 0.0]
    found = incar(tmp_path / "repeated.h5", "LDAU = .TRUE.\nLDAUU = 2*3.9 0 # by kind\n")
    assert found["LDAUU"] == [3.9, 3.9, 0.0]


def test_a_logical_is_zero_or_one(tmp_path: Path) -> None:
    with pytest.raises(VaspFileError, match="not a logical"):
        incar(tmp_path / "vaspout.h5", LDAU=np.int32(7))
