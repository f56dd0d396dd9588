"""A plain VASP run as a calculation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from llo_dft.engines.vasp.files.vasprun.read_vasprun import VaspFileError
from llo_dft.runs.plain_runs import read_plain_run
from llo_dft.testing import plain_run_writer as make

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_is_read_with_its_mesh_spins_and_moment(tmp_path: Path) -> None:
    run = read_plain_run(make.host(tmp_path / "host"))
    assert run.completed is not None
    mesh = run.completed.k_mesh
    assert mesh.divisions == (3, 1, 1)
    assert mesh.gamma_centred
    assert mesh.spacings_per_angstrom == pytest.approx(2 * np.pi / np.array([18, 6.5, 9]))
    assert run.completed.spin_polarized
    assert run.completed.moment_mu_b is None  # not asked for
    assert run.record().k_points == "0.3491 x 0.9666 x 0.6981 (3 x 1 x 1, with Gamma)"
    assert run.calculation.energy_ev == make.HOST_EV
    molecule = read_plain_run(make.oxygen(tmp_path / "o2"), "molecule_relax", moment=True)
    assert molecule.completed is not None
    assert molecule.completed.moment_mu_b == pytest.approx(2.0)


@pytest.mark.parametrize("charge", [1, -2])
def test_a_charged_cell_has_no_energy_to_compare(tmp_path: Path, charge: int) -> None:
    """E_f of a charged vacancy depends on the Fermi level and on the images of the charge."""
    run = read_plain_run(make.host(tmp_path / "host", charge=charge))
    assert run.completed is None
    assert (
        run.calculation.reason
        == f"the cell has a charge of {charge:+g} e, and only neutral ones are compared"
    )
    assert run.calculation.energy_ev is None


def test_a_list_of_k_points_is_none_of_a_grid(tmp_path: Path) -> None:
    folder = make.host(tmp_path / "host")
    file = folder / "vasprun.xml"
    text = file.read_text(encoding="latin-1")
    start, end = text.index("  <generation"), text.index("  </generation>\n") + 16
    file.write_text(text[:start] + text[end:], encoding="latin-1")
    run = read_plain_run(folder)
    assert run.completed is not None
    assert run.completed.k_mesh.divisions is None
    assert run.completed.k_mesh.points == pytest.approx(
        np.array([[0, 0, 0, 1 / 3], [1 / 3, 0, 0, 1 / 3], [2 / 3, 0, 0, 1 / 3]]), abs=1e-7
    )
    assert any("no spacing" in note for note in run.notes)
    one = make.host(tmp_path / "one", n_kpoints=1)
    text = (one / "vasprun.xml").read_text(encoding="latin-1")
    start, end = text.index("  <generation"), text.index("  </generation>\n") + 16
    (one / "vasprun.xml").write_text(text[:start] + text[end:], encoding="latin-1")
    gamma = read_plain_run(one)
    assert gamma.completed is not None
    assert gamma.completed.k_mesh.divisions == (1, 1, 1)  # a list of Gamma is the least grid


def test_what_is_not_there_is_not_a_failed_run(tmp_path: Path) -> None:
    with pytest.raises(VaspFileError, match="no such file or folder"):
        read_plain_run(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    empty = read_plain_run(tmp_path / "empty")
    assert (empty.run, empty.calculation.status) == (None, "missing")
    assert "no vasprun.xml" in (empty.calculation.reason or "")
    (tmp_path / "empty" / "vasprun.xml").write_text("")
    assert read_plain_run(tmp_path / "empty").record().status == "failed"
