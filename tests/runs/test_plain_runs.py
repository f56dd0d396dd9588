"""A plain VASP run as a calculation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from llo_dft.analysis.comparability.k_mesh import same_mesh
from llo_dft.engines.vasp.files.vasprun.read_vasprun import VaspFileError
from llo_dft.runs.plain_runs import read_plain_run
from llo_dft.testing import plain_run_writer as make
from llo_dft.testing import vasprun_writer

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


def of_int(**values: int) -> dict[str, tuple[str, str]]:
    return {name: ("int", f"{value:6d}") for name, value in values.items()}


@pytest.mark.parametrize(
    ("used", "asked", "reason"),
    [
        (of_int(ICHARG=11), {}, "its density was fixed (ICHARG = 11)"),
        (of_int(ICHARG=1), {"ML_LMLFF": ("logical", " T  ")}, "those of machine-learned forces"),
        (of_int(IBRION=0, NSW=3), {}, "an instant of molecular dynamics (IBRION = 0)"),
        (of_int(IBRION=5, NSW=1), {}, "are displaced (IBRION = 5)"),
        (of_int(IBRION=2, NSW=99, IMAGES=3), {}, "on a path or at a saddle point"),
        (of_int(IBRION=44, NSW=99), {}, "on a path or at a saddle point"),
        (of_int(IBRION=3, NSW=99), of_int(ICHAIN=2), "on a path or at a saddle point"),
        (of_int(IBRION=2, NSW=99, ICORELEVEL=2), {}, "it has a core hole"),
        ({"METAGGA": ("string", "MBJ")} | of_int(IBRION=2, NSW=99), {}, "Becke-Johnson potential"),
        ({"SCALEE": ("", "      0.50000000")} | of_int(NSW=99), {}, "(SCALEE = 0.5)"),
    ],
)
def test_only_atoms_at_rest_with_their_own_electrons_have_an_energy_to_compare(
    tmp_path: Path, used: dict[str, Any], asked: dict[str, Any], reason: str
) -> None:
    """Both of a pair may be such runs, so that comparing the settings does not show it."""
    made = make.cell_run(settings=used, asked=asked)
    made.energies = (-80.0, -79.9, -79.8)
    run = read_plain_run(make.write(tmp_path / "run", made))
    assert run.completed is None
    assert reason in str(run.calculation.reason)


def test_electrons_that_were_not_iterated_have_none(tmp_path: Path) -> None:
    made = make.cell_run(settings=of_int(NELM=1))
    run = read_plain_run(make.write(tmp_path / "run", made, ("Normal", "Exact")))
    assert "its electrons were not iterated (ALGO = Exact)" in str(run.calculation.reason)


@pytest.mark.parametrize(("used", "n_steps"), [({"IBRION": 2, "NSW": 99}, 3), ({"IBRION": 0}, 1)])
def test_a_relaxation_and_a_single_point_have_one(
    tmp_path: Path, used: dict[str, int], n_steps: int
) -> None:
    made = make.cell_run(settings=of_int(**used, ICHARG=1))
    made.energies = (-79.0, -79.9, -80.0)[-n_steps:]
    run = read_plain_run(make.write(tmp_path / "run", made))
    assert run.calculation.energy_ev == -80.0
    assert run.notes == []


def test_a_cell_that_changed_and_a_fixed_moment_are_named(tmp_path: Path) -> None:
    """VASP keeps the plane waves of the first cell: 3 % of a length are 2 % of the cutoff."""
    made = vasprun_writer.text(make.cell_run(settings=of_int(NUPDOWN=4)))
    start = made.index("initialpos")
    end = made.index("</structure>", start)
    first = made[start:end].replace("6.00000000", "5.80000000", 1).replace("351.", "339.3", 1)
    folder = make.host(tmp_path / "host")
    first = first.replace("339.300000000", "339.30000000")
    text = made[:start] + first + made[end:]
    (folder / "vasprun.xml").write_text(text, encoding="latin-1")
    changed, moment = read_plain_run(folder).notes
    assert changed.startswith("its cell changed by 3.4% with the plane waves of the first one")
    assert moment == "its moment was fixed (NUPDOWN = 4): is it that of least energy?"


def test_two_grids_without_gamma_may_differ(tmp_path: Path) -> None:
    """Moved along one direction, or along another: neither has Gamma."""
    runs = []
    for name, moved in (("one", (0.5, 0.0, 0.0)), ("other", (0.0, 0.5, 0.0))):
        zeros, row = (" ".join(f"{x:16.8f}" for x in one) for one in ((0.0, 0.0, 0.0), moved))
        folder = make.host(tmp_path / name, n_kpoints=1, replace=(zeros, row))
        run = read_plain_run(folder).completed
        assert run is not None
        runs.append(run.k_mesh)
    assert [mesh.shift for mesh in runs] == [(0.5, 0.0, 0.0), (0.0, 0.5, 0.0)]
    assert not same_mesh(*runs)
    assert "without Gamma, shifted by 0.5 0 0" in str(runs[0])


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
