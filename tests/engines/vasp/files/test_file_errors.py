from __future__ import annotations

from pathlib import Path

import pytest

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.errors import InputError


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
