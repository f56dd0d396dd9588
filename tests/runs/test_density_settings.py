"""Whether three densities may be subtracted, by the runs beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from charge_models import LOWER, UPPER, write_interface, write_run
from plain_runs import NOT_CONVERGED

from llo_dft.analysis.comparability.fingerprints import ComparabilityError
from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.grids.read_grids import find_grid_file, read_grid_header
from llo_dft.runs.density_settings import DensitySettings, compared_settings

if TYPE_CHECKING:
    from pathlib import Path

ATOMS = {"AB": [*LOWER, *UPPER], "A": LOWER, "B": UPPER}

#: As the whole has them: what a part does not hold is still its setting.
U = {"u_values": {"Mn": 3.9}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_interface(tmp_path)
    return tmp_path


def compare(folder: Path, *allow: str) -> DensitySettings:
    headers = [read_grid_header(find_grid_file(folder / name)) for name in ATOMS]
    return compared_settings(tuple(headers), allow)  # type: ignore[arg-type]


def write_runs(folder: Path, **of_a: Any) -> None:
    for name, atoms in ATOMS.items():
        write_run(folder / name, atoms, **(of_a if name == "A" else {}))


def test_runs_of_one_setting_agree(folder: Path) -> None:
    write_runs(folder)
    found = compare(folder)
    assert found.fingerprint is not None
    assert found.fingerprint.engine == "vasp"
    assert (found.notes, found.differences.allowed, found.mock) == ([], [], False)


def test_a_density_without_its_run_is_named_and_not_compared(folder: Path) -> None:
    write_run(folder / "AB", ATOMS["AB"])
    found = compare(folder)
    assert found.fingerprint is not None
    assert [note.partition(":")[0].split("/")[-2] for note in found.notes] == ["A", "B"]
    assert all("settings not compared" in note for note in found.notes)


def test_a_run_of_other_atoms_is_not_the_densitys(folder: Path) -> None:
    write_runs(folder)
    write_run(folder / "A", UPPER)
    found = compare(folder)
    assert len(found.notes) == 1
    assert "/A/CHGCAR: no vasprun.xml" in found.notes[0]


def test_another_cutoff_is_refused_and_can_be_allowed(folder: Path) -> None:
    write_runs(folder, settings={"ENCUT": ("", f"{400.0:16.8f}"), "ENMAX": ("", f"{400.0:16.8f}")})
    with pytest.raises(ComparabilityError, match=r"densities.*cutoff_ev: 520.* and 400"):
        compare(folder)
    found = compare(folder, "cutoff_ev")
    assert found.allowed == ["cutoff_ev"]
    assert len(found.differences.allowed) == 1


def test_a_density_of_electrons_that_did_not_converge_is_none(folder: Path) -> None:
    write_runs(folder, settings=NOT_CONVERGED)
    with pytest.raises(VaspFileError, match="4 steps, and NELM is 4"):
        compare(folder)


def test_a_stand_in_anywhere_marks_the_difference(folder: Path) -> None:
    write_runs(folder)
    file = folder / "B" / "vasprun.xml"
    text = file.read_text(encoding="latin-1")
    file.write_text(text.replace("6.4.2", "STAND-IN, not VASP 6.4.2", 1), encoding="latin-1")
    with pytest.raises(ComparabilityError, match="mock: False and True"):
        compare(folder)
