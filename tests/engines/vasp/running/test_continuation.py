"""Where a calculation that was stopped in time resumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp.inputs import Poscar

from llo_dft.engines.vasp.running.continuation import (
    CONTINUE,
    StageProgress,
    forget_progress,
    leave_for_next,
    load_progress,
)

if TYPE_CHECKING:
    from pathlib import Path

START = Structure(
    Lattice.orthorhombic(3.0, 4.0, 5.0),
    ["Li", "Mn"],
    [[0, 0, 0], [0.5, 0.5, 0.5]],
    site_properties={"magmom": [0.0, 3.0]},
)


@pytest.fixture
def stopped(tmp_path: Path) -> tuple[Path, Path, Structure]:
    """A calculation whose VASP was stopped: its folder, the run's, and where the atoms were."""
    run = tmp_path / "cell"
    run.mkdir()
    moved = START.copy()
    moved.translate_sites([1], [0.01, 0.02, 0.03])
    moved.scale_lattice(moved.volume * 1.1)
    Poscar(moved).write_file(run / "CONTCAR", significant_figures=16)
    (run / "WAVECAR").write_bytes(b"waves")
    return tmp_path, run, moved


def test_without_an_earlier_attempt_it_begins(tmp_path: Path) -> None:
    progress = load_progress(tmp_path, "cell")
    assert (progress.stage, progress.n_steps, progress.corrections) == ("cell", 0, [])
    assert progress.placed(START) is START


def test_the_next_attempt_starts_where_the_atoms_were_with_their_moments(
    stopped: tuple[Path, Path, Structure],
) -> None:
    folder, run, moved = stopped
    before = StageProgress("cell", n_steps=4, corrections=["ALGO was set to All"])
    said = leave_for_next(folder, run, before, 7)
    assert said == "stopped for the wall time in ionic step 11; the next run resumes there"
    after = load_progress(folder, "cell")
    assert (after.stage, after.n_steps) == ("cell", 11)
    assert [text.split(" in ")[0] for text in after.corrections] == [
        "ALGO was set to All",
        "stopped for the wall time",
    ]
    placed = after.placed(START)
    np.testing.assert_allclose(placed.cart_coords, moved.cart_coords, atol=1e-12)
    np.testing.assert_allclose(placed.lattice.matrix, moved.lattice.matrix, atol=1e-12)
    assert placed.site_properties == START.site_properties
    assert after.wavecar is not None
    assert after.wavecar.read_bytes() == b"waves"
    assert not (run / "WAVECAR").exists()  # gigabytes are moved, not copied


def test_a_run_without_a_step_leaves_the_place_it_began_from(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "CONTCAR").write_text("", encoding="utf-8")
    (run / "WAVECAR").write_bytes(b"")
    progress = StageProgress("relax")
    progress.reached(START)
    leave_for_next(tmp_path, run, progress, 0)
    after = load_progress(tmp_path, "cell")
    assert after.stage == "relax"
    assert after.wavecar is None
    np.testing.assert_allclose(after.placed(START).frac_coords, START.frac_coords)


def test_what_is_forgotten_is_not_resumed(stopped: tuple[Path, Path, Structure]) -> None:
    folder, run, _ = stopped
    leave_for_next(folder, run, StageProgress("cell"), 3)
    assert (folder / CONTINUE).is_dir()
    forget_progress(folder)
    forget_progress(folder)  # of nothing, nothing
    assert load_progress(folder, "cell").n_steps == 0
