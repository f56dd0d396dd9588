import pytest
from run_folders import outcar_of, run_folder

from llo_dft.engines.vasp.electrons import VaspElectrons
from llo_dft.errors import InputError
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
