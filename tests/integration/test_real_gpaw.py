"""Calculations with GPAW itself: some CPU-seconds each, and two of Li2MnO3 that take a minute."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from engines_by_name import engine_of
from pymatgen.core import Lattice, Structure

from llo_dft.analysis.electronic.planar_average import planar_average
from llo_dft.engines.base import EngineError
from llo_dft.engines.gpaw.gpaw_files import read_result
from llo_dft.engines.gpaw.gpaw_program import installed_gpaw
from llo_dft.engines.gpaw.run_input import run_input
from llo_dft.engines.gpaw.run_program import run_program, write_input
from llo_dft.engines.vasp.files.grids.read_grids import read_density_difference, read_potential
from llo_dft.errors import CalculationError
from llo_dft.jobs.calculate import calculate
from llo_dft.runs.orbital_centers import centers_of

pytestmark = pytest.mark.gpaw

#: O 2p centres of primitive Li2MnO3 from the VBM, found once by hand (PW 400, 2 x 2 x 2).
O_2P_CENTRE = {"PBE": -2.96, "PBE+U": -2.22}


@pytest.fixture(scope="module", autouse=True)
def _gpaw():
    os.environ.pop("LLO_DFT_GPAW_CMD", None)
    try:
        installed_gpaw()
    except EngineError as error:
        reason = f"needs GPAW: {error}; .ci/install-gpaw builds it"
        if os.environ.get("LLO_DFT_REQUIRE_GPAW") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


def computed(structure, folder, kind="static", **overrides):
    """The calculation of a structure, by the job that a study has, and its engine."""
    engine = engine_of("gpaw", **overrides)
    found = calculate.original(structure, engine.maker(kind), "one", str(folder))
    assert found.status == "completed", found.reason
    return found, engine.electrons(folder / found.key)


def h2(length=0.8):
    places = [[0, 0, 0.5 - length / 10], [0, 0, 0.5 + length / 10]]
    return Structure(Lattice.cubic(5), ["H", "H"], places, site_properties={"magmom": [0.0, 0.0]})


def lih_layer(bond=1.6):
    cell = Lattice.from_parameters(3, 3, 12, 90, 90, 90)
    return Structure(cell, ["Li", "H"], [[0, 0, 0.45], [0, 0, 0.45 + bond / 12]])


def test_h2_relaxes_to_its_bond_length(tmp_path):
    found, _ = computed(h2(0.8), tmp_path, "molecule_relax", o2_unpaired_electrons=0)
    length = found.structure.get_distance(0, 1)
    assert length == pytest.approx(0.75, abs=0.02)  # PBE: 0.750 angstrom
    assert found.n_steps >= 1
    assert found.max_force_ev_per_angstrom < 0.1
    # another, closer start ends there too
    again, _ = computed(h2(0.72), tmp_path, "molecule_relax", o2_unpaired_electrons=0)
    assert again.energy_ev == pytest.approx(found.energy_ev, abs=0.01)


def test_a_polar_layer_has_two_vacuum_levels_and_a_density_of_all_its_electrons(tmp_path):
    found, electrons = computed(lih_layer(), tmp_path)
    states = electrons.states("H", "s")
    upper, lower = states.vacuum_levels_ev
    # Li+ below, H- above: an electron is further up in energy on the side of H
    assert upper - lower > 0.3
    # the plateaus of the potential on either side, next to the dipole layer at the cell's end
    potential = read_potential(electrons.potential)
    planes = planar_average(potential.potential_ev, 2)
    height = 12.0 * np.arange(len(planes)) / len(planes)
    plateau = (height > 0.9) & (height < 1.7)
    assert planes[plateau] == pytest.approx(lower, abs=0.02)
    assert planes[::-1][plateau] == pytest.approx(upper, abs=0.02)
    density = read_density_difference(electrons.density, [])
    assert density.n_electrons == pytest.approx([4.0], abs=1e-4)  # of all shells: 3 + 1
    held = states.occupations.sum() / states.occupations.shape[1]
    assert held == pytest.approx(2.0, abs=0.3)
    assert found.fingerprint.own_settings["DIPOLE_LAYER"] is True


def test_a_layer_turned_over_has_the_same_energy_and_its_levels_exchanged(tmp_path):
    first, electrons = computed(lih_layer(), tmp_path)
    turned = lih_layer()
    turned = Structure(turned.lattice, turned.species, 1 - turned.frac_coords)
    second, other = computed(turned, tmp_path)
    assert second.energy_ev == pytest.approx(first.energy_ev, abs=2e-3)
    levels = electrons.states("H", "s").vacuum_levels_ev
    assert other.states("H", "s").vacuum_levels_ev == pytest.approx(levels[::-1], abs=0.02)


def test_a_static_calculation_takes_over_the_electrons_that_its_relaxation_ended_with(tmp_path):
    relaxed, _ = computed(lih_layer(2.2), tmp_path, "slab_relax")
    assert relaxed.n_steps > 1
    engine = engine_of("gpaw")
    maker = engine.maker("static")
    taken = calculate.original(relaxed.structure, maker, "static", str(tmp_path), relaxed)
    assert taken.status == "completed", taken.reason
    assert taken.notes == ["its electrons are those that its relaxation ended with"]
    assert taken.energy_ev == pytest.approx(relaxed.energy_ev, abs=1e-9)
    again, _ = computed(taken.structure, tmp_path)
    assert not again.notes
    assert again.key != taken.key
    # the same numbers as of a calculation from scratch
    assert taken.energy_ev == pytest.approx(again.energy_ev, abs=1e-4)
    ours, theirs = (engine.electrons(tmp_path / one.key) for one in (taken, again))
    first, second = ours.states("H", "s"), theirs.states("H", "s")
    assert first.eigenvalues_ev[..., :2] == pytest.approx(second.eigenvalues_ev[..., :2], abs=5e-3)
    assert first.vacuum_levels_ev == pytest.approx(second.vacuum_levels_ev, abs=5e-3)
    assert first.density.sum() == pytest.approx(second.density.sum(), rel=1e-3)
    held = [read_density_difference(one.density, []).n_electrons for one in (ours, theirs)]
    assert held == [pytest.approx((4.0,), abs=1e-8)] * 2, "no step of the relaxation adds any"
    grids = [read_potential(one.potential).potential_ev for one in (ours, theirs)]
    assert grids[0] == pytest.approx(grids[1], abs=0.02)


def test_a_cycle_that_does_not_converge_gets_a_second_try_and_then_a_reason(tmp_path):
    engine = engine_of("gpaw", o2_unpaired_electrons=0, max_iterations=11, eigenstates_ev2=1e-5)
    found = calculate.original(h2(0.75), engine.maker("molecule_relax"), "H2", str(tmp_path))
    assert found.status == "completed", found.reason
    (correction,) = found.corrections
    assert "did not converge in 11 iterations; computed again with pulay mixing" in correction
    engine = engine_of("gpaw", o2_unpaired_electrons=0, max_iterations=3)
    failed = calculate.original(h2(0.75), engine.maker("molecule_relax"), "H2", str(tmp_path))
    assert failed.status == "failed"
    assert "did not converge in 3 iterations, nor in 6 with pulay mixing" in failed.reason


def test_a_calculation_that_needs_more_memory_than_there_is_ends_before_it_begins(tmp_path):
    engine = engine_of("gpaw", o2_unpaired_electrons=0)
    given = run_input(h2(), "molecule_relax", engine.settings, installed_gpaw())
    with pytest.raises(CalculationError, match=r"too little memory: .* need about 1000000\.0 GB"):
        run_program(h2(), given | {"memory_bytes": 1e15}, tmp_path)


def test_a_relaxation_that_was_killed_goes_on_from_its_last_step(tmp_path):
    engine = engine_of("gpaw", o2_unpaired_electrons=0, force_tolerance=0.005)
    given = run_input(h2(1.1), "molecule_relax", engine.settings, installed_gpaw())
    write_input(h2(1.1), given, tmp_path)
    driver = Path(sys.modules[run_input.__module__].__file__).with_name("gpaw_driver.py")
    state = tmp_path / "continue/state.json"
    with subprocess.Popen([sys.executable, str(driver)], cwd=tmp_path) as running:
        while not state.is_file() or json.loads(state.read_text("utf-8"))["n_steps"] < 1:
            assert running.poll() is None, "it ended before its second step"
            time.sleep(0.05)
        running.send_signal(signal.SIGKILL)
    outcome = run_program(h2(1.1), given, tmp_path)
    (correction,) = outcome.corrections
    assert correction.startswith("stopped after step ")
    assert outcome.structure.get_distance(0, 1) == pytest.approx(0.75, abs=0.02)
    assert not state.exists()


def test_two_ranks_give_the_numbers_of_one(tmp_path, monkeypatch):
    tight = {"eigenstates_ev2": 4e-9, "density_e": 1e-6, "energy_ev": 1e-6}
    found, electrons = computed(lih_layer(), tmp_path / "one", **tight)
    # as root MPI wants to be told that it is meant
    monkeypatch.setenv("OMPI_ALLOW_RUN_AS_ROOT", "1")
    monkeypatch.setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
    words = f"mpiexec --oversubscribe -np 2 {sys.executable} -m gpaw python"
    monkeypatch.setenv("LLO_DFT_GPAW_CMD", words)
    assert installed_gpaw().ranks == 2
    other, shared = computed(lih_layer(), tmp_path / "two", **tight)
    assert other.energy_ev == pytest.approx(found.energy_ev, abs=1e-6)
    one, two = (made.states("H", "s") for made in (electrons, shared))
    assert two.density == pytest.approx(one.density, abs=1e-4)
    assert two.vacuum_levels_ev == pytest.approx(one.vacuum_levels_ev, abs=1e-4)
    grids = [read_potential(made.potential).potential_ev for made in (electrons, shared)]
    assert grids[1] == pytest.approx(grids[0], abs=1e-4)


@pytest.mark.parametrize(
    ("functional", "gap", "moment"), [("PBE", 1.49, 2.74), ("PBE+U", 2.29, 3.05)]
)
def test_li2mno3_has_the_gap_moments_and_o_2p_band_of_pbe_and_of_pbe_u(
    tmp_path, functional, gap, moment
):
    cif = Path(__file__).parents[2] / "structures/Li2MnO3.cif"
    crystal = Structure.from_file(cif).get_primitive_structure()
    found, electrons = computed(crystal, tmp_path, functional=functional)
    states = electrons.states("O", "p")
    centers, _ = centers_of(states, ("O", "p"), "vbm", None, classes={})
    assert centers.edges.gap_ev == pytest.approx(gap, abs=0.03)
    metals = [
        m for m, site in zip(found.magmoms_mu_b, crystal, strict=True) if site.specie.symbol == "Mn"
    ]
    assert metals == pytest.approx([moment] * 2, abs=0.03)
    assert read_result(tmp_path / found.key).total_moment_mu_b == pytest.approx(6.0, abs=1e-3)
    centre = centers.total.both.fixed.center_ev
    assert centre == pytest.approx(O_2P_CENTRE[functional], abs=0.1)
    density = read_density_difference(electrons.density, [])
    expected = sum(site.specie.Z for site in crystal)
    assert density.n_electrons == pytest.approx([expected], abs=1e-3)
    if functional == "PBE+U":
        # GPAW's own density of states, read by GPAW from the file that it left
        own = subprocess.run(
            [sys.executable, "-c", GPAW_ITSELF],
            cwd=tmp_path / found.key,
            check=True,
            capture_output=True,
            text=True,
        )
        sites = [site.centers.both.fixed.center_ev for site in centers.sites]
        assert sites == pytest.approx(json.loads(own.stdout.splitlines()[-1]), abs=0.02)


#: O 2p centres from the VBM, -8 to 0 eV.
GPAW_ITSELF = """
import json
import numpy as np
from gpaw import GPAW

calculator = GPAW("electrons.gpw")
top = calculator.get_homo_lumo()[0]
states = calculator.dos(shift_fermi_level=False)
energies = np.arange(top - 8, top, 0.01)
centres = []
for atom, symbol in enumerate(calculator.atoms.symbols):
    if symbol == "O":
        density = states.raw_pdos(energies, a=atom, l=1, width=0.1)
        centres.append((density * energies).sum() / density.sum() - top)
print(json.dumps(centres))
"""
