from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from slab_runs import slab_run, write_slab

from llo_dft.engines.vasp.files.run_folder import read_run
from llo_dft.errors import InputError
from llo_dft.runs.potential_levels import faces_beside, potential_of
from llo_dft.runs.run_summary import structure_of
from llo_dft.testing.vasprun_writer import text

if TYPE_CHECKING:
    from pathlib import Path


def test_the_work_function_is_from_the_fermi_level_to_the_vacuum(tmp_path: Path) -> None:
    folder = write_slab(tmp_path / "slab", (5.25, 4.75))
    found = potential_of(folder)
    run = read_run(folder, dos=True)
    for face, level in (("upper", 5.25), ("lower", 4.75)):
        assert found.faces[face].vacuum.level_ev == pytest.approx(level, abs=1e-6)
        assert found.faces[face].work_function_ev == pytest.approx(level - run.fermi_ev, abs=1e-6)
        # an insulator: the valence band's top is the firm number
        assert found.vbm_ev is not None
        assert found.faces[face].ionization_energy_ev == pytest.approx(level - found.vbm_ev)
    assert found.dipole_step_ev == pytest.approx(0.5, abs=1e-6)
    assert found.fingerprint is not None


def test_without_its_run_there_are_levels_and_no_work_function(tmp_path: Path) -> None:
    found = potential_of(write_slab(tmp_path / "slab", vasprun=False))
    assert found.faces["upper"].vacuum.level_ev == pytest.approx(5.25, abs=1e-6)
    assert found.faces["upper"].work_function_ev is None
    assert "no vasprun.xml or vaspout.h5 beside it: no work function" in found.notes
    assert found.fermi_ev is None


def test_a_run_of_another_cell_gives_no_level(tmp_path: Path) -> None:
    folder = write_slab(tmp_path / "slab")
    other = slab_run()
    other.lattice = other.lattice * 1.01
    (folder / "vasprun.xml").write_text(text(other), encoding="latin-1")
    found = potential_of(folder)
    assert found.fermi_ev is None
    assert "is of another run" in found.problems[0]


def test_an_outcar_that_says_otherwise_is_noted(tmp_path: Path) -> None:
    folder = write_slab(tmp_path / "slab")
    line = " vacuum level on the upper side and lower side of the slab         {}         {}\n"
    (folder / "OUTCAR").write_text(line.format("5.250", "5.250"), encoding="ascii")
    quiet = potential_of(folder).notes
    (folder / "OUTCAR").write_text(line.format("5.250", "4.900"), encoding="ascii")
    (said,) = [note for note in potential_of(folder).notes if note not in quiet]
    assert said == "lower face: 5.250 eV from LOCPOT, 4.900 eV by the program"


def test_levels_beside_a_run_are_those_of_its_own_locpot(tmp_path: Path) -> None:
    folder = write_slab(tmp_path / "slab", (5.25, 4.75))
    run = read_run(folder)
    final = structure_of(run.final)
    problems: list[str] = []
    found = faces_beside(run.path, final, problems)
    assert found["upper"].level_ev - found["lower"].level_ev == pytest.approx(0.5, abs=1e-6)
    assert problems == []
    (folder / "LOCPOT").write_text("cut off", encoding="ascii")
    assert faces_beside(run.path, final, problems) == {}
    assert len(problems) == 1
    (folder / "LOCPOT").unlink()
    assert faces_beside(run.path, final, problems) == {}
    assert len(problems) == 1  # a run need not have one


def test_a_window_longer_than_the_cell_is_refused(tmp_path: Path) -> None:
    folder = write_slab(tmp_path / "slab")
    with pytest.raises(InputError, match="LOCPOT: "):
        potential_of(folder, windows_angstrom=[50.0])
