"""What stands before the first step, against what was written and against itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vasprun.header import Crystal
from llo_dft.engines.vasp.files.vasprun.read_vasprun import read_vasprun
from llo_dft.testing.vasprun_writer import Run, text

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.engines.vasp.files.vasprun.header import Header

SYMBOLS = ("Li", "Li", "Mn", "O", "O", "O")


def header(path: Path, run: Run, old: str = "", new: str = "") -> Header:
    content = text(run)
    assert old in content
    path.write_text(content.replace(old, new, 1), encoding="latin-1")
    return read_vasprun(path).header


def test_kinds_of_atoms_have_their_valences_and_titles(tmp_path: Path) -> None:
    found = header(tmp_path / "vasprun.xml", Run(SYMBOLS))
    assert found.symbols == SYMBOLS
    assert [(kind.element, kind.n_atoms) for kind in found.species] == [
        ("Li", 2),
        ("Mn", 1),
        ("O", 3),
    ]
    assert [kind.title.split()[1].partition("_")[0] for kind in found.species] == ["Li", "Mn", "O"]
    assert found.species[2].n_valence == 6
    assert found.version.strip() == "6.4.2"
    assert not found.mock


def test_the_structure_at_the_start_is_the_one_that_was_written(tmp_path: Path) -> None:
    run = Run(SYMBOLS)
    found = header(tmp_path / "vasprun.xml", run).initial
    assert found is not None
    np.testing.assert_allclose(found.lattice_angstrom, run.lattice, atol=1e-8)
    np.testing.assert_allclose(found.fractional, run.fractional, atol=1e-8)


def test_weights_of_the_k_points_sum_to_one(tmp_path: Path) -> None:
    found = header(tmp_path / "vasprun.xml", Run(SYMBOLS, n_kpoints=3)).kpoints
    assert found.points.shape == (3, 3)
    assert found.weights.sum() == pytest.approx(1.0)


def test_a_volume_that_is_not_that_of_the_vectors_is_corrupt(tmp_path: Path) -> None:
    run = Run(SYMBOLS)
    volume = f"{abs(np.linalg.det(run.lattice)):16.8f}"
    with pytest.raises(VaspFileError, match="but the written volume is"):
        header(tmp_path / "vasprun.xml", run, volume, f"{2.0:16.8f}")


def test_a_stand_in_says_so_in_its_version(tmp_path: Path) -> None:
    run = Run(SYMBOLS)
    assert header(tmp_path / "vasprun.xml", run, "6.4.2", "STAND-IN, not VASP 6.4.2").mock


def test_a_formula_keeps_the_order_of_the_file() -> None:
    crystal = Crystal(np.eye(3), ("O", "Li", "O"), np.zeros((3, 3)))
    assert crystal.formula == "O2 Li1"
