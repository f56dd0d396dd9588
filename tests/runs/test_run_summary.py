from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from run_folders import outcar_of, outcar_with, run_folder

from llo_dft.engines.vasp.files.run_folder import read_run
from llo_dft.runs.run_summary import (
    SAME_CELL_ANGSTROM,
    cell_charge_of,
    same_cell,
    structure_of,
    summarize,
)
from llo_dft.testing.vasprun_writer import Run

if TYPE_CHECKING:
    from pathlib import Path


def header_of(run: Any, **changes: Any) -> Any:
    """The head of a grid file of the run's cell and atoms."""
    fields = {"species": run.final.symbols, "lattice_angstrom": run.final.lattice_angstrom.copy()}
    return SimpleNamespace(**(fields | changes))


def test_a_summary_is_of_the_last_step(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "run", Run(energies=(-30.0, -30.4, -30.401)), outcar_of(6))
    found = summarize(folder)
    assert (found.formula, found.n_atoms, found.n_ionic_steps) == ("Li2 Mn1 O3", 6, 3)
    assert found.energy_ev == pytest.approx(-30.401, abs=1e-2)
    run = read_run(folder, eigenvalues=True)
    largest = np.linalg.norm(run.steps[-1].forces_ev_per_angstrom, axis=1).max()
    assert found.max_force_ev_per_angstrom == pytest.approx(float(largest))
    assert found.wall_s == 123.456
    assert found.problems == []


def test_moments_of_other_atoms_are_a_problem_and_no_moments(tmp_path: Path) -> None:
    found = summarize(run_folder(tmp_path, "run", Run(), outcar_of(5)))
    assert "OUTCAR has moments of 5 atoms: it is of another run" in found.problems
    assert found.moments is not None
    assert found.moments.sites_mu_b is None
    assert found.oxidation_states is None


def test_without_spins_there_are_no_moments(tmp_path: Path) -> None:
    assert summarize(run_folder(tmp_path, "run", Run(spins=1))).moments is None


def test_a_damaged_outcar_takes_nothing_from_the_run(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "run", Run(), outcar_with([0.0] * 6))
    whole = summarize(folder)
    text = (folder / "OUTCAR").read_text(encoding="ascii")
    (folder / "OUTCAR").write_text(text.replace("0.000", "*****", 3), encoding="ascii")
    found = summarize(folder)
    assert found.energy_ev == whole.energy_ev
    assert len(found.problems) == 1
    assert "OUTCAR" in found.problems[0]


def test_a_cell_is_the_same_to_a_thousandth_of_an_angstrom(tmp_path: Path) -> None:
    run = read_run(run_folder(tmp_path, "run", Run()))
    final = structure_of(run.final)
    assert same_cell(final, header_of(run))
    for part, same in ((0.5, True), (1.5, False)):
        lattice = run.final.lattice_angstrom.copy()
        lattice[2, 0] += part * SAME_CELL_ANGSTROM
        assert same_cell(final, header_of(run, lattice_angstrom=lattice)) == same
    assert not same_cell(final, header_of(run, species=tuple(reversed(run.final.symbols))))


def test_atoms_are_where_the_file_has_them(tmp_path: Path) -> None:
    run = read_run(run_folder(tmp_path, "run", Run()))
    structure = structure_of(run.final)
    assert [site.specie.symbol for site in structure] == list(run.final.symbols)
    np.testing.assert_allclose(structure.frac_coords, run.final.fractional)


@pytest.mark.parametrize("charge", [0.0, 1.0, -2.0])
def test_a_charge_is_what_nelect_lacks_of_the_valences(tmp_path: Path, charge: float) -> None:
    run = read_run(run_folder(tmp_path, "run", Run()))
    whole = sum(kind.n_atoms * kind.n_valence for kind in run.header.species)
    run.parameters["NELECT"] = whole - charge
    assert cell_charge_of(run) == charge
    del run.parameters["NELECT"]
    assert cell_charge_of(run) == 0.0
