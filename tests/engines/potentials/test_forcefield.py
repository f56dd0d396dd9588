import importlib.util
import json
import re

import numpy as np
import pytest
from monty.json import MontyDecoder, MontyEncoder
from pymatgen.core import Lattice, Structure

pytest.importorskip("chgnet", reason="the chgnet extra is not installed")

from engines_by_name import engine_of

from llo_dft.engines.base import CalculationMaker, EngineError
from llo_dft.engines.potentials import known_potentials as potentials
from llo_dft.engines.potentials.forcefield import _ROUNDING_OF_LOGM, resolve_device
from llo_dft.errors import CalculationError


def maker_of(kind, **overrides):
    return engine_of("chgnet", **overrides).maker(kind)


def test_a_slab_relaxation_keeps_the_cell_and_the_order_of_atoms(small_oxide, tmp_path):
    outcome = maker_of("slab_relax").calculate(small_oxide, tmp_path)
    np.testing.assert_array_equal(outcome.structure.lattice.matrix, small_oxide.lattice.matrix)
    assert outcome.structure.species == small_oxide.species
    assert outcome.max_force_ev_per_angstrom <= 0.10
    assert len(outcome.magmoms_mu_b) == len(small_oxide)
    assert outcome.n_evaluations > outcome.n_steps > 0
    assert (tmp_path / "relaxation.traj").is_file()


def test_a_rattle_leaves_the_symmetry_of_the_start_and_the_lower_one_counts(tmp_path):
    box = Lattice.orthorhombic(8, 9, 10)
    line = Structure(box, ["O"] * 3, [[x, 0.5, 0.5] for x in (0.3, 0.5, 0.7)])
    straight = maker_of("slab_relax", force_tolerance=0.02).calculate(line, tmp_path)
    assert straight.rattle_gain_ev is None
    assert straight.structure.get_angle(0, 1, 2) == pytest.approx(180.0, abs=0.1)
    bent = maker_of("slab_relax", force_tolerance=0.02, rattle=0.1).calculate(line, tmp_path)
    # ozone: 116.8 degrees by experiment
    assert bent.structure.get_angle(0, 1, 2) == pytest.approx(116.8, abs=5.0)
    assert bent.rattle_gain_ev == pytest.approx(straight.energy_ev - bent.energy_ev)
    assert bent.rattle_gain_ev > 1.0
    assert bent.n_evaluations > straight.n_evaluations
    assert (tmp_path / "rattled.traj").is_file()


def test_a_rattle_that_ends_higher_is_not_taken(small_oxide, tmp_path):
    maker = maker_of("slab_relax", force_tolerance=0.05, rattle=0.1)
    outcome = maker.calculate(small_oxide, tmp_path)
    alone = maker_of("slab_relax", force_tolerance=0.05).calculate(small_oxide, tmp_path)
    assert outcome.energy_ev == min(alone.energy_ev, alone.energy_ev - outcome.rattle_gain_ev)
    assert outcome.structure.species == small_oxide.species


def test_only_slabs_are_rattled_and_the_seed_is_part_of_the_key(small_oxide, tmp_path):
    bulk = maker_of("bulk_relax", rattle=0.1).calculate(small_oxide, tmp_path)
    assert bulk.rattle_gain_ev is None
    assert maker_of("slab_relax").settings() != maker_of("slab_relax", rattle_seed=1).settings()


def test_a_bulk_relaxation_moves_the_cell_to_lower_energy(small_oxide, tmp_path):
    strained = small_oxide.copy()
    strained.apply_strain([-0.04, -0.04, 0.0])
    fixed = maker_of("slab_relax").calculate(strained, tmp_path)
    free = maker_of("bulk_relax").calculate(strained, tmp_path)
    assert free.energy_ev < fixed.energy_ev - 0.05
    assert free.structure.volume > strained.volume


@pytest.mark.parametrize(("error", "is_rounding"), [("4.0e-13", True), ("2e-03", False)])
def test_only_the_rounding_of_a_strains_logarithm_is_kept_quiet(error, is_rounding):
    said = f"logm result may be inaccurate, approximate err = {error}"
    assert bool(re.match(_ROUNDING_OF_LOGM, said)) is is_rounding


def test_too_few_steps_is_a_failure_that_names_force_and_limit(small_oxide, tmp_path):
    maker = maker_of("slab_relax", max_steps=2, force_tolerance=0.001)
    with pytest.raises(
        CalculationError, match=r"not converged after 2 steps: largest force .* at most 0\.001"
    ):
        maker.calculate(small_oxide, tmp_path)


def test_a_maker_goes_through_json_unchanged():
    maker = maker_of("slab_relax", force_tolerance=0.07)
    again = json.loads(json.dumps(maker, cls=MontyEncoder), cls=MontyDecoder)
    assert again == maker
    assert isinstance(again, CalculationMaker)


def test_settings_and_fingerprint_tell_calculations_apart(small_oxide):
    assert maker_of("slab_relax").settings() != maker_of("bulk_relax").settings()
    assert maker_of("slab_relax").settings() != maker_of("slab_relax", max_steps=7).settings()
    fingerprint = maker_of("slab_relax").fingerprint(small_oxide)
    assert (fingerprint.engine, fingerprint.model) == ("chgnet", "r2scan")
    older = engine_of("chgnet", model="0.3.0").maker("slab_relax").fingerprint(small_oxide)
    assert (older.engine, older.model) == ("chgnet", "0.3.0")
    assert older.functional != fingerprint.functional
    assert older.settings != fingerprint.settings  # of other weights


def test_a_missing_package_is_refused_with_the_command_that_installs_it(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(potentials, "find_spec", lambda n: None if n == "chgnet" else real(n))
    with pytest.raises(EngineError, match=r"pip install 'llo-dft\[chgnet\]'"):
        engine_of("chgnet").check([])


def test_auto_takes_a_device_that_is_there(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == "cuda"


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineError, match=r'engine\.device = "cuda", but torch finds none'):
        resolve_device("cuda")


def test_nothing_is_fetched_from_the_network(small_oxide, tmp_path, monkeypatch):
    import socket

    def refuse(*_args, **_kwargs):
        raise AssertionError("the engine tried to reach the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    from llo_dft.engines.potentials.chgnet import load_model

    load_model.cache_clear()
    outcome = maker_of("slab_relax", force_tolerance=2.0).calculate(small_oxide, tmp_path)
    assert outcome.n_evaluations >= 1


def test_sevenn_runs_with_the_weights_of_its_wheel(small_oxide, tmp_path):
    pytest.importorskip("sevenn", reason="the sevenn extra is not installed")
    maker = engine_of("sevenn", force_tolerance=1.0).maker("slab_relax")
    outcome = maker.calculate(small_oxide, tmp_path)
    assert outcome.magmoms_mu_b is None
    assert outcome.max_force_ev_per_angstrom <= 1.0
    assert maker.fingerprint(small_oxide).engine == "sevenn"


def test_a_potential_that_only_atomate2_knows_is_taken_but_not_called_supported():
    potential = potentials.known_potential("MACE-MP-0")
    assert not potential.supported
    assert set(potential.oxygen.refused) == {"wang2006", "mp2020", "potential"}


def test_every_name_that_is_taken_is_one_of_atomate2s():
    from atomate2.forcefields import MLFF

    names = {member.value for member in MLFF}
    assert set(potentials.OTHER_MODULES) <= names
    assert {one.atomate2_name for one in potentials.POTENTIALS["sevenn"]} <= names
