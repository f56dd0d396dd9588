"""INCAR tags of the user's own: taken, or refused by name with what serves instead."""

import pytest
from atomate2 import SETTINGS

from llo_dft.engines.base import EngineError
from llo_dft.engines.registry import engine_from
from llo_dft.engines.vasp.user_tags import checked_tags, deciding, on_this_machine, told
from llo_dft.errors import InputError
from llo_dft.recipe import EngineChoice, parse_recipe


def _engine(**tags):
    return engine_from(EngineChoice(name="vasp", protocol="fast", incar=tags))


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("ENCUT", "compared under a name that all engines share: .*encut_ev"),
        ("LDAUU", "take engine.overrides.u_values_ev"),
        ("VDW_S8", "kernel, damping .*take engine.overrides.dispersion"),
        ("ISIF", "each kind of calculation has its own"),
        ("NGXF", "each kind of calculation has its own"),
        ("LWAVE", "results are read from"),
        ("ICHARG", "what a calculation begins with"),
    ],
)
def test_a_tag_of_the_protocol_is_refused_with_the_reason(tag, message):
    with pytest.raises(EngineError, match=f"engine.incar: {tag} = 1 is not accepted.*{message}"):
        _engine(**{tag.lower(): 1})


def test_every_tag_that_the_inputs_set_is_refused_unless_it_is_harmless(plan):
    from llo_dft.engines.vasp.incar import incar, stages

    engine = _engine()
    for kind in ("bulk_relax", "slab_relax", "static"):
        for stage in stages(plan.slab, kind):
            for name, value in incar(plan.slab, kind, stage, engine.settings).items():
                if deciding({name: value}):
                    with pytest.raises(EngineError, match=f"{name} = "):
                        checked_tags({name: 1}, "engine.incar")


def test_harmless_tags_are_in_no_key_and_deciding_ones_in_key_and_fingerprint(plan):
    plain, shared = _engine().maker("slab_relax"), _engine(NCORE=4, ALGO="All").maker("slab_relax")
    assert "incar" not in plain.values
    assert shared.settings() == plain.settings()
    assert shared.fingerprint(plan.slab) == plain.fingerprint(plan.slab)
    finer = _engine(addgrid=True, NCORE=4, GGA_COMPAT=False).maker("slab_relax")
    assert finer.settings()["incar"] == {"ADDGRID": True, "GGA_COMPAT": False}
    found = finer.fingerprint(plan.slab)
    assert found.settings["ADDGRID"] is True
    assert found.other_settings["GGA_COMPAT"] is False


def test_the_recipe_without_tags_is_stored_as_before_and_other_engines_take_none():
    assert "incar" not in EngineChoice(name="vasp").model_dump(mode="json")
    assert EngineChoice(name="vasp", incar={"NCORE": 4}).model_dump()["incar"] == {"NCORE": 4}
    with pytest.raises(EngineError, match=r"has NCORE: engine chgnet reads no INCAR"):
        engine_from(EngineChoice(name="chgnet", incar={"NCORE": 4}))
    with pytest.raises(EngineError, match=r"go into the table \[engine.incar\]"):
        engine_from(EngineChoice(name="vasp", overrides={"incar": {"NCORE": 4}}))
    with pytest.raises(EngineError, match="expected a tag of INCAR with a number"):
        _engine(NCORE={"a": 1})
    with pytest.raises(InputError, match=r"engine.incar = 1: .*valid dictionary"):
        parse_recipe({"engine": {"name": "vasp", "incar": 1}}, "mine")


def test_what_build_writes_is_what_run_writes(plan, tmp_path, monkeypatch):
    """Of both, INCAR: with a recipe's tags and with those of atomate2's settings."""
    from pymatgen.io.vasp.inputs import Incar

    from llo_dft.engines.vasp.inputs import input_generator

    monkeypatch.setattr(SETTINGS, "VASP_INCAR_UPDATES", {"NCORE": 8, "KPAR": 2})
    engine = _engine(KPAR=4, ADDGRID=True, AMIX=0.1)
    engine.write_inputs(plan.bulk, "bulk_relax", tmp_path)
    written = Incar.from_file(tmp_path / "cell" / "INCAR")
    assert {name: written[name] for name in ("NCORE", "KPAR", "ADDGRID", "AMIX")} == {
        "NCORE": 8,
        "KPAR": 4,
        "ADDGRID": True,
        "AMIX": 0.1,
    }
    maker = engine.maker("bulk_relax")
    protocol = maker._protocol.model_copy(update={"incar": on_this_machine(maker._protocol.incar)})
    run = input_generator(plan.bulk, "bulk_relax", "cell", protocol)
    assert Incar(run.get_input_set(plan.bulk, potcar_spec=True).incar) == written
    assert "INCAR NCORE = 8: not compared (how the work is shared" in "\n".join(engine.added)
    assert "INCAR ADDGRID = True: decides energies" in "\n".join(told({"ADDGRID": True}))


def test_settings_of_the_machine_that_runs_may_not_change_what_is_computed(monkeypatch):
    monkeypatch.setattr(SETTINGS, "VASP_INCAR_UPDATES", {"NCORE": 8, "ADDGRID": True})
    assert on_this_machine({"ADDGRID": True, "NCORE": 2}) == {"ADDGRID": True, "NCORE": 2}
    with pytest.raises(EngineError, match=r"ADDGRID = True.* the study was made without it"):
        on_this_machine({})
    with pytest.raises(EngineError, match="the study was made with False"):
        on_this_machine({"ADDGRID": False})
    monkeypatch.setattr(SETTINGS, "VASP_INCAR_UPDATES", {"ENCUT": 400})
    with pytest.raises(EngineError, match="INCAR_UPDATES: ENCUT = 400 is not accepted"):
        _engine().maker("static")
