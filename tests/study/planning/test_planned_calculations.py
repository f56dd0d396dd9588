import pytest
from engines_by_name import engine_of

from llo_dft.engines.base import EngineError
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
    check_engine(engine_of("vasp"), plan, machine=False)
    with pytest.raises(EngineError, match="names Fe, which this study does not have"):
        check_engine(engine_of("vasp", u_values_ev={"Fe": 5}), plan, machine=False)
    check_engine(engine_of("vasp", magnetic_order="rows"), plan, machine=False)


def test_a_machine_without_vasp_is_refused_only_if_it_is_to_run_here(plan, monkeypatch):
    monkeypatch.setenv("ATOMATE2_VASP_CMD", "not_there")
    with pytest.raises(EngineError, match="'not_there' is not found here"):
        check_engine(engine_of("vasp"), plan)


def test_an_engine_with_nothing_to_check_is_taken_as_it_is(plan):
    check_engine(engine_of("chgnet"), plan)
