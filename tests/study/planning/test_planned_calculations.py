import json

import numpy as np
import pytest

from llo_dft.engines.base import EngineError
from llo_dft.engines.potentials.forcefield import ForceFieldEngine
from llo_dft.engines.vasp.vasp_engine import VaspEngine
from llo_dft.study.dry_inputs import _after_time_reversal, write_inputs
from llo_dft.study.planning.planned_calculations import check_engine, planned_calculations


def test_every_label_has_its_kind_and_structure(plan):
    found = planned_calculations(plan)
    assert [one.label for one in found] == plan.labels
    kinds = {one.label: one.kind for one in found}
    assert (kinds["O2"], kinds["Li"], kinds["bulk"]) == (
        "molecule_relax",
        "bulk_relax",
        "bulk_relax",
    )
    slabs = [one for one in found if one.kind == "slab_relax"]
    assert len(slabs) == len(found) - 3
    host = plan.hosts[-1]
    emptied = next(one for one in found if one.label == host.label)
    assert len(emptied.structure) == len(plan.slab) - len(host.removed)


def test_an_engine_is_held_against_every_structure_of_the_plan(plan):
    check_engine(VaspEngine("fast", {}), plan, machine=False)
    with pytest.raises(EngineError, match="names Fe, which this study does not have"):
        check_engine(VaspEngine("fast", {"u_values_ev": {"Fe": 5}}), plan, machine=False)
    check_engine(VaspEngine("fast", {"magnetic_order": "rows"}), plan, machine=False)


def test_a_machine_without_vasp_is_refused_only_if_it_is_to_run_here(plan, monkeypatch):
    monkeypatch.setenv("ATOMATE2_VASP_CMD", "not_there")
    with pytest.raises(EngineError, match="'not_there' is not found here"):
        check_engine(VaspEngine("fast", {}), plan)


def test_an_engine_with_nothing_to_check_is_taken_as_it_is(plan):
    check_engine(ForceFieldEngine("chgnet", "fast", "cpu", {}), plan)


def test_inputs_of_a_study_are_complete_and_hold_no_pseudopotential(plan, tmp_path):
    from pymatgen.io.vasp.inputs import Incar, Poscar

    size = write_inputs(plan, VaspEngine("fast", {}), tmp_path)
    assert size == json.loads((tmp_path / "inputs" / "estimate.json").read_text(encoding="utf-8"))
    assert size["n_calculations"] == plan.n_calculations
    assert size["n_runs"] == plan.n_calculations + 2  # bulk and Li have two stages
    for run in size["runs"]:
        folder = tmp_path / run["folder"]
        assert sorted(path.name for path in folder.iterdir()) == [
            "INCAR",
            "KPOINTS",
            "POSCAR",
            "POTCAR.spec",
        ]
        structure = Poscar.from_file(folder / "POSCAR", check_for_potcar=False).structure
        assert len(structure) == run["n_ions"]
    runs = {(run["calculation"], run["stage"]): run for run in size["runs"]}
    assert runs["O2", "relax"]["n_electrons"] == 12
    pristine = runs[plan.hosts[0].label, "relax"]
    counts = plan.slab.composition.get_el_amt_dict()
    valence = {"Li": 3, "Mn": 13, "Ni": 16, "Co": 9, "O": 6}
    assert pristine["n_electrons"] == sum(valence[e] * n for e, n in counts.items())
    assert Incar.from_file(tmp_path / pristine["folder"] / "INCAR")["LDIPOL"]
    assert pristine["n_bands"] * 2 > pristine["n_electrons"]
    assert runs["bulk", "cell"]["n_plane_waves"] > runs["bulk", "energy"]["n_plane_waves"]


@pytest.mark.parametrize("mesh", [(1, 1, 1), (2, 1, 1), (4, 2, 1), (3, 3, 3), (6, 3, 6), (5, 4, 1)])
def test_time_reversal_halves_the_mesh_but_for_its_own_opposites(mesh):
    points = {tuple(p) for p in np.array(list(np.ndindex(*mesh))).tolist()}
    kept = {min(p, tuple((-np.array(p)) % mesh)) for p in points}
    assert _after_time_reversal(mesh) == len({tuple(int(i) for i in p) for p in kept})
