import numpy as np
import pytest
from run_folders import outcar_of, run_folder

from llo_dft.engines.vasp.files.file_errors import MARK
from llo_dft.engines.vasp.files.vasprun.read_vasprun import VaspFileError
from llo_dft.engines.vasp.finished_calculation import VaspElectrons, read_back
from llo_dft.errors import InputError
from llo_dft.testing import vasprun_writer
from llo_dft.testing.vasprun_writer import Run


def test_states_are_those_of_one_run_with_the_levels_of_its_outcar(tmp_path):
    run = Run()
    states = VaspElectrons(run_folder(tmp_path, "run", run, outcar_of(6))).states("O", "p")
    assert list(states.sites) == [3, 4, 5]
    assert states.density.shape == (3, 2, run.n_energies)
    assert states.energies_ev.shape == (run.n_energies,)
    assert states.eigenvalues_ev.shape == states.occupations.shape
    filled = states.eigenvalues_ev[states.occupations > 0.5]
    assert filled.max() <= states.fermi_ev + 1e-6
    assert states.fermi_ev == pytest.approx(run.fermi, abs=1e-6)
    assert len(states.core_levels_ev) == len(states.structure) == 6
    assert states.vacuum_levels_ev is not None
    assert (states.problems, states.mock) == ((), False)


def test_without_an_outcar_only_its_levels_are_missing(tmp_path):
    states = VaspElectrons(run_folder(tmp_path, "run", Run())).states("O", "p")
    assert (states.vacuum_levels_ev, states.core_levels_ev, states.problems) == (None, (), ())


def test_a_damaged_outcar_is_a_problem_and_not_the_end(tmp_path):
    folder = run_folder(tmp_path, "run", Run(), outcar_of(6)[:-200])
    states = VaspElectrons(folder).states("O", "p")
    assert (states.core_levels_ev, bool(states.problems)) == ((), True)


def test_core_levels_of_another_run_are_not_taken(tmp_path):
    states = VaspElectrons(run_folder(tmp_path, "run", Run(), outcar_of(5))).states("O", "p")
    assert states.core_levels_ev == ()


def test_what_is_not_there_is_named(tmp_path):
    electrons = VaspElectrons(run_folder(tmp_path, "run", Run()))
    with pytest.raises(InputError, match="no atom of P"):
        electrons.states("P", "p")
    with pytest.raises(InputError, match="CHGCAR"):
        _ = electrons.density
    with pytest.raises(InputError, match="LOCPOT"):
        _ = electrons.potential
    loose = run_folder(tmp_path, "loose", Run(settings={"NELM": ("int", "     4")}))
    with pytest.raises(InputError, match="unconverged"):
        VaspElectrons(loose).states("O", "p")


def run_in(folder, **fields):
    """A folder with a small vasprun.xml."""
    text = vasprun_writer.text(vasprun_writer.Run(**fields))
    (folder / "vasprun.xml").write_text(text, encoding="latin-1")
    return text


def test_settings_energy_and_structure_are_those_of_the_file(tmp_path):
    run_in(tmp_path, u_values={"Mn": 3.9})
    found = read_back(tmp_path)
    assert found.fingerprint.engine_version == "6.4.2"
    assert found.fingerprint.u_values_ev == {"Mn": 3.9}
    assert found.energy_ev is not None
    assert np.isfinite(found.energy_ev)
    assert "Mn" in found.structure.symbol_set
    assert (found.problems, found.mock, found.magmoms_mu_b) == ((), False, None)


def test_only_version_k_spacing_and_what_hardly_counts_are_left_to_the_run(tmp_path):
    run_in(tmp_path)
    of_the_run = {"engine_version", "k_spacing_per_angstrom", "other_settings"}
    assert set(read_back(tmp_path).of_the_run) == of_the_run


def test_a_run_that_did_not_converge_has_a_problem(tmp_path):
    run_in(tmp_path, n_electronic=60)
    assert read_back(tmp_path).problems == ("not converged: 60 steps, and NELM is 60",)


def test_a_stand_ins_file_is_known_by_its_mark(tmp_path):
    text = run_in(tmp_path)
    (tmp_path / "vasprun.xml").write_text(text.replace("6.4.2", f"6.4.2 {MARK}"), "latin-1")
    assert read_back(tmp_path).mock


def test_a_missing_or_damaged_file_is_an_error(tmp_path):
    with pytest.raises(VaspFileError, match="no vasprun"):
        read_back(tmp_path)
    text = run_in(tmp_path)
    (tmp_path / "vasprun.xml").write_text(text[: len(text) // 2], encoding="latin-1")
    with pytest.raises(VaspFileError, match="vasprun"):
        read_back(tmp_path)
