"""What the stand-in writes, read by pymatgen, emmet and the package: the same numbers."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pymatgen.core import Structure
from pymatgen.electronic_structure.core import Spin
from pymatgen.io.vasp.outputs import Eigenval, Oszicar, Outcar, Vasprun, Xdatcar
from vasp_inputs import RELAX, STATIC, oxide, oxygen, write_inputs

from llo_dft.engines.vasp.files.file_errors import MARK, is_marked
from llo_dft.engines.vasp.files.outcar import read_outcar
from llo_dft.engines.vasp.files.vasprun.read_vasprun import ProjectionRequest, read_vasprun

if TYPE_CHECKING:
    from pathlib import Path

    from llo_dft.testing.standin import StandIn

#: Valence electrons of Li4 Mn2 O6 with Li_sv, Mn_pv and O.
N_ELECTRONS = 4 * 3 + 2 * 13 + 6 * 6


def pymatgen_vasprun(folder: Path) -> Vasprun:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Vasprun(folder / "vasprun.xml", parse_potcar_file=False)


@pytest.mark.parametrize("name", ["relaxed", "static", "molecule", "metal"])
def test_every_reader_finds_the_same_numbers(name: str, request: pytest.FixtureRequest):
    folder = request.getfixturevalue(name)
    ours = read_vasprun(folder / "vasprun.xml", eigenvalues=True, dos=True)
    theirs = pymatgen_vasprun(folder)
    outcar, oszicar = Outcar(folder / "OUTCAR"), Oszicar(folder / "OSZICAR")
    assert ours.problems == ()
    fixed = ours.incar.get("NUPDOWN", -1) >= 0
    assert [note for note in ours.notes if "E_F is not used" not in note] == []
    assert bool(ours.fermi_problem) == fixed
    assert theirs.converged
    assert ours.energy_ev == theirs.final_energy == outcar.final_energy
    assert oszicar.final_energy == pytest.approx(ours.energy_ev, rel=1e-7)
    assert ours.total_dos.fermi_ev == theirs.efermi == pytest.approx(outcar.efermi, abs=1e-4)
    assert len(ours.steps) == len(theirs.ionic_steps) == len(oszicar.ionic_steps)
    assert len(Xdatcar(folder / "XDATCAR").structures) == len(ours.steps)
    mine, other = ours.steps[-1], theirs.ionic_steps[-1]
    assert np.array_equal(mine.forces_ev_per_angstrom, other["forces"])
    assert np.array_equal(mine.stress_kbar, other["stress"])
    assert outcar.nelect == theirs.parameters["NELECT"]
    table = Eigenval(folder / "EIGENVAL").eigenvalues
    assert np.allclose(table[Spin.up][..., 0], ours.eigenvalues.energies_ev[0], atol=1e-4)


def test_emmet_makes_a_document_of_the_folder(relaxed: Path):
    from emmet.core.tasks import TaskDoc

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        document = TaskDoc.from_directory(relaxed)
    ours = read_vasprun(relaxed / "vasprun.xml")
    assert document.state.value == "successful"
    assert document.output.energy == ours.energy_ev
    assert document.calc_type.value == "PBE+U Structure Optimization"
    assert document.input.hubbards == {"Li": 0.0, "Mn": 3.9, "O": 0.0}
    moments = read_outcar(relaxed / "OUTCAR").moments_mu_b
    assert document.structure.site_properties["magmom"] == list(moments)
    assert not document.analysis.warnings
    assert is_marked(document.vasp_version)


def test_contcar_has_all_digits_of_the_last_step(relaxed: Path):
    structure = Structure.from_file(relaxed / "CONTCAR")
    final = read_vasprun(relaxed / "vasprun.xml").final
    assert np.abs(structure.lattice.matrix - final.lattice_angstrom).max() < 1e-8
    decimals = (relaxed / "CONTCAR").read_text().splitlines()[8].split()[0].partition(".")[2]
    assert len(decimals) == 16
    assert (relaxed / "CONTCAR").read_text() != (relaxed / "POSCAR").read_text()


def test_going_on_from_contcar_starts_where_it_ended(relaxed: Path, vasp: StandIn, tmp_path: Path):
    write_inputs(tmp_path, oxide(), STATIC, hubbard=True)
    (tmp_path / "POSCAR").write_text((relaxed / "CONTCAR").read_text())
    vasp.run(tmp_path)
    again, before = (read_vasprun(f / "vasprun.xml").energy_ev for f in (tmp_path, relaxed))
    assert again == pytest.approx(before, abs=2e-8)
    assert (tmp_path / "CONTCAR").read_text().splitlines()[0].count(MARK) == 1


def test_densities_of_states_add_up_to_the_electrons(static: Path):
    run = read_vasprun(
        static / "vasprun.xml", eigenvalues=True, projection=ProjectionRequest("p", "O")
    )
    total, partial = run.total_dos, run.projected_dos
    at_fermi = np.searchsorted(total.energies_ev, total.fermi_ev)
    assert total.integrated[:, at_fermi].sum() == pytest.approx(N_ELECTRONS, abs=1e-3)
    step = np.ptp(total.energies_ev) / (len(total.energies_ev) - 1)
    below = total.density[:, : at_fermi + 1].sum() * step
    assert below == pytest.approx(N_ELECTRONS, abs=0.01)
    # three p orbitals of two spins of each O, four fifths of them within the spheres
    assert partial.density.sum() * step == pytest.approx(0.8 * 6 * 3 * 2, rel=0.01)
    assert (partial.density.sum(axis=0) <= total.density + 1e-3).all()
    weights = run.header.kpoints.weights
    filled = run.eigenvalues.occupations.sum(axis=2) @ weights
    assert filled.tolist() == [N_ELECTRONS / 2 + 3, N_ELECTRONS / 2 - 3]  # two Mn4+


def test_the_d_states_of_manganese_lie_where_its_moment_has_them(static: Path):
    dos = pymatgen_vasprun(static).complete_dos
    shares = {str(kind): one for kind, one in dos.get_element_spd_dos("Mn").items()}
    assert sorted(shares) == ["d", "p", "s"]
    filled = dos.energies <= dos.efermi
    step = dos.energies[1] - dos.energies[0]
    up, down = (shares["d"].densities[spin][filled].sum() * step for spin in (Spin.up, Spin.down))
    assert up == pytest.approx(0.8 * 2 * 3, rel=0.02)  # three of each Mn4+, within its sphere
    assert down == pytest.approx(0, abs=0.02)


def test_moments_are_the_formal_ones_of_manganese_and_oxygen(static: Path, molecule: Path):
    *_, first, second = read_outcar(static / "OUTCAR").moments_mu_b[:6]
    assert first == second == pytest.approx(3, abs=0.25)
    outcar = Outcar(molecule / "OUTCAR")
    assert outcar.total_mag == 2
    assert [m["tot"] for m in outcar.magnetization] == pytest.approx([0.93, 0.93])


def test_an_antiferromagnet_stays_one(vasp: StandIn, tmp_path: Path):
    structure = oxide()
    structure.add_site_property("magmom", [0.0] * 4 + [5.0, -5.0] + [0.0] * 6)
    vasp.run(write_inputs(tmp_path, structure, STATIC))
    outcar = Outcar(tmp_path / "OUTCAR")
    assert outcar.total_mag == 0
    moments = [m["tot"] for m in outcar.magnetization][4:6]
    assert moments == pytest.approx([2.79, -2.79], abs=2e-3)


def test_lithium_is_a_metal_and_an_oxide_is_none(metal: Path, static: Path):
    for folder, expected in ((metal, True), (static, False)):
        bands = pymatgen_vasprun(folder).get_band_structure(efermi="smart")
        assert bands.is_metal() is expected
    run = read_vasprun(metal / "vasprun.xml", eigenvalues=True)
    filled = run.eigenvalues.occupations
    assert ((filled > 0.05) & (filled < 0.95)).any()
    electrons = (filled.sum(axis=2) @ run.header.kpoints.weights).sum()
    assert electrons == pytest.approx(6, abs=2e-3)  # Li_sv, twice
    assert run.steps[-1].free_energy_ev < run.energy_ev


def test_one_without_spin_has_no_moments(vasp: StandIn, tmp_path: Path):
    vasp.run(write_inputs(tmp_path, oxide(), STATIC | {"ISPIN": 1}))
    run = read_vasprun(tmp_path / "vasprun.xml", eigenvalues=True, dos=True)
    assert len(run.eigenvalues.occupations) == 1
    at_fermi = np.searchsorted(run.total_dos.energies_ev, run.fermi_ev)
    assert run.total_dos.integrated[0, at_fermi] == pytest.approx(N_ELECTRONS, abs=1e-3)
    assert read_outcar(tmp_path / "OUTCAR").moments_mu_b is None


def test_selective_dynamics_holds_atoms_and_is_written(vasp: StandIn, tmp_path: Path):
    structure = oxide(0.08)
    structure.add_site_property("selective_dynamics", [[True] * 3] * 8 + [[False] * 3] * 4)
    vasp.run(write_inputs(tmp_path, structure, RELAX))
    run = read_vasprun(tmp_path / "vasprun.xml")
    assert run.convergence.ionic
    assert len(run.steps) > 3
    forces = np.linalg.norm(run.steps[-1].forces_ev_per_angstrom, axis=1)
    assert forces[:8].max() <= 0.03 < forces[8:].max()  # those that are held still feel some
    final = Structure.from_file(tmp_path / "CONTCAR")
    moved = np.abs(_moved(structure, final))
    assert moved[8:].max() < 1e-12
    assert moved[:8].max() > 1e-3
    flags = np.array(final.site_properties["selective_dynamics"][7:9])
    assert flags.tolist() == [[True] * 3, [False] * 3]
    assert np.array_equal(run.steps[-1].movable[7:9], [[1, 1, 1], [0, 0, 0]])


def test_single_directions_are_held_along_lattice_vectors(vasp: StandIn, tmp_path: Path):
    structure = oxygen()
    structure.translate_sites([0], [0.02, 0.03, 0.02])
    structure.add_site_property("selective_dynamics", [[True, False, True], [False] * 3])
    vasp.run(write_inputs(tmp_path, structure, RELAX, kpoints=(1, 1, 1)))
    moved = np.abs(_moved(structure, Structure.from_file(tmp_path / "CONTCAR")))
    assert moved[0, 1] < 1e-12
    assert moved[0, 2] > 1e-3
    assert moved[1].max() < 1e-12
    assert read_vasprun(tmp_path / "vasprun.xml").convergence.ionic


def _moved(before: Structure, after: Structure) -> np.ndarray:
    moved = after.frac_coords - before.frac_coords
    return moved - np.rint(moved)


def test_the_cell_moves_with_isif_3_alone(relaxed: Path, vasp: StandIn, tmp_path: Path):
    vasp.run(write_inputs(tmp_path, oxide(), RELAX | {"ISIF": 0}, hubbard=True))
    start = Structure.from_file(tmp_path / "POSCAR").lattice.matrix
    held = read_vasprun(tmp_path / "vasprun.xml")
    assert np.abs(held.final.lattice_angstrom - start).max() < 1e-7
    assert held.steps[-1].stress_kbar is None  # not computed
    moved = read_vasprun(relaxed / "vasprun.xml")
    assert np.abs(moved.final.lattice_angstrom - start).max() > 0.01
    assert moved.energy_ev < held.energy_ev
    pressure = np.trace(moved.steps[-1].stress_kbar) / 3
    assert abs(pressure) < 5


@pytest.mark.parametrize(("strain", "sign"), [(-0.05, 1), (0.05, -1)])
def test_a_cell_that_is_too_small_wants_to_grow(vasp: StandIn, tmp_path: Path, strain, sign):
    structure = oxide()
    structure.apply_strain(strain)
    vasp.run(write_inputs(tmp_path, structure, STATIC | {"LCHARG": False, "NEDOS": 51}))
    kbar = read_vasprun(tmp_path / "vasprun.xml").steps[-1].stress_kbar
    assert sign * np.trace(kbar) > 100


def test_the_settings_that_were_asked_for_are_echoed(static: Path):
    run = read_vasprun(static / "vasprun.xml")
    assert run.incar["LDAUU"] == run.parameters["LDAUU"] == [0.0, 3.9, 0.0]
    assert run.incar["MAGMOM"] == run.parameters["MAGMOM"]
    assert run.parameters["NBANDS"] == 52  # (74 + 2) / 2 + 12 / 2 + (16 + 1) // 2
    assert run.fingerprint.functional == "PBE+U"
    assert run.fingerprint.cutoff_ev == 520
    assert [kind.n_valence for kind in run.header.species] == [3, 13, 6]


def test_core_levels_and_the_vacuum_are_there_on_request(static: Path, relaxed: Path):
    asked, plain = read_outcar(static / "OUTCAR"), read_outcar(relaxed / "OUTCAR")
    assert len(asked.core_levels_ev) == 12
    assert asked.core_levels_ev[-1] == {"1s": -512.0}
    assert asked.vacuum_levels_ev is not None
    assert plain.core_levels_ev == ()
    assert plain.vacuum_levels_ev is None


@pytest.mark.parametrize("ordinary", ["INCAR", "POSCAR", "KPOINTS", "POTCAR.spec", "WAVECAR"])
def test_every_file_holds_the_mark(static: Path, ordinary: str):
    assert ordinary in {path.name for path in static.iterdir()}
    inputs = {"INCAR", "POSCAR", "KPOINTS", "POTCAR.spec"}
    written = {path.name for path in static.iterdir()} - inputs
    # OSZICAR has no place for words, and nothing reads results from it alone
    unmarked = {name for name in written if not is_marked((static / name).read_bytes())}
    assert unmarked == {"OSZICAR"}
    assert read_vasprun(static / "vasprun.xml").mock
    assert read_outcar(static / "OUTCAR").mock


def test_a_static_run_leaves_what_incar_asks_for(static: Path, relaxed: Path):
    names = {path.name for path in static.iterdir()}
    assert {"CHGCAR", "LOCPOT", "AECCAR0", "AECCAR2", "WAVECAR"} <= names
    assert not {"CHGCAR", "LOCPOT", "WAVECAR"} & {path.name for path in relaxed.iterdir()}
