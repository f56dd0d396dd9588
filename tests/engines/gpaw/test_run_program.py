"""How a run of the driver ends, by a stand-in for GPAW."""

from __future__ import annotations

import numpy as np
import pytest
import standin_gpaw

from llo_dft.engines.gpaw.gpaw_program import InstalledGpaw
from llo_dft.engines.gpaw.gpaw_protocols import gpaw_protocol
from llo_dft.engines.gpaw.run_input import run_input
from llo_dft.engines.gpaw.run_program import run_program, same_point
from llo_dft.engines.spring_hessian import spring_hessian
from llo_dft.errors import CalculationError

INSTALLED = InstalledGpaw.model_validate(standin_gpaw.installed())


def given(structure, kind="slab_relax"):
    return run_input(structure, kind, gpaw_protocol("fast", {}), INSTALLED)


def test_the_outcome_has_the_sites_as_they_were_given(plan, tmp_path, monkeypatch):
    standin_gpaw.use(monkeypatch)
    outcome = run_program(plan.slab, given(plan.slab), tmp_path)
    symbols = [site.specie.symbol for site in plan.slab]
    assert outcome.energy_ev == pytest.approx(standin_gpaw.energy_ev(symbols))
    assert [site.specie.symbol for site in outcome.structure] == symbols
    assert outcome.structure.site_properties.keys() == plan.slab.site_properties.keys()
    assert (outcome.n_steps, outcome.n_evaluations) == (3, 4)
    assert outcome.max_force_ev_per_angstrom == pytest.approx(0.01)
    assert {"result_gpaw.json", "input.json"} <= set(outcome.output_files)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("crash", "GPAW ended with exit status 3; its last words: 'MemoryError: no room'"),
        ("unconverged", "not converged"),
    ],
)
def test_what_fails_is_named_and_not_resumed(plan, tmp_path, monkeypatch, fault, message):
    standin_gpaw.use(monkeypatch, fault)
    (tmp_path / "continue").mkdir()
    with pytest.raises(CalculationError, match=message):
        run_program(plan.slab, given(plan.slab), tmp_path)
    assert not (tmp_path / "continue").exists()


def test_what_was_killed_or_stopped_is_resumed(plan, tmp_path, monkeypatch):
    standin_gpaw.use(monkeypatch, "kill")
    with pytest.raises(CalculationError, match=r"killed by SIGKILL .* resumes from its last step"):
        run_program(plan.slab, given(plan.slab), tmp_path)
    assert (tmp_path / "continue/state.json").is_file()
    springs = np.load(tmp_path / "continue/springs_relax.npy")
    np.testing.assert_array_equal(springs, spring_hessian(plan.slab.to_ase_atoms()))
    outcome = run_program(plan.slab, given(plan.slab), tmp_path)
    assert outcome.corrections == ["stopped after step 1, and resumed from there"]
    assert not (tmp_path / "continue").exists()
    standin_gpaw.use(monkeypatch, "steps")
    with pytest.raises(CalculationError, match="stopped for the wall time"):
        run_program(plan.slab, given(plan.slab), tmp_path)
    assert (tmp_path / "continue/state.json").is_file()


def test_an_old_result_is_not_taken_for_that_of_a_run_that_left_none(plan, tmp_path, monkeypatch):
    standin_gpaw.use(monkeypatch)
    run_program(plan.slab, given(plan.slab), tmp_path)
    standin_gpaw.use(monkeypatch, "crash")
    with pytest.raises(CalculationError, match="exit status 3"):
        run_program(plan.slab, given(plan.slab), tmp_path)


def test_a_point_is_taken_over_only_from_one_that_ended_with_just_what_is_asked_for(
    plan, tmp_path, monkeypatch
):
    standin_gpaw.use(monkeypatch)
    outcome = run_program(plan.slab, given(plan.slab), tmp_path)
    asked = given(outcome.structure, "static")
    assert same_point(tmp_path, asked) is None, "it left no electrons"
    (tmp_path / "start").mkdir()
    (tmp_path / "start/electrons.gpw").write_bytes(b"gpw")
    assert same_point(tmp_path, asked) == str(tmp_path / "start/electrons.gpw")
    moved = outcome.structure.copy()
    moved.translate_sites([0], [1e-6, 0, 0])
    finer = run_input(plan.slab, "static", gpaw_protocol("balanced", {}), INSTALLED)
    for other in (given(moved, "static"), finer, given(plan.slab)):
        assert same_point(tmp_path, other) is None
    (tmp_path / "result_gpaw.json").unlink()
    assert same_point(tmp_path, asked) is None
