"""atomate2's powerups on this package's flows: each acts, or is refused by its name."""

import pytest
from atomate2.vasp import powerups
from atomate2.vasp.jobs.core import StaticMaker
from engines_by_name import engine_of
from jobflow import Flow, Maker
from pymatgen.io.vasp import Kpoints

from llo_dft.engines.base import CalculationMaker, EngineError, MagneticMaker, ProgramMaker
from llo_dft.engines.registry import engine_from
from llo_dft.jobs.calculate import calculate
from llo_dft.recipe import EngineChoice
from llo_dft.study.run_study import make_flow


def _makers(flow):
    """The makers of a flow's calculations."""
    return [
        arg for job, _ in flow.iterflow() for arg in job.function_args if isinstance(arg, Maker)
    ]


@pytest.fixture(scope="module")
def flow(plan, tmp_path_factory):
    return make_flow(plan, engine_of("vasp"), tmp_path_factory.mktemp("calculations"))


def test_tags_reach_every_calculation_of_a_flow_and_leave_the_first_as_it_was(flow, plan):
    changed = powerups.update_user_incar_settings(flow, {"NCORE": 4, "ADDGRID": True})
    asked = {"NCORE": 4, "ADDGRID": True}
    vasp = _makers(changed)
    assert len(vasp) == plan.n_calculations
    assert all(maker.values["incar"] == asked for maker in vasp)
    assert vasp[0].settings()["incar"] == {"ADDGRID": True}
    assert all("incar" not in maker.values for maker in _makers(flow))
    again = powerups.update_user_incar_settings(changed, {"KPAR": 2})
    assert _makers(again)[0].values["incar"] == {**asked, "KPAR": 2}


def test_a_filter_chooses_the_kind_and_none_takes_a_tag_out(flow):
    changed = powerups.update_user_incar_settings(flow, {"KPAR": 2}, name_filter="bulk_relax")
    with_tag = {maker.kind for maker in _makers(changed) if "incar" in maker.values}
    assert with_tag == {"bulk_relax"}
    maker = engine_of("vasp").maker("slab_relax")
    left = powerups.update_user_incar_settings(maker, {"AMIX": None})
    assert left.values["incar"] == {"AMIX": None}


def test_what_the_protocol_owns_is_refused(flow):
    with pytest.raises(EngineError, match="incar_settings: ENCUT = 400 is not accepted"):
        powerups.update_user_incar_settings(flow, {"ENCUT": 400})


@pytest.mark.parametrize(
    ("powerup", "argument", "message"),
    [
        ("update_user_potcar_settings", {"Mn": "Mn"}, "update_user_potcar_settings"),
        ("update_user_potcar_functional", "PBE_52", "update_user_potcar_functional"),
        ("update_user_kpoints_settings", {"grid_density": 9}, "take engine.overrides.k_spacing"),
        ("update_user_kpoints_settings", Kpoints(), "update_user_kpoints_settings"),
        ("use_auto_ispin", True, "use_auto_ispin"),
        ("update_vasp_custodian_handlers", ("one",), "update_vasp_custodian_handlers"),
        ("add_metadata_to_flow", {"project": "mine"}, "take jobflow's flow.update_metadata"),
        (
            "update_vasp_input_generators",
            {"input_set_generator->vdw": "optB88"},
            r"update_vasp_input_generators \(vdw\) does not act",
        ),
        (
            "update_vasp_input_generators",
            {"input_set_generator": StaticMaker().input_set_generator},
            "input_set_generator = .* is not accepted",
        ),
    ],
)
def test_every_other_powerup_is_refused_by_its_name(plan, tmp_path, powerup, argument, message):
    maker = engine_of("vasp").maker("bulk_relax")
    small = Flow([calculate(plan.bulk, maker, "bulk", str(tmp_path))])
    with pytest.raises(EngineError, match=message):
        getattr(powerups, powerup)(small, argument)


def test_no_powerup_of_atomate2_is_left_out():
    """A new one would act on nothing without a word: then this test names it."""
    ours = {
        "update_vasp_input_generators",
        "update_user_incar_settings",
        "update_user_potcar_settings",
        "update_user_potcar_functional",
        "update_user_kpoints_settings",
        "use_auto_ispin",
        "add_metadata_to_flow",
        "update_vasp_custodian_handlers",
    }
    theirs = {
        name
        for name, found in vars(powerups).items()
        if callable(found) and found.__module__ == powerups.__name__
    }
    assert theirs == ours


def test_tags_reach_the_program_behind_a_potential_too(plan, tmp_path):
    choice = EngineChoice(name="vasp", protocol="balanced", pre_relax=EngineChoice(name="chgnet"))
    flow = make_flow(plan, engine_from(choice), tmp_path)
    changed = powerups.update_user_incar_settings(flow, {"NCORE": 4})
    relaxing = [maker for maker in _makers(changed) if hasattr(maker, "then")]
    assert relaxing
    assert all(maker.then.values["incar"] == {"NCORE": 4} for maker in relaxing)
    assert all("incar" not in maker.first.settings() for maker in relaxing)


def test_the_maker_is_an_engines_and_has_no_job_of_its_own(plan):
    maker = engine_of("vasp").maker("static")
    for protocol in (CalculationMaker, MagneticMaker, ProgramMaker):
        assert isinstance(maker, protocol)
    assert maker.held_to("6.4").version == "6.4"
    with pytest.raises(EngineError, match="makes no job by itself"):
        maker.make(plan.slab)
